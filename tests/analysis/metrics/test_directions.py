"""Angles between centred vectors: by hand, and that nothing which changes no prediction changes them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from analysis.metrics import directions, geometry


def problem(seed: int, samples: int = 30, width: int = 6, classes: int = 5) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    features = np.maximum(rng.normal(size=(samples, width)), 0) * 3
    return features, rng.normal(size=(classes, width)), rng.normal(size=classes), rng.integers(classes, size=samples)


INVARIANT = ("prediction", "confidence", "length", "margin", *sorted({*geometry.COMPARABLE} - {"raw_gap"}))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.sampled_from([0.1, 1.0, 30.0]))
def test_a_vector_common_to_all_directions_changes_nothing_but_the_raw_angles(seed: int, size: float) -> None:
    features, weight, bias, labels = problem(seed)
    common = np.random.default_rng(seed + 1).normal(size=weight.shape[1]) * size
    plain = geometry.measure(features, weight, bias, labels)
    moved = geometry.measure(features, weight + common, bias, labels)
    for name in INVARIANT:
        np.testing.assert_allclose(moved[name], plain[name], rtol=1e-4, atol=1e-4, err_msg=name)
    assert np.abs(moved["angle"] - plain["angle"]).max() > 0.1


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_nor_does_a_vector_common_to_all_features_that_the_biases_make_up_for(seed: int) -> None:
    features, weight, bias, labels = problem(seed)
    common = np.random.default_rng(seed + 1).normal(size=weight.shape[1])
    plain = geometry.measure(features, weight, bias, labels)
    moved = geometry.measure(features + common, weight, bias - weight @ common, labels)
    for name in sorted(set(INVARIANT) - {"length"}):
        np.testing.assert_allclose(moved[name], plain[name], rtol=1e-4, atol=1e-4, err_msg=name)


def test_centred_angle_and_gap_by_another_library() -> None:
    features, weight, bias, labels = problem(3)
    frame = geometry.measure(features, weight, bias, labels)
    centred, middle = features - features.mean(axis=0), weight - weight.mean(axis=0)
    for rows, columns, gap in ((centred, middle, "gap"), (features, weight, "raw_gap")):
        angles = np.degrees(np.arccos(1 - cdist(rows, columns, "cosine")))
        angles[~rows.any(axis=1)] = 90
        own = angles[np.arange(len(labels)), labels]
        angles[np.arange(len(labels)), labels] = np.inf
        np.testing.assert_allclose(frame[gap], angles.min(axis=1) - own, atol=1e-4)
        if gap == "gap":
            np.testing.assert_allclose(frame["centred_angle"], own, atol=1e-4)
    np.testing.assert_allclose(frame["centred_length"], np.linalg.norm(centred, axis=1), rtol=1e-6)


def test_by_hand() -> None:
    """Two directions that share (0, 10): centred they are (1, 0) and (-1, 0), and the feature leans to the first."""
    features = torch.tensor([[1.0, 1.0]], dtype=torch.float64)
    weight = torch.tensor([[1.0, 10.0], [-1.0, 10.0]], dtype=torch.float64)
    found = directions.angles(features, directions.centred_directions(weight))
    np.testing.assert_allclose(found, [[45.0, 135.0]])
    assert float(directions.gap(found, torch.tensor([0]))) == pytest.approx(90)
    assert float(directions.gap(found, torch.tensor([1]))) == pytest.approx(-90)


def test_features_that_are_all_the_same_lean_to_nothing() -> None:
    """As of a network that pruning has disconnected; in float32 they may differ by rounding."""
    features = np.full((4, 3), 7.3, np.float32)
    features[2] = np.nextafter(features[2], np.float32(8))
    frame = geometry.measure(features, np.eye(3), [0.0, 1.0, 0.0], [0, 1, 2, 0])
    assert frame["centred_angle"].tolist() == [90] * 4
    assert frame["centred_length"].tolist() == [0] * 4
    assert frame["gap"].tolist() == [0] * 4


def test_equal_directions_lean_to_nothing() -> None:
    frame = geometry.measure(problem(0)[0], np.full((4, 6), 0.1), np.zeros(4), np.zeros(30, int))
    assert (frame["centred_angle"] == 90).all()
    assert (frame["gap"] == 0).all()


def test_one_class_has_no_gap() -> None:
    frame = geometry.measure([[1.0, 2.0], [0.0, 1.0]], [[1.0, 0.0]], None, [0, 0])
    assert frame[["gap", "raw_gap", "margin", "nearest_margin", "region_margin"]].isna().all(axis=None)


def test_a_feature_that_is_not_finite_bears_on_no_other() -> None:
    features, weight, bias, labels = problem(5)
    broken = features.copy()
    broken[4] = np.inf
    frame = geometry.measure(broken, weight, bias, labels)
    rest = geometry.measure(np.delete(features, 4, axis=0), weight, bias, np.delete(labels, 4))
    assert frame.loc[4, list(geometry.COMPARABLE)].isna().all()
    np.testing.assert_allclose(frame.drop(index=4)["gap"], rest["gap"], rtol=1e-5)
