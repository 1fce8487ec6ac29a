"""A study's folder: what counts as found."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from pruning.errors import UserError
from pruning.recipe import Recipe
from pruning.study import folder
from pruning.study.config import StudyConfig, expand
from pruning.study.folder import TICKETS, Study
from pruning.study.open_steps import open_steps
from tests.conftest import TINY


def test_a_ticket_under_the_name_of_another_is_not_found_and_is_named(study_copy: Path) -> None:
    first, second = sorted((study_copy / TICKETS).iterdir())[:2]
    second.write_bytes(first.read_bytes())
    study = Study.open(study_copy)
    entries, (problem,) = study.scan()
    assert second.stem not in {entry.id for entry in entries}
    assert first.stem in {entry.id for entry in entries}
    assert str(second) in problem
    assert f"holds ticket {first.stem}" in problem
    with pytest.raises(UserError, match=f"holds ticket {first.stem}"):
        study.load(second.stem)


@pytest.mark.parametrize("place", [".", "study.toml"])
def test_within_its_own_folder_a_study_is_what_it_is_from_outside(
    study_copy: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [entry.id for entry in Study.open(study_copy).entries()]
    monkeypatch.chdir(study_copy)
    study = Study.open(place)
    assert study.path.samefile(study_copy)
    assert [entry.id for entry in study.entries()] == found
    assert open_steps(study) == ([], len(found))


def test_many_seeds_are_opened_at_once_and_each_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []

    def counted(config: StudyConfig, where: str, seeds: Sequence[int]) -> dict[str, Recipe]:
        made.extend(seeds)
        return expand(config, where, seeds)

    monkeypatch.setattr(folder, "expand", counted)
    few, many = tmp_path / "few", tmp_path / "many"
    for place, seeds in ((few, 3), (many, 20_000)):
        place.mkdir()
        text = re.sub(r"(?m)^seeds = .*$", f"seeds = {list(range(seeds))[::-1]}", TINY)
        (place / "study.toml").write_text(text)
    study = Study.open(many)
    assert made == [19_999]
    other = Study.open(few)
    ids = [recipe.id for recipe in other.recipes()]
    assert ids == list(expand(other.config, "here"))  # as when all seeds are made together
    assert study.size == 20_000 * len(ids) // 3
    assert all(map(study.asks_for, other.recipes()))
    assert [study.asks_for(recipe.but(seed=20_000)) for recipe in other.recipes()[:1]] == [False]
    assert study.ticket_path(other.recipes()[0].but(seed=20_000)).parent.name == "cache"


def test_what_is_found_is_in_the_order_of_seeds_and_then_of_methods(study_copy: Path) -> None:
    text = (study_copy / "study.toml").read_text()
    (study_copy / "study.toml").write_text(text.replace("seeds = [0, 1]", "seeds = [1]"))
    study = Study.open(study_copy)
    found = [entry.id for entry in study.entries()]
    asked = [recipe.id for recipe in study.recipes()]
    assert found[: len(asked)] == asked
    assert {entry.recipe.seed for entry in study.entries()[len(asked) :]} == {0}


def test_a_step_in_the_cache_under_the_name_of_another_is_found_again(study_copy: Path) -> None:
    study = Study.open(study_copy)
    first, second = sorted((study_copy / "cache").glob("*.safetensors"))[:2]
    tickets = [entry.path for entry in study.entries() if entry.recipe.method == "imp"]
    for path in tickets:
        path.unlink()
    second.write_bytes(first.read_bytes())
    steps, _ = open_steps(study)
    assert second.stem in {recipe.id for recipe in steps}
    assert first.stem not in {recipe.id for recipe in steps}


def test_some_methods_and_sparsities_alone_can_be_asked_for(study_copy: Path) -> None:
    study = Study.open(study_copy)
    for path in [*(study_copy / TICKETS).iterdir(), *(study_copy / "cache").iterdir()]:
        path.unlink()

    def asked(methods: tuple[str, ...], sparsities: tuple[float, ...] = ()) -> set[tuple[str, float]]:
        steps, _ = open_steps(study, False, methods, sparsities)
        return {(recipe.method, recipe.sparsity) for recipe in steps if study.asks_for(recipe)}

    assert asked(("magnitude",), (0.9,)) == {("dense", 0.0), ("magnitude", 0.9)}
    assert asked(("random", "magnitude"), (0.5,)) == {("dense", 0.0), ("random", 0.5), ("magnitude", 0.5)}
    assert ("imp", 0.9) in asked(("shuffled",), (0.9,))  # what it descends from
    everything = {(recipe.method, recipe.sparsity) for recipe in study.recipes()}
    assert asked(()) == everything
    assert asked((), (0.5, 0.9)) == everything
    with pytest.raises(UserError, match="Did you mean 'magnitude'"):
        asked(("magnitud",))
    with pytest.raises(UserError, match=r"prunes none of these to 0.7; it has 0.5, 0.9"):
        asked(("magnitude",), (0.7,))
