"""Precision, recall and copies against brute force; the bootstrap of a distance by how often it covers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from analysis.metrics import generated
from analysis.metrics.generated import copying, distance_interval, on_manifold, precision_recall


def by_hand(asked: np.ndarray, of: np.ndarray, k: int) -> np.ndarray:
    """A ball at a time."""
    radii = [np.sort([np.linalg.norm(one - other) for other in of])[k] for one in of]
    return np.array([any(np.linalg.norm(x - c) <= r for c, r in zip(of, radii, strict=True)) for x in asked])


@given(st.integers(5, 40), st.integers(1, 5), st.integers(1, 3), st.floats(0, 5), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_a_manifold_is_balls_to_the_kth_neighbour(n: int, width: int, k: int, away: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    real, made = rng.normal(size=(n, width)), rng.normal(size=(n + 3, width)) + away
    np.testing.assert_array_equal(on_manifold(made, real, k), by_hand(made, real, k))


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    real, made = rng.normal(size=(90, 4)), rng.normal(size=(70, 4)) + 0.5
    whole = on_manifold(made, real)
    monkeypatch.setattr(generated, "BLOCK", 11)
    np.testing.assert_array_equal(on_manifold(made, real), whole)


def test_one_mode_of_two_is_precise_and_recalls_half() -> None:
    rng = np.random.default_rng(1)
    real = rng.normal(size=(600, 3))
    real[300:] += 100
    made = rng.normal(size=(600, 3))
    precision, recall = precision_recall(real, made)
    assert precision.value > 0.8
    assert 0.4 < recall.value <= 0.5
    assert recall.low < recall.value < recall.high


def test_the_same_image_again_and_again_recalls_nothing() -> None:
    real = np.random.default_rng(2).normal(size=(100, 3))
    precision, recall = precision_recall(real, np.repeat(real[:1], 100, axis=0))
    assert (precision.value, recall.value) == (1.0, 0.01)


def test_noise_is_not_precise() -> None:
    rng = np.random.default_rng(3)
    precision, recall = precision_recall(rng.normal(size=(200, 8)), 30 + rng.normal(size=(200, 8)))
    assert (precision.value, recall.value) == (0.0, 0.0)


def test_copies_lie_nearer_than_unseen_images() -> None:
    rng = np.random.default_rng(4)
    training, test, fresh = (rng.normal(size=(size, 5)) for size in (400, 300, 300))
    far = [np.median(cdist(each, training).min(axis=1)) for each in (fresh, test)]
    found = copying(fresh, test, training)
    assert found.value == pytest.approx(far[0] / far[1], rel=1e-4)
    assert found.low < 1 < found.high
    copies = copying(training[:300] + 1e-3 * rng.normal(size=(300, 5)), test, training)
    assert copies.high < 0.05
    assert copying(training[:300], test, training).value < 1e-4


def means_apart(one: np.ndarray, other: np.ndarray) -> float:
    """A distance whose expectation is known: the square of that of the means is biased by 2 D / n."""
    return float(((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum())


def test_the_interval_covers_the_distance_at_so_many_images() -> None:
    rng = np.random.default_rng(5)
    n, width, apart = 200, 4, 0.5
    expected = width * apart**2 + 2 * width / n
    covered = 0
    for number in range(100):
        one, other = rng.normal(size=(n, width)), rng.normal(size=(n, width)) + apart
        found = distance_interval(one, other, means_apart, 100, number)
        covered += found.low < expected < found.high
    assert covered >= 86  # 95 expected; the normal bound of 100 draws is 89, and a bootstrap is a little narrow


def test_no_distance_has_an_interval_that_ends_at_nought() -> None:
    same = np.zeros((50, 2))
    assert distance_interval(same, same, means_apart, 10) == generated.Interval(0.0, 0.0, 0.0)
