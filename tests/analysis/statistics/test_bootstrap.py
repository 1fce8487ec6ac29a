from itertools import product
from math import sqrt

import numpy as np
import pytest
import scipy.stats

from analysis.statistics import bootstrap
from analysis.statistics.bootstrap import resampled_means


def interval(gap: np.ndarray, resamples: int = 10_000, seed: int = 0, level: float = 0.95) -> tuple[float, float]:
    """Of the mean of a difference [N], as it is shown."""
    draws = resampled_means(np.asarray(gap, dtype=float)[None], resamples, seed)[0]
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def test_the_bootstrap_draws_what_every_possible_resample_gives() -> None:
    gaps = np.array([1, 0, -1, 1])  # 4**4 equally likely resamples, listed
    means = np.array([np.mean(draw) for draw in product(gaps, repeat=4)])
    for level in (0.5, 0.9, 0.95):
        expected = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
        assert interval(gaps, resamples=40_000, level=level) == pytest.approx(expected, abs=1e-12)


def test_the_bootstrap_is_the_normal_approximation_for_many_images() -> None:
    rng = np.random.default_rng(4)
    gap = (rng.random(4000) < 0.9).astype(float) - (rng.random(4000) < 0.85)
    half = 1.96 * gap.std() / sqrt(4000)
    assert interval(gap) == pytest.approx((gap.mean() - half, gap.mean() + half), abs=0.04 * half)


def test_the_bootstrap_interval_covers_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    trials, images, truth = 400, 300, 0.9 - 0.8
    covered = 0
    for trial in range(trials):
        difficulty = rng.random(images)  # both are wrong on the same hard images
        low, high = interval((difficulty < 0.9).astype(float) - (difficulty < 0.8), resamples=1000, seed=trial)
        covered += low <= truth <= high
    assert scipy.stats.binomtest(covered, trials, 0.95).pvalue > 0.001


def test_the_samples_are_seeded_and_the_same_for_each_row() -> None:
    rng = np.random.default_rng(7)
    rows = (rng.random((2, 200)) < 0.9).astype(float)
    means = resampled_means(np.vstack([rows, rows[:1], -rows[1:]]), 500, seed=1)
    np.testing.assert_array_equal(means[0], means[2])
    np.testing.assert_array_equal(means[1], -means[3])
    np.testing.assert_array_equal(resampled_means(rows, 500, seed=1), means[:2])
    assert not np.array_equal(resampled_means(rows, 500, seed=2), means[:2])
    assert interval(np.zeros(30)) == (0, 0)


def test_drawing_in_several_goes_changes_only_the_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    gap = (rng.random(300) < 0.9).astype(float) - (rng.random(300) < 0.8)
    whole = interval(gap)
    monkeypatch.setattr(bootstrap, "DRAWS_AT_ONCE", 7 * 300)
    assert interval(gap) == pytest.approx(whole, abs=0.005)
