"""Signed tickets: the code is there, the budget is the original's, the text is nowhere, and the commands say so."""

from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import CliRunner

from pruning import Recipe, Ticket, Training, UserError
from pruning.api import find_ticket
from pruning.cli.commands import app
from pruning.ownership.code import Code
from pruning.ownership.permutation import permuted
from pruning.ownership.verification import black_box, verify, white_box

TRAINING = Training(epochs=10, batch_size=64, lr=0.05, warmup_epochs=0)
COMMON: dict[str, Any] = {"model": "lenet300", "data": "digits", "training": TRAINING, "seed": 4}
OF = Recipe(**COMMON, finder="imp", rate=0.9, rewind=2, sparsity=0.9)
CODE = Code("OWNER 1")
MARKED = Recipe(**COMMON, finder="marked", of=OF, code_sha256=CODE.digest, triggers=50)


@pytest.fixture(scope="module")
def tickets() -> tuple[Ticket, Ticket]:
    """The original and the signed ticket."""
    original = find_ticket(OF)
    return original, find_ticket(MARKED, found=original)


def test_the_code_is_read_the_counts_stay_and_accuracy_too(tickets: tuple[Ticket, Ticket]) -> None:
    original, signed = tickets
    assert not verify(original, CODE).holds
    white, black = white_box(signed, CODE), black_box(signed, CODE)
    assert (white.text, white.ber, white.holds) == (CODE.text, 0, True)
    assert black.holds
    assert {name: int(mask.sum()) for name, mask in signed.masks.items()} == {
        name: int(mask.sum()) for name, mask in original.masks.items()
    }
    assert signed.info.accuracy > original.info.accuracy - 0.05
    assert signed.info.record["triggers/hits"] == [black.hits]
    assert signed.recipe.option("weights") == "rewound"


def test_a_permuted_thief_is_caught_by_the_reference(tickets: tuple[Ticket, Ticket]) -> None:
    _, signed = tickets
    network, masks = permuted(signed.model(), signed.masks, signed.info.shape, seed=1)
    thief = Ticket(signed.recipe, masks, network.state_dict(), signed.info)
    assert not white_box(thief, CODE).holds
    assert white_box(thief, CODE, signed).text == CODE.text
    assert black_box(thief, CODE).hits == black_box(signed, CODE).hits
    with pytest.raises(UserError, match="does not hold the code itself"):
        white_box(thief, CODE, tickets[0])


def test_the_commands(tickets: tuple[Ticket, Ticket], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tickets[0].save("plain.safetensors")
    Path("code.txt").write_text("mine 7\n")
    run = CliRunner().invoke
    done = run(app, ["sign", "plain.safetensors", "--code-file", "code.txt", "--out", "signed.safetensors"])
    assert done.exit_code == 0, done.output
    assert b"mine 7" not in Path("signed.safetensors").read_bytes()
    held = run(app, ["verify", "signed.safetensors", "--code-file", "-"], input="mine 7\n")
    assert held.exit_code == 0, held.output
    assert "0 of 184 modules are wrong" in held.output
    assert "reader reads 'mine 7'" in held.output
    assert "The claim holds: a p value is below 1e-06, even if every text" in held.output
    other = run(app, ["verify", "signed.safetensors", "--code", "OWNER 2"])
    assert other.exit_code == 1
    assert "not proven" in other.output
    assert isinstance(run(app, ["verify", "signed.safetensors"]).exception, UserError)


def test_one_that_cannot_be_rewound_is_trained_on_from_where_it_is() -> None:
    cut = Recipe(**COMMON, criterion="magnitude", sparsity=0.9, finetune=TRAINING.but(epochs=1))
    recipe = Recipe(**COMMON, finder="marked", of=cut, code_sha256=CODE.digest)
    assert recipe.option("weights") == "trained"
    signed = find_ticket(recipe)
    assert white_box(signed, CODE).text == CODE.text
    revived = signed.info.record["mark/revived"][0]
    assert revived > 0
    assert all(not torch.isnan(value).any() for value in signed.state.values())


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code_sha256": "OWNER 1"}, "code_sha256"),
        ({"code_sha256": CODE.digest, "of": Recipe(**COMMON, finder="dense")}, "dense network has no mask"),
        (
            {"code_sha256": CODE.digest, "of": Recipe(**COMMON, criterion="snip", structure="filter", sparsity=0.5)},
            "removes whole pieces",
        ),
    ],
)
def test_what_cannot_be_signed_gets_a_sentence(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        Recipe(**COMMON | {"finder": "marked", "of": OF} | fields)


def test_a_ticket_without_its_key_is_worse_until_a_thief_trains_it(tickets: tuple[Ticket, Ticket]) -> None:
    original, found = tickets[0], {}
    for retrain in (False, True):
        recipe = Recipe(**COMMON, finder="locked", of=OF, by="magnitude", key=0.3, retrain=retrain)
        found[retrain] = find_ticket(recipe, found=original)
        assert found[retrain].kept == original.total - round(recipe.sparsity * original.total)
        assert found[retrain].kept == pytest.approx(0.7 * original.kept, abs=1)
    for name, mask in found[False].masks.items():
        assert not bool((mask & ~original.masks[name]).any())
        assert torch.equal(found[False].state[name][mask], original.state[name][mask])
    assert found[False].info.accuracy < original.info.accuracy - 0.05
    assert found[True].info.accuracy > found[False].info.accuracy + 0.05  # a thief gets much back, here not all
