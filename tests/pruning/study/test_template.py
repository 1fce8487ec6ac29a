"""The study files that are written to start from: all that can be chosen is in them, and all of it works."""

import re
from pathlib import Path

import pytest

from pruning import Study
from pruning.checkpoints.imported_weights import Start
from pruning.criteria import CRITERIA
from pruning.procedure import FINDERS
from pruning.recipe import Recipe
from pruning.study.template import commented, prunes, write_template
from pruning.study.template_imported import imported_study

START = Start(weights="0" * 12, mean=(0.5,), std=(1.0,))


def taken_out(text: str) -> str:
    """The file with its commented methods in force, each under a name of its own."""
    live = re.sub(r"^# ?(\[\[method\]\]|(?:\w+) = )", r"\1", text, flags=re.M)
    return re.sub(r'(finder = "(\w+)")', r'name = "my \2"\n\1', live)


@pytest.fixture
def templates(tmp_path: Path) -> list[Path]:
    """Both files, as they are written."""
    own = write_template(tmp_path / "own", "lenet5", "mnist5k")
    imported = tmp_path / "imported.toml"
    recipe = Recipe(model="resnet20", data="cifar10", finder="dense", start=START)
    imported.write_text(imported_study(str(imported), "name", "file.pt", recipe, 5000, 1000))
    return [own, imported]


def test_they_are_studies_and_fit_the_page(templates: list[Path]) -> None:
    for path in templates:
        assert len(Study.open(path).recipes()) > 10
        assert max(map(len, path.read_text().splitlines()[3:])) <= 120
        assert not re.search(r"[{}]|None", re.sub(r"(search|training|layers) = \{[^}]*\}", "", path.read_text()))


def test_every_finder_that_prunes_is_in_them_and_works_as_it_stands(templates: list[Path], tmp_path: Path) -> None:
    own, imported = (path.read_text() for path in templates)
    for name, finder in FINDERS.items():
        assert (f'finder = "{name}"' in own) == (prunes(finder) and name != "one_shot")
    for name in ("imp", "random_reinit", "rigl"):
        assert f'finder = "{name}"' not in imported
    for number, text in enumerate((own, imported)):
        live = taken_out(text).replace('of = "imp"', 'of = "my imp"')
        live = re.sub(r'(name = "my inverted".*\n.*\nof = )"my imp"', r'\1"snip"', live)
        live = re.sub(r'(name = "my architecture".*\n.*\nof = )"my imp"', r'\1"my supernet"', live)
        path = tmp_path / f"live{number}.toml"
        path.write_text(live)
        methods = {recipe.finder for recipe in Study.open(path).recipes()}
        assert methods == {"dense", "one_shot", *re.findall(r'finder = "(\w+)"', text)}


def test_every_criterion_for_weights_is_in_the_imported_one(templates: list[Path]) -> None:
    text = templates[1].read_text()
    found = re.findall(r'^criterion = "(\w+)"', text, flags=re.M)
    weights = [name for name, criterion in CRITERIA.items() if criterion.structure is None]
    assert found == [name for name in weights if CRITERIA[name].in_templates]
    assert all(re.search(rf"^# # .*\b{name}\b", text, flags=re.M) for name in weights if name not in found)


def test_an_option_stands_with_its_default_and_its_words() -> None:
    text = commented([FINDERS["early_bird"]])
    assert "# distance = 0.1  # Mask distance threshold, of the weights" in text
    assert '# restrict = "cosine"  # Swap schedule: cosine, quartic, none' in commented([FINDERS["jackpot"]])
