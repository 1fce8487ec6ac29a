"""The geometry against loops in float64, and against what its definitions promise."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cosine as cosine_distance
from scipy.special import softmax

from analysis.metrics import geometry
from pruning.errors import UserError


def problem(seed: int, samples: int = 40, width: int = 7, classes: int = 5) -> tuple[np.ndarray, ...]:
    """Random features (not negative, as after a ReLU), class directions, biases and labels, in float64."""
    rng = np.random.default_rng(seed)
    features = np.maximum(rng.normal(size=(samples, width)), 0) * 3
    return features, rng.normal(size=(classes, width)), rng.normal(size=classes), rng.integers(classes, size=samples)


def by_hand(feature: np.ndarray, weight: np.ndarray, bias: np.ndarray, label: int) -> dict[str, float]:
    """One sample, straight from the definitions."""
    logits = [float(np.dot(w, feature) + b) for w, b in zip(weight, bias, strict=True)]
    distances = [
        (logits[label] - logits[c]) / np.linalg.norm(weight[label] - weight[c])
        for c in range(len(weight))
        if c != label
    ]
    return {
        "prediction": int(np.argmax(logits)),
        "confidence": softmax(logits).max(),
        "angle": np.degrees(np.arccos(1 - cosine_distance(feature, weight[label]))) if feature.any() else 90.0,
        "length": np.sqrt((feature**2).sum()),
        "margin": min(distances),
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_agrees_with_the_definitions_sample_by_sample(seed: int, dtype: type) -> None:
    features, weight, bias, labels = problem(seed)
    frame = geometry.measure(features.astype(dtype), weight.astype(dtype), bias.astype(dtype), labels)
    expected = [by_hand(f, weight, bias, y) for f, y in zip(features, labels, strict=True)]
    assert list(frame.columns) == [*geometry.COLUMNS, *geometry.COMPARABLE]
    assert frame["prediction"].tolist() == [row["prediction"] for row in expected]
    for name in geometry.COLUMNS[1:]:
        np.testing.assert_allclose(frame[name], [row[name] for row in expected], rtol=3e-6, atol=3e-6, err_msg=name)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 12), width=st.integers(1, 20))
def test_margin_is_positive_exactly_where_the_prediction_is_right(seed: int, classes: int, width: int) -> None:
    features, weight, bias, labels = problem(seed, 30, width, classes)
    frame = geometry.measure(features, weight, bias, labels)
    right = frame["prediction"].to_numpy() == labels
    assert ((frame["margin"] > 0) == right).all()
    assert frame["angle"].between(0, 180).all()
    assert frame["confidence"].between(1 / classes - 1e-6, 1).all()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), factor=st.floats(0.01, 100))
def test_scaling_laws(seed: int, factor: float) -> None:
    features, weight, bias, labels = problem(seed)
    plain = geometry.measure(features, weight, bias, labels)
    longer = geometry.measure(features * factor, weight, bias * factor, labels)
    np.testing.assert_allclose(longer["angle"], plain["angle"], rtol=1e-5)
    np.testing.assert_allclose(longer["length"], plain["length"] * factor, rtol=1e-5)
    np.testing.assert_allclose(longer["margin"], plain["margin"] * factor, rtol=1e-5)
    heavier = geometry.measure(features, weight * factor, bias * factor, labels)
    for name in ("angle", "length", "margin", *geometry.COMPARABLE):
        np.testing.assert_allclose(heavier[name], plain[name], rtol=1e-5, err_msg=name)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_geometry_does_not_depend_on_the_coordinates(seed: int) -> None:
    features, weight, bias, labels = problem(seed)
    rotation, _ = np.linalg.qr(np.random.default_rng(seed + 1).normal(size=(features.shape[1],) * 2))
    plain = geometry.measure(features, weight, bias, labels)
    turned = geometry.measure(features @ rotation, weight @ rotation, bias, labels)
    for name in (*geometry.COLUMNS[1:], *geometry.COMPARABLE):
        np.testing.assert_allclose(turned[name], plain[name], rtol=1e-4, atol=1e-5, err_msg=name)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_margin_is_the_shortest_way_to_another_prediction(seed: int) -> None:
    """Going the margin along a boundary's normal flips the prediction; no shorter step does, whatever its direction."""
    features, weight, bias, _ = problem(seed, samples=10)
    labels = (features @ weight.T + bias).argmax(axis=1)
    margins = geometry.measure(features, weight, bias, labels)["margin"].to_numpy()
    rng = np.random.default_rng(seed)
    for feature, label, margin in zip(features, labels, margins, strict=True):
        normals = [(w - weight[label]) / np.linalg.norm(w - weight[label]) for c, w in enumerate(weight) if c != label]
        flipped = [((feature + 1.001 * margin * n) @ weight.T + bias).argmax() != label for n in normals]
        assert any(flipped) or margin < 1e-5
        steps = rng.normal(size=(50, len(feature)))
        steps = np.vstack([steps / np.linalg.norm(steps, axis=1, keepdims=True), normals]) * margin * 0.999
        assert (((feature + steps) @ weight.T + bias).argmax(axis=1) == label).all()


