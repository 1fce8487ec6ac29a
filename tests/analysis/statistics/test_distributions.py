"""The distributions against scipy.stats, to the last bit, and roots against ones that are known."""

import numpy as np
import pytest
from scipy import stats

from analysis.statistics import distributions as own

RANDOM = np.random.default_rng(0)
SHARES = np.concatenate([RANDOM.random(2000), [1e-300, 1e-12, 0.5, np.nan]])
VALUES = np.concatenate([RANDOM.normal(0, 5, 2000), [0.0, np.inf, -np.inf, np.nan]])
FREEDOM = np.concatenate([50 * RANDOM.random(2001), [np.inf, 1e9, 0.0]])


def test_they_are_those_of_scipy() -> None:
    for mine, theirs in (
        (own.normal_quantile(SHARES), stats.norm.ppf(SHARES)),
        (own.normal_tail(VALUES), stats.norm.sf(VALUES)),
        (own.student_quantile(SHARES, FREEDOM), stats.t.ppf(SHARES, FREEDOM)),
        (-own.student_quantile(SHARES, FREEDOM), stats.t.isf(SHARES, FREEDOM)),
        (own.student_tail(VALUES, FREEDOM), stats.t.sf(VALUES, FREEDOM)),
        (own.chi_squared_quantile(SHARES, 7.0), stats.chi2.ppf(SHARES, 7.0)),
    ):
        np.testing.assert_array_equal(mine, theirs)


def test_a_root_is_found_to_the_last_bit() -> None:
    assert own.root(lambda x: x * x - 2, 0, 2) == pytest.approx(2**0.5, rel=3e-16)
    assert own.root(lambda x: 1 / x - 1e-3, 1e-6, 1e6) == pytest.approx(1000, rel=1e-15)
    with pytest.raises(ValueError, match="same sign"):
        own.root(lambda x: x + 1, 0, 1)
