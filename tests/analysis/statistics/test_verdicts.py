from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import binomtest, nct, norm, t, ttest_rel

from analysis.statistics.multiple_testing import holm
from analysis.statistics.verdicts import (
    CANNOT_TELL,
    COLUMNS,
    DIFFERS,
    EQUIVALENT,
    Gap,
    detectable_shift,
    judge,
    paired_gap,
    paired_gaps,
)


def drawn(tickets: int, seeds: int, images: int, seed: int = 0, spread: float = 0.3) -> np.ndarray:
    """Right or wrong of equal methods: hard and easy images, trainings that turn out better or worse. [T, S, N]."""
    rng = np.random.default_rng(seed)
    luck = rng.normal(0, spread, (tickets, seeds, 1)) + rng.normal(0, 1, (tickets, seeds, images))
    result: np.ndarray = rng.normal(3, 3, images) + luck > 0
    return result


def test_the_error_adds_both_chances() -> None:
    a, b = drawn(2, 3, 500)
    gap, found = paired_gap(a, b), judge([paired_gap(a, b)]).iloc[0]
    each = [one.mean() - other.mean() for one, other in zip(a, b, strict=True)]
    images = np.append(a.mean(axis=0) - b.mean(axis=0), [1, -1])  # one more on either side
    assert gap.difference == pytest.approx(np.mean(each))
    assert gap.error**2 == pytest.approx(np.var(each, ddof=1) / 3 + images.var() / 502)
    half = t.ppf(0.975, 2) * gap.error
    assert (found.low, found.high) == pytest.approx((images.mean() - half, images.mean() + half))
    assert found.p == pytest.approx(2 * t.sf(abs(images.mean()) / gap.error, 2))
    assert (found.over, found.seeds, list(judge([gap]).columns)) == ("seeds", 3, COLUMNS)
    assert found.p > ttest_rel(a.mean(axis=1), b.mean(axis=1)).pvalue, "never more liberal than the seeds by themselves"


def test_all_pairs_at_once_are_the_pairs_one_by_one() -> None:
    outcomes = drawn(4, 1, 300)
    every = paired_gaps(outcomes)
    for a, b in combinations(range(4), 2):
        one = paired_gap(outcomes[a], outcomes[b])
        for name in ("difference", "centre", "error"):
            assert getattr(every, name)[a, b] == pytest.approx(getattr(one, name))
    two = drawn(2, 3, 300)
    assert paired_gaps(two).error[0, 1] == pytest.approx(paired_gap(*two).error), "two tickets have but their own seeds"
    assert paired_gaps(two).freedom == 2
    shares = np.random.default_rng(0).random((2, 2, 5, 40))  # under several conditions
    by_condition = paired_gap(*shares)
    assert by_condition.error[3] == pytest.approx(paired_gap(shares[0, :, 3], shares[1, :, 3]).error)


def test_many_pairs_together_know_how_much_seeds_vary() -> None:
    outcomes = drawn(8, 3, 1000)
    every, one = paired_gaps(outcomes), paired_gap(outcomes[0], outcomes[1])
    assert one.freedom == 2 < every.freedom <= 7 * 2
    np.testing.assert_allclose(every.error, every.error.T)
    for a, b in combinations(range(8), 2):
        assert every.error[a, b] >= paired_gap(outcomes[a], outcomes[b]).error - 1e-12, "never less than its own"


def test_one_seed_speaks_of_these_networks() -> None:
    a, b = drawn(2, 1, 20_000)
    found = judge([paired_gap(a, b)]).iloc[0]
    assert found.over == "images"
    assert found.p == pytest.approx(ttest_rel(1.0 * a[0], 1.0 * b[0]).pvalue, rel=0.02)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (10, 0), (3, 12), (13, 12), (40, 70), (300, 200)])
def test_one_run_is_tested_about_as_mcnemar_does(only_a: int, only_b: int) -> None:
    a, b = np.zeros((2, 1, 1000), dtype=bool)
    a[0, :only_a] = True
    b[0, only_a : only_a + only_b] = True
    exact = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1
    found = judge([paired_gap(a, b)])["p"][0]
    assert (found > 0.05) == (exact > 0.05)
    assert found > exact / 2, "honest also where few images differ, and far below .05"


def test_the_interval_over_images_is_that_of_resampled_images() -> None:
    a, b = drawn(2, 1, 2000)
    rng, gap = np.random.default_rng(0), a[0].astype(float) - b[0]
    means = [gap[rng.integers(2000, size=2000)].mean() for _ in range(2000)]
    found = judge([paired_gap(a, b)]).iloc[0]
    assert (found.low, found.high) == pytest.approx(np.quantile(means, [0.025, 0.975]), abs=1.5e-3)


