"""Histograms against counting by hand, and brushed ranges that lose nothing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.statistics.histograms import MOST, histogram, round_range

VALUES = arrays(np.float64, st.integers(0, 80), elements=st.floats(-1e6, 1e6) | st.just(np.nan) | st.just(np.inf))


@given(VALUES, st.integers(1, 4))
def test_each_value_is_counted_once(values: np.ndarray, every: int) -> None:
    chosen = np.arange(len(values)) % every == 0
    found = histogram(values, chosen)
    finite = np.isfinite(values)
    assert len(found) <= MOST
    assert found["all"].sum() == finite.sum()
    assert found["chosen"].sum() == (finite & chosen).sum()
    last = len(found) - 1
    for place, (low, high, count) in enumerate(zip(found["low"], found["high"], found["all"], strict=True)):
        inside = (values >= low) & ((values <= high) if place == last else (values < high))
        assert count == inside.sum()


@given(st.floats(-1e4, 1e4), st.floats(0, 100), st.floats(1e-3, 1e5))
def test_a_rounded_range_is_no_narrower_and_hardly_wider(low: float, width: float, spread: float) -> None:
    start, end = round_range(low, low + width, spread)
    slack = 1e-9 * max(1, abs(low) + width)
    assert start <= low + slack
    assert end >= low + width - slack
    assert (end - start) - width <= 2 * spread / 1000 + 2 * slack


def test_a_range_reads_well() -> None:
    assert round_range(-1.23456, 0.98765, 4.0) == (-1.235, 0.988)
    assert round_range(3.0, 4.0, 0.0) == (3.0, 4.0)
    assert round_range(12345.6, 23456.7, 30000.0) == (12340.0, 23460.0)
