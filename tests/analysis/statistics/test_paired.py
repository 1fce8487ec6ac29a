from fractions import Fraction
from math import comb, sqrt

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.statistics import paired
from tests.analysis.statistics import by_hand


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (3, 12), (12, 12), (0, 24), (11, 13)])
def test_mcnemar_is_the_binomial_test_for_few_discordant_images(only_a: int, only_b: int) -> None:
    n, least = only_a + only_b, min(only_a, only_b)
    by_hand = min(Fraction(1), 2 * sum(Fraction(comb(n, k), 2**n) for k in range(least + 1)))
    assert paired.mcnemar(only_a, only_b) == pytest.approx(float(by_hand))


@pytest.mark.parametrize(("only_a", "only_b"), [(5, 20), (13, 12), (40, 60), (300, 200)])
def test_mcnemar_is_chi_squared_with_continuity_correction_for_many(only_a: int, only_b: int) -> None:
    p = paired.mcnemar(only_a, only_b)
    z = (abs(only_a - only_b) - 1) / sqrt(only_a + only_b)
    assert p == pytest.approx(2 * scipy.stats.norm.sf(z))
    exact = scipy.stats.binomtest(only_a, only_a + only_b).pvalue
    assert p == pytest.approx(exact, abs=0.01)


def test_mcnemar_treats_both_alike_and_many_pairs_at_once() -> None:
    assert paired.mcnemar(4, 17) == paired.mcnemar(17, 4)
    assert paired.mcnemar(30, 30) == 1
    only_a, only_b = np.array([[[0, 3], [30, 24]], [[0, 12], [10, 1]]])
    found = paired.mcnemar(only_a, only_b)
    assert found.tolist() == [[float(paired.mcnemar(only_a[i, j], only_b[i, j])) for j in range(2)] for i in range(2)]


@given(a=st.lists(st.booleans(), min_size=60, max_size=60), b=st.lists(st.booleans(), min_size=60, max_size=60))
@settings(max_examples=60, deadline=None)
def test_mcnemar_is_that_of_the_outcomes_by_hand(a: list[bool], b: list[bool]) -> None:
    one, other = np.array(a), np.array(b)
    found = paired.mcnemar((one & ~other).sum(), (~one & other).sum())
    assert found == pytest.approx(by_hand.mcnemar(one, other))


def test_the_paired_interval_is_that_of_the_bootstrap() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.random((2, 6, 1500)) < np.array([0.8, 0.75])[:, None, None]
    expected = by_hand.bootstrap(a, b, resamples=4000)
    assert paired.paired_interval(a.mean(axis=0) - b.mean(axis=0)) == pytest.approx(expected, abs=1.5e-3)


@pytest.mark.parametrize("only_a", range(12))
@pytest.mark.parametrize("only_b", [0, 1, 4])
def test_few_discordant_images_are_judged_as_mcnemar_does(only_a: int, only_b: int) -> None:
    a, b = np.zeros((2, 1000), dtype=bool)
    a[:only_a] = True
    b[500 : 500 + only_b] = True
    _, low, high = paired.paired_interval(a.astype(float) - b)
    p = by_hand.mcnemar(a, b)
    if not 0.02 < p < 0.12:  # near the limit the two may differ
        assert (low <= 0 <= high) == (p > 0.05)
