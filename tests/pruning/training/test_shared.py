"""Several devices that share each batch: the network of one device but for rounding, the same to the bit every time."""

import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pruning import Recipe, Training, find_ticket
from pruning.errors import UserError
from pruning.execution.together import together
from pruning.finders.base import Trainer
from pruning.finders.lineage import find_step
from pruning.finders.shared import find_together
from pruning.training.loop import train
from pruning.training.shared import Group, check_devices
from tests.pruning.training import shared_work


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("images", [1, 4, 7, 10, 128])
def test_parts_are_the_batch_and_their_weights_one(count: int, images: int) -> None:
    rows, groups = torch.randperm(images), [Group(number, count) for number in range(count)]
    parts = [each.part(rows) for each in groups]
    assert sum(each.share(images) for each in groups) == pytest.approx(1)
    if images < 2 * count:
        assert all(torch.equal(part, rows) for part in parts)
    else:
        assert torch.equal(torch.cat(parts), rows)
        assert [each.share(images) for each in groups] == [len(part) / images for part in parts]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes wrote before one of them was killed, which is a sentence."""
    place = tmp_path_factory.mktemp("shared")
    with pytest.raises(UserError, match=r"^One of the 2 processes that work on it together was killed, most likely"):
        together(2, shared_work.train_and_die, str(place))
    return place


def test_two_devices_give_the_network_of_one(done: Path) -> None:
    found = load_file(done / "0.safetensors")
    for kind in ("plain", "normalised"):
        state, curve = shared_work.trained(kind)
        before = shared_work.network(kind)[0].state_dict()
        assert len(state) == (9 if kind == "normalised" else 4)
        for name, value in state.items():
            torch.testing.assert_close(found[name], value, atol=2e-6, rtol=2e-5)
            assert not torch.equal(value, before[name.partition(".")[2]])  # it was trained at all
        if kind == "plain":
            torch.testing.assert_close(found["curve"], torch.tensor(curve, dtype=torch.float64), atol=1e-6, rtol=0)
        for name, mask in shared_work.network(kind)[1].items():
            assert not found[f"{kind}.{name}"][~mask].any()


def test_devices_have_the_same_bits_and_have_them_twice(done: Path) -> None:
    first, second = (load_file(done / f"{number}.safetensors") for number in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert all(torch.equal(first[name], first[f"again.{name}"]) for name in first if name.startswith("plain"))


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux which sockets a process has")
def test_devices_talk_over_loopback_alone(done: Path) -> None:
    for number in range(2):
        heard = (done / f"{number}.txt").read_text().split()
        assert heard
        assert set(heard) <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}


TRAINING = Training(epochs=1, batch_size=101, lr=0.05, warmup_epochs=0, precision="float32")
GRADUAL = Recipe(model="lenet300", data="digits", finder="gmp", criterion="magnitude", sparsity=0.8, training=TRAINING)


def test_a_ticket_of_two_devices_has_the_masks_of_one_and_an_id_of_its_own() -> None:
    shared, told = GRADUAL.but(training=TRAINING.but(devices=2)), []
    assert GRADUAL.but(training=TRAINING.but(devices=1)).id == GRADUAL.id != shared.id
    one = find_ticket(GRADUAL)
    two = find_ticket(shared, lambda fraction, text: told.append(text))
    assert any("training" in text for text in told)
    assert all(torch.equal(one.masks[name], two.masks[name]) for name in one.masks)
    for name, value in one.state.items():
        torch.testing.assert_close(two.state[name], value, atol=2e-6, rtol=2e-5)
    assert two.recipe == shared


def test_what_cannot_be_shared_is_a_sentence() -> None:
    shared = TRAINING.but(devices=3)
    with pytest.raises(UserError, match=r"trains on 3 devices at once, and of 'mps' there is 1 here; run it where"):
        check_devices(3, torch.device("mps"))
    with pytest.raises(UserError, match="The task 'vae' cannot be shared out over 3 devices"):
        find_ticket(Recipe(model="vae_mlp", data="digits", task="vae", finder="dense", training=shared))
    with pytest.raises(UserError, match=r"`devices = 3` of a training is for recipes"):
        train(shared_work.network("plain")[0], shared_work.load_data("digits"), shared, 0)
    trained = Recipe(model="lenet300", data="digits", criterion="snip", score_on="trained", finetune=shared)
    assert trained.devices == 3
    trained = trained.but(training=TRAINING.but(devices=2))
    with pytest.raises(UserError, match="trainings of a recipe have the same number of `devices`"):
        find_together(find_step, trained, {}, Trainer(shared_work.load_data("digits")))
