"""One ticket from a recipe in JSON: the command that the app shows gives the same ticket again."""

import json
import shlex
import sys
from pathlib import Path

import pytest
import torch

from pruning import Ticket
from pruning.checkpoints.imported_weights import Start
from pruning.cli.commands import app
from pruning.cli.console import main
from pruning.cli.find_command import command_line, read_recipe
from pruning.errors import UserError
from pruning.recipe import Recipe
from pruning.study.folder import Study


def run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Run `python -m pruning WORDS` in this process and give its exit status."""
    monkeypatch.setattr(sys, "argv", ["python -m pruning", *words])
    with pytest.raises(SystemExit) as ended:
        main(app)
    return int(ended.value.code or 0)


@pytest.mark.parametrize("label", ["Dense", "Magnitude 90 %", "IMP shuffled 50 %"])
def test_the_command_word_for_word_gives_the_same_ticket(
    label: str, found_study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a ticket that descends from others, which are not at hand."""
    study = Study.open(found_study)
    entry = next(entry for entry in study.entries() if entry.recipe.label == label)
    python, minus, package, *words = shlex.split(command_line(entry.recipe, found_study))
    assert (python, minus, package) == ("python", "-m", "pruning")
    monkeypatch.chdir(tmp_path)
    assert run(words, monkeypatch) == 0
    again, first = Ticket.load(tmp_path / f"{entry.id}.safetensors"), Ticket.load(entry.path)
    assert again.id == entry.id
    assert again.recipe.label == label
    assert again.state.keys() == first.state.keys()
    for name, value in first.state.items():
        assert torch.equal(value, again.state[name]), name
    for name, mask in first.masks.items():
        assert torch.equal(mask, again.masks[name]), name


def test_a_recipe_comes_from_a_file_as_well(tmp_path: Path) -> None:
    recipe = Recipe(model="lenet300", data="digits", finder="imp", sparsity=0.5, rate=0.5, seed=3)
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps(recipe.canonical(), indent=2))
    assert read_recipe(str(file)).id == read_recipe(json.dumps(recipe.canonical())).id == recipe.id


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nowhere.json", "cannot be read"),
        ("{not json", "is not JSON"),
        pytest.param('{"a":' * 100_000 + "1" + "}" * 100_000, "is not JSON", id="deep"),
        ('{"model": "lenet300", "criterion": "snip"}', "'data' is missing"),
        ('{"model": "lenet300", "data": "digits", "finder": "dense", "sparsty": 0.9}', "Did you mean 'sparsity'?"),
    ],
)
def test_what_is_wrong_with_a_recipe_is_said_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(UserError, match="nowhere" if said == "cannot be read" else "recipe") as raised:
        read_recipe(text)
    assert said in str(raised.value)


def test_imported_weights_need_their_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    start = Start(weights="0123456789ab", mean=(0.5,), std=(0.5,))
    recipe = Recipe(model="lenet300", data="digits", criterion="magnitude", sparsity=0.5, start=start)
    words = shlex.split(command_line(recipe, Path("studies/mine")))
    assert words[words.index("--study") + 1] == "studies/mine"
    monkeypatch.chdir(tmp_path)
    assert run(["find", "--recipe", json.dumps(recipe.canonical())], monkeypatch) == 2
    assert not list(tmp_path.iterdir())
