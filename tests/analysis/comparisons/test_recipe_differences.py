"""In which fields recipes made by hand differ, and what may be compared."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.recipe_differences import (
    ALIKE,
    ALONE,
    BARRED,
    SEVERAL,
    barriers_in_words,
    compared,
    differing,
    in_words,
    pairs,
    table,
)
from analysis.comparisons.verdicts import verdicts
from pruning.recipe import Recipe
from pruning.training.config import Training
from tests.analysis.nulls.studies import Null, simulate

COMMON = {"model": "lenet300", "data": "digits", "sparsity": 0.9}
SNIP = Recipe(**COMMON, criterion="snip")
IMP = Recipe(**COMMON, finder="imp", rate=0.2)
MAGNITUDE = Recipe(**COMMON, criterion="magnitude", score_on="trained", finetune=Training(epochs=5))
DENSE = Recipe(**COMMON | {"sparsity": 0.0}, finder="dense")


@pytest.mark.parametrize(
    ("first", "second", "fields"),
    [
        (SNIP, SNIP.but(seed=3), []),
        (SNIP, SNIP.but(name="ours"), []),
        (SNIP, SNIP.but(criterion="grasp"), ["criterion"]),
        (SNIP, SNIP.but(sparsity=0.8), ["sparsity"]),
        (SNIP, SNIP.but(allocation="layer"), ["allocation"]),
        (SNIP, SNIP.but(structure="filter"), ["structure"]),
        (SNIP, SNIP.but(training=Training(lr=0.05)), ["training.lr"]),
        (SNIP, SNIP.but(training=Training(log_every=0.5)), []),  # which decides nothing
        (SNIP, SNIP.but(criterion="grasp", sparsity=0.8), ["sparsity", "criterion"]),
        (IMP, IMP.but(rewind=10), ["rewind"]),
        (IMP, Recipe(**COMMON, finder="lrr", rate=0.2), ["finder"]),  # `rewind` comes with the finder
        (DENSE, IMP, ["finder"]),  # so does a sparsity, of which the dense network has none
        (SNIP, SNIP.but(training=Training(epochs=30)), ["length"]),
        (SNIP, SNIP.but(training=Training(until="test accuracy > 0.9")), ["length"]),
        (SNIP, SNIP.but(data="mnist5k"), ["data"]),
        # of the training and the fine-tuning, which follows it, the first alone
        (
            MAGNITUDE.but(finetune=Training(epochs=5, weight_decay=0.1), training=Training(weight_decay=0.1)),
            MAGNITUDE,
            ["training.weight_decay"],
        ),
        (MAGNITUDE, MAGNITUDE.but(finetune=Training(epochs=5, lr=0.01)), ["finetune.lr"]),
    ],
)
def test_fields_that_differ(first: Recipe, second: Recipe, fields: list[str]) -> None:
    assert differing(first, second) == fields
    assert sorted(differing(second, first)) == sorted(fields)


def test_a_control_differs_from_its_original_in_one_step_whatever_that_changes() -> None:
    shuffled = Recipe(model="lenet300", data="digits", finder="shuffled", of=IMP)
    again = Recipe(model="lenet300", data="digits", finder="retrained", of=IMP, training=Training(weight_decay=0))
    assert differing(IMP, shuffled) == differing(again, IMP) == ["control"]
    assert differing(shuffled, again) == ["training.weight_decay", "control"]
    # with its original's fields it is told from other controls
    assert differing(shuffled, shuffled.but(of=IMP.but(sparsity=0.8), sparsity=0.8)) == ["sparsity"]
    longer = Recipe(model="lenet300", data="digits", finder="retrained", of=IMP, training=Training(epochs=40))
    assert differing(IMP, longer) == ["control", "length"]


def test_what_is_compared_and_what_is_not() -> None:
    recipes = {
        "snip": SNIP,
        "grasp": SNIP.but(criterion="grasp"),
        "far": SNIP.but(criterion="grasp", sparsity=0.8),
        "long": SNIP.but(training=Training(epochs=30)),
        "other": SNIP.but(data="mnist5k", criterion="grasp"),
        "twin": SNIP.but(seed=1),
    }
    found = pairs(recipes).set_index(["a", "b"])["kind"]
    assert found["snip", "grasp"] == found["grasp", "far"] == ALONE
    assert found["snip", "far"] == found["far", "twin"] == SEVERAL
    assert found["snip", "twin"] == ALIKE
    assert (found[[pair for pair in found.index if {"long", "other"} & set(pair)]] == BARRED).all()
    labels = {key: key.upper() for key in recipes}
    data, length = barriers_in_words(recipes, pairs(recipes), labels)
    assert data == (
        "Other data, so not compared (their numbers are of other images): digits: SNIP, GRASP, FAR, LONG, TWIN; "
        "mnist5k: OTHER."
    )
    assert length.startswith("Another training length, so not compared (longer training may be the reason by itself): ")
    assert length.endswith("20 epochs: SNIP, GRASP, FAR, OTHER, TWIN; 30 epochs: LONG.")
    assert barriers_in_words({"snip": SNIP, "grasp": recipes["grasp"]}, pairs({}), labels) == []


def test_fine_tuning_is_another_training_length() -> None:
    recipes = {"snip": SNIP, "magnitude": MAGNITUDE}
    (said,) = barriers_in_words(recipes, pairs(recipes), {"snip": "SNIP", "magnitude": "Magnitude"})
    assert "20 epochs: SNIP; 20 epochs and 5 epochs of fine-tuning: Magnitude" in said


def test_the_sentence_and_the_table_name_what_differs() -> None:
    recipes = {"snip": SNIP, "grasp": SNIP.but(criterion="grasp"), "far": SNIP.but(criterion="grasp", sparsity=0.8)}
    found = pairs(recipes)
    assert in_words(recipes, found) == (
        "The 3 tickets differ in 2 fields: sparsity, criterion. **2** of 3 pairs differ in one field alone; **1** in "
        "several, so that nothing can be put down to one of them."
    )
    values = table(recipes, found)
    assert values["Sparsity"].to_dict() == {"snip": "90 %", "grasp": "90 %", "far": "80 %"}
    assert values["Criterion"].to_dict() == {"snip": "SNIP", "grasp": "GraSP", "far": "GraSP"}
    assert list(values) == ["Sparsity", "Criterion"]
    twins = {"a": SNIP, "b": SNIP.but(seed=1)}
    assert in_words(twins, pairs(twins)) == "The 2 tickets differ in no field of their recipes."
    assert in_words({"a": SNIP}, pairs({"a": SNIP})).startswith("Choose two tickets")


def test_verdicts_are_those_of_the_table_of_all_pairs() -> None:
    outcomes = simulate(Null(3, 200, tickets=3), np.random.default_rng(0)).outcomes
    told = verdicts({key: outcomes.per_image([0])[key] for key in ("ticket 0", "ticket 1", "ticket 2")})
    recipes = {"ticket 0": SNIP, "ticket 1": SNIP.but(criterion="grasp"), "ticket 2": SNIP.but(data="mnist5k")}
    rows = compared(recipes, pairs(recipes), told)
    assert rows[["field", "first", "second"]].to_numpy().tolist() == [["Criterion", "SNIP", "GraSP"]]
    pd.testing.assert_frame_equal(rows[list(told)], told.iloc[:1])
    assert compared({}, pairs({}), told).empty
