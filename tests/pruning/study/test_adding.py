"""A method that is added is there, and a study file is never left broken."""

import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from analysis.comparisons.budget import Suggested, method_lines
from pruning.errors import UserError
from pruning.study.adding import _toml, add_method, ask, asked_at, ways_to_prune
from pruning.study.folder import Study

METHOD = '[[method]]\nname = "mine"\nfinder = "manual"\nsparsities = [0.5]\nlayers = { "fc1" = 0.75 }'


def test_it_is_one_of_the_recipes_then(study_copy: Path) -> None:
    study = Study.open(study_copy)
    before, known = study.source.read_text(), {recipe.id for recipe in study.recipes()}
    add_method(study, METHOD)
    after = Study.open(study_copy)
    new = [recipe for recipe in after.recipes() if recipe.id not in known]
    assert {recipe.seed for recipe in new} == set(study.config.seeds)
    assert {recipe.method for recipe in new} == {"mine"}
    assert new[0].option("layers") == {"fc1": 0.75}
    assert after.source.read_text().startswith(before.rstrip())


def test_what_two_add_at_once_is_all_there(study_copy: Path) -> None:
    def add(number: int) -> None:
        add_method(Study.open(study_copy), METHOD.replace("mine", f"mine {number}").replace("0.75", f"0.{number + 1}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(8)))
    assert {f"mine {number}" for number in range(8)} <= titled(Study.open(study_copy)).keys()


@pytest.mark.parametrize("lines", ["[[method]]\nname = 'x", METHOD.replace("manual", "manul"), f"{METHOD}\n\n{METHOD}"])
def test_what_does_not_fit_changes_nothing(study_copy: Path, lines: str) -> None:
    study = Study.open(study_copy)
    before = study.source.read_bytes()
    with pytest.raises(UserError):
        add_method(study, lines)
    assert study.source.read_bytes() == before


def titled(study: Study) -> dict[str, list[float]]:
    """Method -> the sparsities that it is to be pruned to."""
    found: dict[str, list[float]] = {}
    for recipe in study.recipes():
        if recipe.seed == 0:
            found.setdefault(recipe.method, []).append(recipe.sparsity)
    return found


def test_more_sparsities_of_methods_that_are_there_and_of_new_ones(study_copy: Path) -> None:
    study = Study.open(study_copy)
    before, text = titled(study), study.source.read_text()
    asked = asked_at(study, ["magnitude", "snip", "imp"], [0.9, 0.98])
    assert study.source.read_text() == text  # only looked at
    assert asked.methods == ("magnitude", "snip", "imp")
    assert ask(study, ["magnitude", "snip", "imp"], [0.9, 0.98]) == asked
    after = titled(Study.open(study_copy))
    assert after == {
        **before, "magnitude": [0.5, 0.9, 0.98], "imp": [0.5, 0.9, 0.98], "snip": [0.9, 0.98],
    }  # fmt: skip
    again = asked_at(Study.open(study_copy), ["magnitude", "snip"], [0.9])
    assert (again.text, again.lines) == (study.source.read_text(), "")


def test_finders_that_solve_train_a_pattern_or_distill_are_offered(study_copy: Path) -> None:
    study = Study.open(study_copy)
    assert {"reconstruct", "distill", "sr_ste"} <= ways_to_prune(study).keys()
    ask(study, ["reconstruct", "sr_ste"], [0.9])
    after = titled(Study.open(study_copy))
    assert (after["reconstruct"], after["sr_ste"]) == ([0.9], [0.5])  # 2:4 has one sparsity only


def test_a_control_takes_its_original_along(study_copy: Path) -> None:
    study = Study.open(study_copy)
    asked = ask(study, ["shuffled"], [0.7])
    assert asked.methods == ("imp", "shuffled")
    after = titled(Study.open(study_copy))
    assert after["imp"] == after["shuffled"] == [0.5, 0.7, 0.9]


def test_comments_and_everything_else_stay(study_copy: Path) -> None:
    file = study_copy / "study.toml"
    own = 'criterion = "magnitude"  # the usual\nsparsities = [\n  0.5,  # half\n  0.9,\n]  # two\nallocation = "layer"'
    file.write_text("# mine\n" + file.read_text().replace('criterion = "magnitude"', own))
    study = Study.open(study_copy)
    ask(study, ["magnitude"], [0.95])
    expected = own.replace("[\n  0.5,  # half\n  0.9,\n]", "[0.5, 0.9, 0.95]")
    assert expected in file.read_text()
    assert file.read_text().startswith("# mine\n")
    assert tomllib.loads(file.read_text())["analysis"]["severities"] == [1, 3]


@pytest.mark.parametrize(
    "odd", ['method = [{ criterion = "snip" }]', '"method" = [{ criterion = "snip", sparsities = [0.5] }]']
)
def test_a_file_that_is_written_otherwise_is_left_as_it_is(tmp_path: Path, odd: str) -> None:
    file = tmp_path / "study.toml"
    text = f'title = "odd"\nmodel = "lenet300"\ndata = "digits"\ndescription = """\n[[method]]\n"""\n{odd}\n'
    file.write_text(text)
    with pytest.raises(UserError):
        asked_at(Study.open(tmp_path), ["snip"], [0.7])
    assert file.read_text() == text


@pytest.mark.parametrize(("ways", "level"), [(["nothing"], 0.5), (["magnitude"], 1.5)])
def test_what_cannot_be_pruned_so_is_a_sentence(study_copy: Path, ways: list[str], level: float) -> None:
    with pytest.raises(UserError):
        asked_at(Study.open(study_copy), ways, [level])


def test_every_way_that_is_offered_can_be_asked_for(study_copy: Path) -> None:
    study = Study.open(study_copy)
    offered = ways_to_prune(study)
    assert {"snip", "grasp", "synflow"} <= offered.keys()
    assert not offered.keys() & {"magnitude", "random", "imp", "dense", "shuffled", "imported"}
    asked = asked_at(study, list(offered), [0.6])
    assert len(asked.methods) == len(offered)
    found = titled_text(study, asked.text)
    assert found.pop("sr_ste") == [0.5]  # 2:4 has one sparsity only
    assert {level for name, levels in found.items() if name in asked.methods for level in levels} == {0.6}


def titled_text(study: Study, text: str) -> dict[str, list[float]]:
    study.source.write_text(text)
    return titled(Study.open(study.path))


@pytest.mark.parametrize("name", ["méthode 🙂", 'a "quoted" one', "a\\b\x7f"])
def test_a_name_of_any_letters_is_read_back(name: str) -> None:
    lines = method_lines(Suggested({"fc1": 0.5}, 0.5, 0.0), name, "magnitude")
    assert tomllib.loads(lines)["method"][0]["name"] == name
    assert tomllib.loads(_toml({"name": name, "sparsities": [0.5]}))["method"][0]["name"] == name