def test_a_wrong_sample_is_as_far_from_right_as_its_worst_rival_says() -> None:
    # Three classes on the axes; label 0, but the feature lies on class 1's side by 3 / sqrt(2).
    frame = geometry.measure([[1.0, 4.0, 0.0]], np.eye(3), np.zeros(3), [0])
    assert frame["margin"][0] == pytest.approx(-3 / np.sqrt(2))
    assert frame["prediction"][0] == 1


def test_angle_keeps_its_digits_at_both_ends() -> None:
    tiny = 1e-4  # radians; arccos in float32 would say 0 or 0.02 degrees
    features = np.array([[np.cos(tiny), np.sin(tiny)], [-np.cos(tiny), np.sin(tiny)], [1, 0], [-3, 0]])
    angles = geometry.measure(features, [[2.0, 0.0], [0.0, 1.0]], None, [0, 0, 0, 0])["angle"]
    np.testing.assert_allclose(angles, [np.degrees(tiny), 180 - np.degrees(tiny), 0, 180], rtol=1e-5, atol=1e-7)


def test_zero_features_stand_at_a_right_angle_with_the_biases_deciding() -> None:
    frame = geometry.measure(np.zeros((2, 3)), np.eye(3), [0.0, 0.5, 0.0], [0, 1])
    assert frame["angle"].tolist() == [90, 90]
    assert frame["length"].tolist() == [0, 0]
    assert frame["prediction"].tolist() == [1, 1]
    np.testing.assert_allclose(frame["margin"], [-0.5 / np.sqrt(2), 0.5 / np.sqrt(2)], rtol=1e-6)


@pytest.mark.parametrize(
    ("bias", "label", "margin"),
    [
        ([1.0, 0.0, 0.0], 0, (2.0 - 0.0 + 1.0) / 1.0),  # class 1 never beats class 0: only class 2 has a boundary
        ([0.0, 0.0, 0.0], 0, 0.0),  # an eternal tie
        ([1.0, 0.0, 0.0], 1, np.nan),  # class 0 always beats class 1
    ],
)
def test_equal_class_directions_are_decided_by_their_biases(bias: list[float], label: int, margin: float) -> None:
    weight = [[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]]  # the third row is pruned away
    frame = geometry.measure([[2.0, 7.0]], weight, bias, [label])
    np.testing.assert_allclose(frame["margin"], [margin])


def test_a_classifier_pruned_to_nothing_has_no_margin_but_does_not_crash() -> None:
    frame = geometry.measure(np.ones((2, 3)), np.zeros((4, 3)), [0.0, 3.0, 1.0, 2.0], [1, 0])
    assert frame["margin"].isna().all()
    assert frame["angle"].tolist() == [90, 90]
    assert frame["prediction"].tolist() == [1, 1]


