"""Where a budget is spent, against linear programming and against trying all."""

import tomllib
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from analysis.comparisons.budget import Suggested, allocation_lines, method_lines, needed, spend, suggest
from pruning.errors import UserError
from pruning.recipe import Recipe
from tests.analysis.comparisons.test_sensitivity import made

COSTS = st.lists(st.floats(0, 5), min_size=3, max_size=3)
Curve = tuple[np.ndarray, np.ndarray]


def hull_at(curve: Curve, x: float) -> float:
    """The largest convex function below some points, as the cheapest mixture of two of them."""
    amounts, costs = curve
    best = np.inf
    for i, j in product(range(len(amounts)), repeat=2):
        if amounts[i] <= x <= amounts[j]:
            share = 0.0 if amounts[i] == amounts[j] else (x - amounts[i]) / (amounts[j] - amounts[i])
            best = min(best, (1 - share) * costs[i] + share * costs[j])
    return float(best)


@settings(max_examples=60, deadline=None)
@given(costs=st.lists(COSTS, min_size=1, max_size=4), share=st.floats(0, 1))
def test_no_allocation_costs_less(costs: list[list[float]], share: float) -> None:
    """The same minimum as linear programming finds over mixtures of the measured points."""
    curves = [
        (np.array([0.0, 2.0, 3.0, 4.0 + place]), np.array([0.0, *np.maximum.accumulate(own)]))
        for place, own in enumerate(costs)
    ]
    wanted = share * sum(amounts[-1] for amounts, _ in curves)
    gone, rise = spend(curves, wanted)
    assert gone.sum() == pytest.approx(wanted)
    assert rise == pytest.approx(sum(hull_at(curve, x) for curve, x in zip(curves, gone, strict=True)), abs=1e-7)
    points = len(curves) * 4
    mixtures = np.zeros((len(curves) + 1, points))
    for place, (amounts, _) in enumerate(curves):
        mixtures[place, 4 * place : 4 * place + 4] = 1
        mixtures[-1, 4 * place : 4 * place + 4] = amounts
    found = linprog(np.concatenate([own for _, own in curves]), A_eq=mixtures, b_eq=[1.0] * len(curves) + [wanted])
    assert rise == pytest.approx(found.fun, abs=1e-7)


def scan_with(loss: list[list[float]], weights: list[float], macs: list[float]) -> Any:
    scan = made({f"l{place}": [0.0, 0.0] for place in range(len(loss))})
    scan.loss[:] = np.array(loss)[:, :, None]
    scan.weights[:], scan.macs[:] = weights, macs
    return replace(scan, total=(float(sum(weights)), float(sum(macs))))


def test_the_insensitive_layer_pays_first() -> None:
    scan = scan_with([[0.0, 0.01], [1.0, 3.0]], [100, 100], [100, 100])
    found = suggest(scan, [0], keep=0.6)
    assert found.layers == {"l0": 0.8, "l1": 0.0}
    assert found.sparsity == 0.4
    assert suggest(scan, [0], keep=0.3).layers == {"l0": 0.9, "l1": 0.5}


def test_what_is_dear_in_multiply_adds_goes_first_where_those_count() -> None:
    scan = scan_with([[0.1, 0.2], [0.1, 0.2]], [10, 190], [190, 10])  # a weight of the second costs a 19th
    assert suggest(scan, [0], keep=0.6).layers == {"l0": 0.0, "l1": 0.4211}
    assert suggest(scan, [0], keep=0.6, of="multiply-adds").layers == {"l0": 0.4211, "l1": 0.0}


def test_what_the_scan_does_not_reach_is_refused() -> None:
    with pytest.raises(UserError, match=r"no further than 10.0 % of the weights"):
        suggest(scan_with([[0.0, 0.1]], [200], [200]), [0], keep=0.05)


def test_the_lines_are_a_method_that_a_recipe_understands() -> None:
    lines = method_lines(Suggested({"layer1.0.conv1": 0.25, "fc": 0.5}, 0.4, 0.1), "spent", "snip", "filter")
    [method] = tomllib.loads(lines)["method"]
    [sparsity] = method.pop("sparsities")
    recipe = Recipe(model="resnet20", data="cifar10", sparsity=sparsity, **method)
    assert recipe.option("layers") == {"layer1.0.conv1": 0.25, "fc": 0.5}
    assert recipe.granularity.name == "filter"
    assert recipe.option("score_on") == "trained"


def test_what_a_layer_needs_is_read_off_its_curve() -> None:
    """At 50 and 90 % removed: 0.05 nats and 0.45, so that 0.1 lies an eighth of the way on."""
    scan = made({"conv": [0.0, 0.0], "fc + out": [0.0, 0.0]})
    scan = replace(
        scan,
        removed=np.array([[0.5, 0.9], [0.5, 0.9]]),
        loss=np.array([[[0.05, 9.0], [0.45, 9.0]], [[0.0, 9.0], [0.02, 9.0]]]),
        unable={"first": "too small"},
    )
    found = needed(scan, [0])
    assert found == pytest.approx({"conv": 1 - 0.55, "fc": 0.1, "out": 0.1, "first": 1.0})
    lines = tomllib.loads(allocation_lines(scan, [0], "mine", "synflow"))["method"][0]
    assert lines["score_on"] == "trained"
    assert lines["sensitivities"] == pytest.approx(found)
    recipe = Recipe(model="lenet300", data="digits", sparsity=0.9, **lines)
    assert recipe.option("allocation") == "sensitivity"
