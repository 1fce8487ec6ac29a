"""What tickets descend from, on a study that was really found and on recipes made by hand."""

from pathlib import Path

from analysis.comparisons import descent
from pruning.recipe import Recipe
from pruning.study.folder import Study

COMMON = {"model": "lenet300", "data": "digits"}


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


def test_a_study_as_a_tree() -> None:
    dense = Recipe(**COMMON, finder="dense")
    imp = {level: Recipe(**COMMON, finder="imp", rate=0.5, sparsity=level) for level in (0.5, 0.9)}
    control = Recipe(**COMMON, finder="shuffled", of=imp[0.9])
    snip = Recipe(**COMMON, criterion="snip", sparsity=0.9, name="snip")
    recipes = {"control": control, "imp-90": imp[0.9], "imp-50": imp[0.5], "dense": dense, "snip-90": snip}
    tree = descent.tree(recipes)
    assert tree.parents == {
        "control": ("imp-90",),
        "imp-90": ("imp-50",),
        "imp-50": ("dense",),
        "dense": (),
        "snip-90": (),
    }
    absent = [tree.absent[node].sparsity for node in tree.line("control") if node in tree.absent]
    assert absent == [0.75, 0.875]  # halves that the study does not have
    assert [node for node in tree.line("control") if node in recipes] == ["dense", "imp-50", "imp-90", "control"]
    assert tree.parents_of(["control", "imp-90"]) == ["imp-50"]
    assert tree.children_of(["imp-50"]) == ["imp-90"]
    assert tree.alike(["control"]) == ["imp-90", "imp-50"]  # magnitude; a control's criterion is its original's
    assert tree.alike(["dense"]) == []
    methods = {"control": "shuffled", "imp-90": "imp", "imp-50": "imp", "dense": "dense", "snip-90": "snip"}
    assert descent.rows_of(tree, methods) == ["dense", "imp", "shuffled", "snip"]


def test_tickets_of_another_seed_are_found_in_the_tree() -> None:
    dense = Recipe(**COMMON, finder="dense", seed=1)
    cut = Recipe(**COMMON, criterion="magnitude", sparsity=0.9)  # of seed 0, whose dense network is not there
    tree = descent.tree({"dense": dense, "cut": cut})
    assert tree.parents["cut"] == ("dense",)
    assert not tree.absent
