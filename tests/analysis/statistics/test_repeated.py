"""Means of repeated trainings: against the sum of two variances by hand, and what must not spoil the rest."""

import numpy as np
import pytest
from scipy import stats

from analysis.statistics.moderation import moderated
from analysis.statistics.repeated import Repeated, gaps, ratio


def drawn(seeds: int, images: int = 50, number: int = 0) -> np.ndarray:
    rng = np.random.default_rng(number)
    return rng.normal(3, 1, (seeds, 1)) + rng.normal(0, 2, (seeds, images))


def test_the_error_is_that_of_trainings_and_images() -> None:
    means = [Repeated.mean(drawn(3, number=number)) for number in range(4)]
    variances, freedom = moderated(np.array([mean.runs.var(ddof=1) for mean in means]), 2, 8)
    for mean, variance, gap in zip(means, variances, gaps(means, 4, 10.0), strict=True):
        assert gap.difference[0] == pytest.approx(mean.value / 10)
        assert gap.error[0] == pytest.approx(np.sqrt(variance / 3 + mean.error**2) / 10)
        assert (gap.seeds, gap.freedom) == (3, pytest.approx(min(freedom, 49)))


def test_one_training_has_the_error_of_its_images() -> None:
    values = drawn(1)
    gap = gaps([Repeated.mean(values)], 1, 1.0)[0]
    assert (gap.seeds, gap.freedom) == (1, 49)
    assert gap.error[0] == pytest.approx(stats.sem(values[0]))
    assert gaps([Repeated.mean(np.full((1, 5), 2.0))], 1, 1.0)[0].error[0] > 0


def test_what_is_no_number_spoils_no_other() -> None:
    values = [Repeated.mean(drawn(3)), Repeated.mean(drawn(2)), Repeated.mean(drawn(3) * np.nan)]
    found, alone = gaps(values, 3, 1.0), gaps(values[:2], 2, 1.0)
    for one, other in zip(found[:2], alone, strict=True):
        assert (one.error[0], one.freedom) == (pytest.approx(other.error[0]), pytest.approx(other.freedom))
    assert np.isnan(found[2].difference[0])


def test_a_ratio_varies_as_its_bootstrap_does() -> None:
    rng = np.random.default_rng(0)
    whole = rng.gamma(9, 1 / 9, (2, 300))
    part = 0.3 * whole + rng.normal(0, 0.1, whole.shape)
    runs, parts = ratio(part, whole)
    np.testing.assert_allclose(runs, part.mean(axis=1) / whole.mean(axis=1))
    draws = rng.integers(0, 300, (4000, 300))
    again = np.mean([p[draws].mean(axis=1) / w[draws].mean(axis=1) for p, w in zip(part, whole, strict=True)], axis=0)
    assert Repeated.of(runs, parts).error == pytest.approx(again.std(), rel=0.05)
    assert np.isnan(ratio(part, np.zeros_like(whole))[0]).all()
