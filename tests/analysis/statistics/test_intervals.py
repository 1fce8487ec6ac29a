from math import isnan, sqrt

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.statistics import intervals


@given(data=st.data(), n=st.integers(1, 5000), level=st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=60, deadline=None)
def test_wilson_is_scipys(data: st.DataObject, n: int, level: float) -> None:
    correct = data.draw(st.integers(0, n))
    expected = scipy.stats.binomtest(correct, n).proportion_ci(level, method="wilson")
    low, high = intervals.wilson(correct, n, level)
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= low <= correct / n <= high <= 1


def test_wilson_takes_arrays_and_has_no_interval_without_images() -> None:
    low, high = intervals.wilson(np.array([[0, 10], [5, 10]]), np.array([10, 10]))
    assert low.shape == high.shape == (2, 2)
    assert (low[0, 0], high[0, 1], high[1, 1]) == (0, 1, 1)
    assert low[1, 0] + high[1, 0] == pytest.approx(1)
    assert np.isnan(intervals.wilson([0, 1], [0, 1])).tolist() == [[True, False], [True, False]]


@pytest.mark.parametrize("correct", [-1, 11])
def test_wilson_refuses_counts_that_cannot_be(correct: int) -> None:
    with pytest.raises(ValueError, match="between 0 and n"):
        intervals.wilson(correct, 10)


def test_mean_interval_by_hand() -> None:
    # the 97.5 % point of Student's t with 2 degrees of freedom, from any table, is 4.303
    mean, low, high = intervals.mean_interval([0.9, 0.92, 0.97])
    spread = sqrt((0.03**2 + 0.01**2 + 0.04**2) / 2)
    assert mean == pytest.approx(0.93)
    assert (low, high) == pytest.approx((0.93 - 4.3027 * spread / sqrt(3), 0.93 + 4.3027 * spread / sqrt(3)), rel=1e-5)


def test_mean_interval_says_nothing_of_the_spread_of_one_seed() -> None:
    mean, low, high = intervals.mean_interval([0.9])
    assert mean == 0.9
    assert isnan(low)
    assert isnan(high)
    assert np.isnan(intervals.mean_interval([])).all()
    assert intervals.mean_interval([0.5, 0.5]) == (0.5, 0.5, 0.5)


def test_a_level_is_a_probability() -> None:
    with pytest.raises(ValueError, match="between 0 and 1, not at 95"):
        intervals.wilson(5, 10, level=95)
