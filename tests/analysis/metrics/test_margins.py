"""Distances to decision boundaries against least squares of scipy, brute force over active sets, and by hand."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from analysis.metrics import geometry, margins


def region_margins(features: np.ndarray, weight: np.ndarray, bias: np.ndarray, labels: np.ndarray) -> np.ndarray:
    directions = torch.as_tensor(weight)
    logits = torch.as_tensor(features @ weight.T + bias)
    gaps = geometry.class_gaps(directions)
    return margins.region_margin(logits, torch.as_tensor(labels), gaps, directions).numpy()


def sides(feature: np.ndarray, weight: np.ndarray, bias: np.ndarray, label: int) -> tuple[np.ndarray, np.ndarray]:
    """The class's region as the steps d with A d >= b."""
    others = [c for c in range(len(weight)) if c != label]
    normals = weight[label] - weight[others]
    return normals, -(normals @ feature + bias[label] - bias[others])


def by_least_squares(normals: np.ndarray, lacking: np.ndarray) -> float:
    """Lawson & Hanson's least distance, by scipy's bounded least squares; nan where no step does it.

    Not by scipy's `nnls`, which stops short of the solution of 1 in 10,000 of these problems.
    """
    sizes = np.linalg.norm(normals, axis=1)
    farthest = (lacking / sizes).max()
    matrix, target = np.vstack([normals.T, lacking / farthest]) / sizes, np.zeros(normals.shape[1] + 1)
    target[-1] = 1
    solved = lsq_linear(matrix, target, bounds=(0, np.inf), method="bvls", tol=1e-15, max_iter=1000)
    residual = matrix @ solved.x - target
    return float(farthest * np.linalg.norm(residual[:-1] / residual[-1])) if abs(residual[-1]) > 1e-9 else np.nan


def by_brute_force(normals: np.ndarray, lacking: np.ndarray) -> float:
    """The shortest of the steps onto the meeting of any sides that is on the right side of all."""
    found = [0.0] if (lacking <= 0).all() else []
    for count in range(1, len(normals) + 1):
        for chosen in combinations(range(len(normals)), count):
            step = np.linalg.pinv(normals[list(chosen)]) @ lacking[list(chosen)]
            if (normals @ step >= lacking - 1e-9).all():
                found.append(float(np.linalg.norm(step)))
    return min(found, default=np.nan)


def problem(seed: int, classes: int, width: int, count: int = 12) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    bias = rng.normal(size=classes) * rng.choice([0, 1])
    return rng.normal(size=(count, width)), rng.normal(size=(classes, width)), bias, rng.integers(classes, size=count)


@pytest.mark.parametrize("seed", range(30))
def test_the_way_to_the_region_is_that_of_another_solver(seed: int) -> None:
    classes, width = 2 + seed % 11, 1 + seed % 14
    features, weight, bias, labels = problem(seed, classes, width)
    found = region_margins(features, weight, bias, labels)
    frame = geometry.measure(features, weight, bias, labels)
    for place in np.flatnonzero(frame["margin"] < 0):
        expected = by_least_squares(*sides(features[place], weight, bias, labels[place]))
        np.testing.assert_allclose(-found[place], expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("seed", range(15))
def test_the_way_to_the_region_is_the_shortest_of_all_active_sets(seed: int) -> None:
    classes, width = 2 + seed % 5, 2 + seed % 4
    features, weight, bias, labels = problem(seed, classes, width, count=5)
    found = region_margins(features, weight, bias, labels)
    for place, (feature, label) in enumerate(zip(features, labels, strict=True)):
        expected = by_brute_force(*sides(feature, weight, bias, label))
        np.testing.assert_allclose(
            max(-found[place], 0) if found[place] == found[place] else np.nan, expected, atol=1e-7
        )


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 10), width=st.integers(2, 12))
def test_the_three_agree_where_right_and_are_in_order_where_wrong(seed: int, classes: int, width: int) -> None:
    features, weight, bias, labels = problem(seed, classes, width, count=40)
    frame = geometry.measure(features, weight, bias, labels)
    right = frame["prediction"].to_numpy() == labels
    for name in ("nearest_margin", "region_margin"):
        np.testing.assert_allclose(frame.loc[right, name], frame.loc[right, "margin"])
    wrong = frame[~right].dropna()
    assert (wrong["region_margin"] <= wrong["margin"] + 1e-6).all()
    assert (wrong["margin"] < 0).all()
    assert (wrong["nearest_margin"] <= 0).all()


def test_by_hand() -> None:
    """Three classes on the axes; of (1, 4, 3), which is given class 1, and whose true class is 0.

    Beyond 1 by 3 / sqrt(2), beyond 2 by 2 / sqrt(2); nearest to the border between 1 and 2, at 1 / sqrt(2). Moved by
    (1.5, -1.5, 0) onto the side of 1 it is still beyond 2: the nearest right point is the mean (8/3, 8/3, 8/3).
    """
    frame = geometry.measure([[1.0, 4.0, 3.0]], np.eye(3), np.zeros(3), [0])
    assert frame["margin"][0] == pytest.approx(-3 / np.sqrt(2))
    assert frame["nearest_margin"][0] == pytest.approx(-1 / np.sqrt(2))
    assert frame["region_margin"][0] == pytest.approx(-np.linalg.norm([5 / 3, -4 / 3, -1 / 3]))


def test_a_class_that_never_wins_has_no_region() -> None:
    """The direction of class 1 is the middle of the others': with the smaller bias it lies below them everywhere."""
    weight, bias = np.array([[1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]]), np.array([0.0, -1.0, 0.0])
    frame = geometry.measure([[2.0, 1.0], [0.1, 0.0]], weight, bias, [1, 1])
    assert frame["margin"].tolist() == pytest.approx([-3.0, -1.1])
    assert frame["region_margin"].isna().all()
    same = geometry.measure([[2.0, 7.0]], [[1.0, 0.0], [1.0, 0.0]], [1.0, 0.0], [1])
    assert same["region_margin"].isna().all()


def test_many_classes() -> None:
    rng = np.random.default_rng(0)
    features, weight = np.abs(rng.normal(size=(6, 64))), rng.normal(size=(300, 64))
    labels = rng.integers(300, size=6)
    found = region_margins(features, weight, np.zeros(300), labels)
    expected = [by_least_squares(*sides(f, weight, np.zeros(300), y)) for f, y in zip(features, labels, strict=True)]
    np.testing.assert_allclose(-found, expected, rtol=1e-6)
