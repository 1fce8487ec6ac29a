"""What a ticket descends from, on a study that was really found."""

from pathlib import Path

from analysis.comparisons import descent
from pruning.study.folder import Study


def test_the_line_of_descent_and_what_is_not_kept(found_study: Path) -> None:
    study = Study.open(found_study)
    found = {entry.id: entry for entry in study.entries()}
    recipe = next(recipe for recipe in study.recipes() if recipe.label == "IMP shuffled 90 %")
    line = descent.steps(recipe, found)
    assert [step.recipe.label for step in line] == [
        "Dense", "IMP 50 %", "IMP 75 %", "IMP 87.5 %", "IMP 90 %", "IMP shuffled 90 %",
    ]  # fmt: skip
    # levels that the study does not ask for lie in its cache
    assert [step.entry is not None for step in line] == [True, True, False, False, True, True]
    curves = descent.curves(line)
    assert sorted(curves["step"].unique()) == [0, 1, 4, 5]
    own = curves[curves["step"] == 5]
    assert own["epoch"].tolist() == [row.epoch for row in found[recipe.id].info.history]