def test_equivalence_is_two_one_sided_tests() -> None:
    rng = np.random.default_rng(3)
    a = rng.random((6, 2000)) < 0.9
    b = np.where(rng.random((6, 2000)) < 0.05, rng.random((6, 2000)) < 0.9, a)
    gap, d = paired_gap(a, b), 0.02
    lower, upper = t.sf((gap.centre + d) / gap.error, 5), t.cdf((gap.centre - d) / gap.error, 5)
    found = judge([gap], d).iloc[0]
    assert found.p_equivalent == pytest.approx(max(lower, upper))
    assert (found.verdict, found.within) == (EQUIVALENT, True)
    assert judge([gap], 0.001).verdict[0] == CANNOT_TELL


def test_a_difference_may_be_real_and_too_small_to_matter() -> None:
    gap = Gap(np.array(0.005), np.array(0.005), np.array(0.0005), 30, 29)
    found = judge([gap]).iloc[0]
    assert (found.verdict, found.within) == (DIFFERS, True)


def test_networks_that_are_the_same_are_not_told_apart() -> None:
    a = drawn(1, 3, 400)[0]
    found = judge([paired_gap(a, a)]).iloc[0]
    assert (found.difference, found.p) == (0, 1)
    assert found.low < 0 < found.high, "seeds that agree by chance prove nothing"


gaps_strategy = some.lists(
    some.tuples(some.floats(-0.2, 0.2), some.floats(1e-4, 0.05), some.integers(1, 6)), min_size=1, max_size=12
)


@settings(max_examples=200, deadline=None)
@given(gaps_strategy, some.floats(0.001, 0.1), some.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_decides(drawn: list[tuple[float, float, int]], d: float, level: float) -> None:
    found = judge(
        [Gap(np.array(gap), np.array(gap), np.array(error), n, n - 1 or np.inf) for gap, error, n in drawn], d, level
    )
    without_zero = (found["low"] > 0) | (found["high"] < 0)
    inside = (found["low"] > -d) & (found["high"] < d)
    assert ((found["verdict"] == DIFFERS) == without_zero).all()
    assert ((found["verdict"] == EQUIVALENT) == (inside & ~without_zero)).all()
    assert ((found["verdict"] == DIFFERS) == (found["p_holm"] < 1 - level)).all()
    assert (found["within"] == (found["p_equivalent"] < (1 - level) / 2)).all()
    assert (found["verdict"].eq(EQUIVALENT) <= found["within"]).all()
    np.testing.assert_allclose(found["p_holm"], holm(found["p"]))


@pytest.mark.parametrize("freedom", [2, 4, 30])
def test_what_could_have_been_shown(freedom: int) -> None:
    shift = detectable_shift(freedom, 0.05)
    critical = t.isf(0.025, freedom)
    assert nct.sf(critical, freedom, shift) + nct.cdf(-critical, freedom, shift) == pytest.approx(0.8, abs=2e-3)
    assert detectable_shift(np.inf, 0.05) == pytest.approx(norm.isf(0.025) + norm.isf(0.2), abs=1e-3)
    gap = paired_gap(*drawn(2, freedom + 1, 400))
    assert judge([gap]).detectable[0] == pytest.approx(min(shift * gap.error, 1))


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("images", [400, 5000])
@pytest.mark.parametrize("spread", [0.05, 0.5])
def test_equal_methods_are_told_apart_in_few_families(seeds: int, images: int, spread: float) -> None:
    wrong = 0
    for seed in range(60):
        every = paired_gaps(drawn(5, seeds, images, seed, spread))
        above = np.triu_indices(5, 1)
        gap = Gap(every.difference[above], every.centre[above], every.error[above], seeds, every.freedom)
        wrong += (judge([gap])["verdict"] == DIFFERS).any()
    assert wrong <= 6


def test_networks_d_apart_are_called_equivalent_in_few_cases() -> None:
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(300):
        each = rng.normal(0.01, 0.004, 4)  # four seeds whose methods are just one point apart
        gap = Gap(each.mean(), each.mean(), each.std(ddof=1) / 2, 4, 3)
        wrong += judge([gap])["within"][0]
    assert wrong <= 17


def test_what_cannot_be_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="same seeds"):
        paired_gap(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="equivalence"):
        judge([], equivalence=0)
    assert judge([]).empty
