"""Discoveries against scipy's Benjamini-Hochberg, and their intervals against the rate that decides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, norm

from analysis.statistics.discoveries import COLUMNS, discoveries, found_below
from analysis.statistics.verdicts import Gap


@given(seed=st.integers(0, 10_000), count=st.integers(1, 40), real=st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_what_stands_out_is_what_scipy_finds_and_its_interval_leaves_out_nought(
    seed: int, count: int, real: int
) -> None:
    z = np.random.default_rng(seed).normal(size=count) + 4 * (np.arange(count) < real)
    table = discoveries([Gap(z / 100, z / 100, np.full(count, 0.01), 1, np.inf)])
    np.testing.assert_allclose(table["p"], 2 * norm.sf(np.abs(z)))
    found = false_discovery_control(table["p"]) < 0.05
    np.testing.assert_array_equal(table["stands_out"], found)
    np.testing.assert_array_equal((table["low"] > 0) | (table["high"] < 0), found)


def test_the_intervals_are_benjamini_and_yekutielis() -> None:
    z = np.array([5.0, 4.0, 0.5, 0.1])
    table = discoveries([Gap(z / 100, z / 100, np.full(4, 0.01), 1, np.inf)])
    reach = norm.isf(0.05 * 2 / 4 / 2) * 0.01  # two of four were found
    assert (table["high"] - table["low"]).tolist() == pytest.approx([2 * reach] * 4)


def test_where_nothing_stands_out_the_rate_is_that_of_one() -> None:
    assert found_below(np.array([0.5, 0.9]), 0.05) == pytest.approx(0.025)
    assert list(discoveries([]).columns) == COLUMNS
