"""A method that is added is there, and a study file is never left broken."""

from pathlib import Path

import pytest

from pruning.errors import UserError
from pruning.study.adding import add_method
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


@pytest.mark.parametrize("lines", ["[[method]]\nname = 'x", METHOD.replace("manual", "manul"), f"{METHOD}\n\n{METHOD}"])
def test_what_does_not_fit_changes_nothing(study_copy: Path, lines: str) -> None:
    study = Study.open(study_copy)
    before = study.source.read_bytes()
    with pytest.raises(UserError):
        add_method(study, lines)
    assert study.source.read_bytes() == before
