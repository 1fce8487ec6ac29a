"""Registries: what ships is found by itself, what a user adds is there beside it, and names are told apart."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from pruning import Study, prune, registry
from pruning.data import load_data
from pruning.errors import UserError
from pruning.registry import PLUGINS, Registry, add_all, additions, of_plugin, plugins
from pruning.study.runner import RunOptions, run


@dataclass(frozen=True)
class Colour:
    """A thing with a name."""

    name: str


@pytest.fixture
def colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[Colour]:
    package = tmp_path / "painted"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "red.py").write_text(f"from {__name__} import Colour\nRED = Colour('red')\nMORE = [Colour('pink')]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_ALL", [])
    monkeypatch.setattr(registry, "_LOADED", {})
    monkeypatch.setattr(registry, "_CARRIED", {})
    return Registry("colour", Colour, "painted")


def test_the_modules_of_the_package_are_read(colours: Registry[Colour]) -> None:
    assert list(colours) == ["red", "pink"]
    assert colours["red"] == Colour("red")


def test_an_unknown_name_is_a_sentence_with_the_nearest(colours: Registry[Colour]) -> None:
    with pytest.raises(UserError, match=r"Unknown colour 'rad'. Did you mean 'red'\? Known: red, pink"):
        colours.get_known("rad")


def test_what_is_registered_can_be_carried_to_another_process(colours: Registry[Colour]) -> None:
    colours.register(Colour("blue"))
    carried = additions()
    assert carried == {"colour": [Colour("blue")]}
    colours.unregister("blue")
    assert "blue" not in colours
    add_all(carried)
    assert colours.get_known("blue") == Colour("blue")


def test_what_was_carried_is_there_for_a_registry_that_is_made_later(colours: Registry[Colour]) -> None:
    add_all({"shade": [Colour("dark")]})
    assert list(Registry("shade", Colour, "painted")) == ["red", "pink", "dark"]


def test_what_ships_is_not_replaced(colours: Registry[Colour]) -> None:
    with pytest.raises(UserError, match="There is a colour 'red' already"):
        colours.register(Colour("red"))


def test_a_plugin_adds_its_own(colours: Registry[Colour], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "mine.py"
    file.write_text(f"from {__name__} import Colour\nGREEN = Colour('green')\n")
    monkeypatch.setenv(PLUGINS, str(file))
    assert list(colours) == ["red", "pink", "green"]
    assert additions() == {}, "a worker process reads plugins itself"


def test_a_plugin_may_use_what_ships_and_what_reads_a_registry(
    colours: Registry[Colour], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        f"from {__name__} import Colour\nfrom pruning import registry\nfrom painted.red import RED\n"
        "BEFORE = len(registry._ALL[0])\nGREEN = Colour('green')\n"
    )
    monkeypatch.setenv(PLUGINS, str(file))
    assert list(colours) == ["red", "pink", "green"]


@pytest.mark.parametrize(("text", "said"), [(None, "no Python file"), ("1 / 0", "cannot be run: ZeroDivisionError")])
def test_a_plugin_that_cannot_be_read_is_a_sentence(
    colours: Registry[Colour], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, said: str
) -> None:
    file = tmp_path / "mine.py"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv(PLUGINS, str(file))
    with pytest.raises(UserError, match=said):
        list(colours)


def test_one_folder_of_many_is_read_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, name in (("warm", "amber"), ("cold", "cyan")):
        here = tmp_path / "shades" / folder
        here.mkdir(parents=True)
        (here / "__init__.py").write_text("")
        (here / "one.py").write_text(f"from {__name__} import Colour\nONE = Colour('{name}')\n")
        (here / "two.py").write_text(f"from {__name__} import Colour\nTWO = Colour('{name} 2')\n")
    (tmp_path / "shades" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry, "_ALL", [])
    shades = Registry("shade", Colour, "shades", nested=True)
    shades._added["own"] = Colour("own")
    assert list(shades.in_folder("cold")) == ["cyan", "cyan 2", "own"]
    assert "shades.warm" not in sys.modules
    assert list(shades.in_folder("mild")) == ["own"]
    assert list(shades) == ["cyan", "cyan 2", "amber", "amber 2", "own"]
    assert list(Registry("shade", Colour, "shades", nested=True, module="one")) == ["cyan", "amber"]


FAILING = """
from pruning.criteria.base import Criterion
from pruning.data.base import EmbeddedData

def score(model, context):
    return helper(0)

def helper(share):
    return 1 / share

THINGS = [
    Criterion("dividing", "Dividing", "nobody", score, needs_data=False),
    EmbeddedData("dividing_data", lambda: helper(0)),
]
"""


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A plugin whose things fail in their line 9."""
    file = tmp_path / "failing.py"
    file.write_text(FAILING)
    monkeypatch.setenv(PLUGINS, str(file))
    return file


def test_what_a_plugin_raises_is_a_sentence_with_file_line_and_name(failing: Path) -> None:
    said = f"of the plugin {failing} failed in line 9: ZeroDivisionError: division by zero."
    with pytest.raises(UserError) as caught:
        prune(torch.nn.Linear(3, 3), "dividing", 0.5)
    assert str(caught.value) == f"The criterion 'dividing' {said}"
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    with pytest.raises(UserError) as caught:
        load_data("dividing_data")
    assert str(caught.value) == f"The data set 'dividing_data' {said}"


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_ticket_whose_plugin_fails_leaves_the_others(jobs: int, failing: Path, tmp_path: Path) -> None:
    methods = [{"criterion": "dividing"}, {"criterion": "magnitude"}]
    study = Study.create(
        tmp_path / "study", "digits", model="lenet300", sparsities=[0.5], training={"epochs": 0.1}, methods=methods
    )
    summary = run(study, RunOptions(jobs=jobs))
    assert len(summary.found) == 2
    (problem,) = summary.failed.values()
    assert problem.startswith(f"The criterion 'dividing' of the plugin {failing} failed in line 9: ZeroDivisionError")


def test_what_arises_elsewhere_or_is_no_mistake_goes_on(failing: Path) -> None:
    with pytest.raises(KeyError), of_plugin():
        raise KeyError("ours")
    (module,) = plugins()
    with pytest.raises(ZeroDivisionError), of_plugin(but=(ZeroDivisionError,)):
        module.helper(0)
    with pytest.raises(UserError, match=r"^Code of the plugin"), of_plugin():
        module.helper(0)
