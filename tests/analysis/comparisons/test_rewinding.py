"""Stability over the rewinding point, against numbers worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import rewinding
from analysis.statistics.intervals import mean_interval, wilson
from pruning.recipe import Recipe
from tests.analysis.comparisons.test_training_cost import COMMON, IMP, entry


def stability_rows(rows: list[tuple[str, str, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["ticket_id", "relation", "l2", "barrier"])
    return table.assign(other="x", relative=table["l2"] / 10, barrier_low=0.0, barrier_high=table["barrier"], n=400)


def reordered(of: Recipe, order: int, seed: int) -> Recipe:
    return Recipe(**{**COMMON, "training": of.training}, finder="reordered", order=order, seed=seed, of=of)


def test_stability_over_the_rewinding_point() -> None:
    imp = {
        (rewind, seed): Recipe(**{**IMP, "rewind": rewind}, sparsity=0.75, seed=seed, name=f"imp{rewind}")
        for rewind in (0, 7)
        for seed in (0, 1)
    }
    recipes, rows = {}, []
    for number, (rewind, seed, order, l2) in enumerate(
        [(7, 0, 1, 3.0), (7, 0, 2, 5.0), (7, 1, 1, 6.0), (0, 0, 1, 9.0), (0, 1, 1, 9.5)]
    ):
        recipe = reordered(imp[rewind, seed], order, seed)
        recipes[recipe.id] = recipe
        rows.append((recipe.id, "order", l2, 0.01 * number))
    rows.append((imp[7, 0].id, "pruning", 2.0, math.nan))
    entries = [entry(recipe) for recipe in (*recipes.values(), *imp.values())]
    found = rewinding.stability_curves(stability_rows([*rows, ("gone", "order", 1, 1)]), entries)
    l2 = found[(found["measure"] == "l2") & (found["relation"] == "order")]
    assert l2["family"].nunique() == 1
    assert l2["label"].tolist() == ["IMP 75 %"] * 2
    assert l2["rewind"].tolist() == [0, 7]
    assert l2["n"].tolist() == [2, 2]
    expected = np.array([mean_interval([9, 9.5]), mean_interval([4, 6])])
    np.testing.assert_allclose(l2[["mean", "low", "high"]], expected)
    barrier = found[(found["measure"] == "barrier") & (found["rewind"] == 0)].iloc[0]
    assert barrier["low"] < barrier["mean"] < barrier["high"]
    same = rewinding.stability_curves(stability_rows([(ticket, "order", 1.0, 0.0) for ticket in recipes]), entries)
    bound = float(wilson(0, 400)[1])  # no image of 400 changed, which seeds that agree do not make a fact
    barriers = same[same["measure"] == "barrier"]
    assert barriers[["mean", "low", "high"]].values.tolist() == [pytest.approx([0, 0, bound])] * 2
    assert (same.loc[same["measure"] == "l2", "low"] == 1).all()  # distances have none
    pruning = found[found["relation"] == "pruning"]
    assert pruning["measure"].tolist() == ["l2", "relative"]  # it has no barrier
    assert pruning["family"].tolist() == [l2["family"].iloc[0]] * 2
    assert pruning["low"].isna().all()


def test_a_control_starts_where_its_original_does() -> None:
    imp = Recipe(**IMP, sparsity=0.75)
    shuffled = Recipe(**COMMON, finder="shuffled", of=imp)
    again = reordered(shuffled, 1, 0)
    assert [rewinding.rewind_of(r) for r in (imp, shuffled, again)] == [7, 7, 7]
    dense = Recipe(**COMMON, finder="dense")
    assert rewinding.rewind_of(reordered(dense, 1, 0).but(rewind=3)) == 3
    assert rewinding.rewind_of(Recipe(**COMMON, criterion="snip", sparsity=0.5)) == 0


def test_a_training_is_stable_from_where_no_later_barrier_reaches_the_limit() -> None:
    rows = pd.DataFrame(
        {"rewind": [180, 0, 90, 45], "mean": [0.01, 0.01, 0.015, 0.03], "high": [0.015, 0.01, 0.03, 0.05]}
    )
    found = rewinding.stable_from(rows)
    assert found["rewind"].tolist() == [90, 180]
    assert found["shown"].tolist() == [False, True]
    assert rewinding.stable_from(rows.assign(mean=0.02)).empty
    assert rewinding.stable_from(rows.assign(mean=0.01, high=float("nan")))["rewind"].tolist() == [0, 45, 90, 180]