def test_features_that_are_not_finite_give_nan_and_no_infinity() -> None:
    features = np.array([[np.nan, 1.0], [np.inf, 1.0], [1e200, 1.0], [2.0, 1.0]])
    frame = geometry.measure(features, np.eye(2), np.zeros(2), [0, 0, 0, 0])
    assert not np.isinf(frame.to_numpy(dtype=float)).any()
    assert frame["margin"].isna().tolist() == [True, True, True, False]
    assert frame.loc[3].notna().all()


def test_given_logits_and_gaps_change_nothing_and_batches_do_not_either() -> None:
    features, weight, bias, labels = (torch.as_tensor(value) for value in problem(4))
    whole = geometry.measure_tensors(features, weight, bias, labels)
    helped = geometry.measure_tensors(
        features, weight, None, labels, features @ weight.T + bias, geometry.class_gaps(weight)
    )
    halves = [
        geometry.measure_tensors(features[part], weight, bias, labels[part]) for part in (slice(0, 13), slice(13, 40))
    ]
    for name in geometry.COLUMNS:
        assert torch.allclose(whole[name], helped[name])
        assert torch.allclose(whole[name], torch.cat([half[name] for half in halves]))
    assert whole["prediction"].dtype == torch.int64
    assert all(whole[name].dtype == torch.float32 for name in geometry.COLUMNS[1:])


def test_gaps_of_nearly_equal_directions_do_not_cancel() -> None:
    weight = torch.full((2, 3), 1e3, dtype=torch.float64)
    weight[1, 0] += 1e-6
    gaps = geometry.class_gaps(weight)
    np.testing.assert_allclose(gaps, [[0, 1e-6], [1e-6, 0]], rtol=1e-6)


def test_no_samples_give_an_empty_frame() -> None:
    frame = geometry.measure(np.zeros((0, 3)), np.eye(3), None, np.zeros(0, dtype=int))
    assert list(frame.columns) == [*geometry.COLUMNS, *geometry.COMPARABLE]
    assert frame.empty
    assert np.isnan(geometry.summarise(frame, [])["accuracy"])


def test_summary_leaves_out_what_has_no_value() -> None:
    measured = {
        "prediction": [0, 1, 1, 1],
        "confidence": [0.5, 0.7, 0.9, 0.9],
        "angle": [10.0, 20.0, 30.0, 40.0],
        "length": [1.0, 1.0, 1.0, 1.0],
        "margin": [1.0, np.nan, 2.0, np.nan],
    }
    summary = geometry.summarise(measured, [0, 1, 0, 1])
    assert summary["n"] == 4
    assert summary["correct"] == 3
    assert summary["accuracy"] == 0.75
    assert summary["mean_angle"] == 25.0
    assert summary["mean_margin"] == 1.5
    assert summary["mean_confidence"] == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("features", "weight", "bias", "labels", "words"),
    [
        (np.ones((4, 3)), np.ones((2, 5)), None, [0] * 4, "class directions"),
        (np.ones(3), np.ones((2, 3)), None, [0], "class directions"),
        (np.ones((4, 3)), np.ones((2, 3)), None, [0] * 3, "one label"),
        (np.ones((4, 3)), np.ones((2, 3)), [0.0], [0] * 4, "one bias"),
        (np.ones((4, 3)), np.ones((2, 3)), None, [0, 1, 2, 1], "Label 2 names no class"),
        (np.ones((4, 3)), np.ones((2, 3)), None, [0, 1, -1, 1], "Label -1 names no class"),
    ],
)
def test_bad_input_is_one_sentence(
    features: np.ndarray, weight: np.ndarray, bias: list[float] | None, labels: list[int], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        geometry.measure(features, weight, bias, labels)
