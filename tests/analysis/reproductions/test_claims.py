"""A claim's verdict, and the numbers that claims are made of."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.reproductions import Claim, Number, StudyResults
from analysis.reproductions.claims import weakest
from analysis.reproductions.study_results import accuracy
from pruning.errors import UserError
from pruning.study.folder import Study

FINITE = st.floats(-50, 50)


def claim(low: float, high: float, beyond: float = 0.0) -> Claim:
    return Claim("a finding", "1", "a measure", Number((low + high) / 2, low, high, "3 seeds"), beyond)


@given(FINITE, FINITE, FINITE)
def test_a_verdict_is_where_the_interval_lies(one: float, other: float, bound: float) -> None:
    low, high = sorted((one, other))
    verdict = claim(low, high, bound).verdict
    assert (verdict == "holds") == (low > bound)
    assert (verdict == "does not hold") == (low <= bound and high <= bound)
    assert (verdict == "within noise") == (low <= bound < high)


def test_numbers_as_they_are_printed() -> None:
    assert str(Number(1.234, -0.5, 2.968, "3 seeds")) == "+1.23 [-0.50, +2.97] points"
    assert str(Number(12.34, 10, 14.68, "3 seeds", "times")) == "12.3 [10.0, 14.7] times"


def over_seeds(values: list[float] | np.ndarray, unit: str = "points") -> Number:
    """A number as a study's results make it."""
    results = StudyResults.__new__(StudyResults)
    results.__dict__["study"] = SimpleNamespace(config=SimpleNamespace(seeds=list(range(len(values)))))
    return results.times(np.exp(values)) if unit == "times" else results.over_seeds(values, unit)


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=8).filter(lambda v: np.ptp(v) > 1e-3), st.floats(-3, 3))
def test_the_p_is_students_and_agrees_with_the_interval(values: list[float], bound: float) -> None:
    number = over_seeds(values)
    assert number.p_above(bound) == pytest.approx(stats.ttest_1samp(values, bound, alternative="greater").pvalue)
    assert (number.p_above(bound) < 0.025) == (Claim("", "", "", number, bound).verdict == "holds")
    assert over_seeds(values, "times").p_above(math.exp(bound)) == pytest.approx(number.p_above(bound), rel=1e-6)


def test_seeds_that_are_all_alike_have_no_spread_to_be_sure_by() -> None:
    same = over_seeds([5.0] * 5)
    assert (same.p_above(0), same.p_above(5)) == (1 / 32, 1)
    assert math.isnan(over_seeds([5.0]).p_above(0))


def test_without_its_values_the_p_is_read_off_the_interval() -> None:
    number = Number(1.0, 0.0, 2.0, "2 seeds")
    assert (number.p_above(0), number.p_above(1), number.p_above(2)) == pytest.approx((0.025, 0.5, 0.975))
    assert Number(4.0, 2.0, 8.0, "2 seeds", "times").p_above(2) == pytest.approx(0.025)


def test_what_is_said_of_each_holds_where_it_holds_of_the_weakest() -> None:
    strong, weak = over_seeds([3.0, 3.1, 3.2]), over_seeds([3.0, 9.0, 0.1])
    assert weakest([strong, weak]) is weak
    assert weakest([strong, weak], bound=3.05) is weak
    assert weakest([over_seeds([1.0, 1.1, 1.2]), over_seeds([9.0, 2.0, 5.0])], bound=1.05).value == pytest.approx(1.1)


@pytest.mark.parametrize("seeds", [2, 3, 4, 5, 7])
@pytest.mark.parametrize("unit", ["points", "times"])
def test_a_claim_without_an_effect_holds_in_one_case_of_forty(seeds: int, unit: str) -> None:
    rng = np.random.default_rng(seeds)
    bound = 1.5 if unit == "times" else -0.5
    centre = math.log(bound) if unit == "times" else bound
    trials = 1500
    verdicts = [
        Claim("", "", "", over_seeds(rng.normal(centre, 0.8, seeds), unit), bound).verdict for _ in range(trials)
    ]
    for side in ("holds", "does not hold"):
        assert verdicts.count(side) / trials == pytest.approx(0.025, abs=0.0125)  # three standard errors


def test_values_are_paired_by_seed(found_study: Path) -> None:
    study = Study.open(found_study)
    results = StudyResults(study)
    accuracies = {
        (entry.recipe.method, entry.recipe.sparsity, entry.recipe.seed): 100 * entry.info.accuracy
        for entry in study.entries()
    }
    expected = np.array([accuracies["imp", 0.9, seed] - accuracies["shuffled", 0.9, seed] for seed in (0, 1)])
    gap = results.gap(("imp", 0.9), ("shuffled", 0.9))
    assert gap.value == pytest.approx(expected.mean())
    half = 12.706204736432095 * expected.std(ddof=1) / math.sqrt(2)  # Student's t of one degree of freedom
    assert (gap.low, gap.high) == pytest.approx((gap.value - half, gap.value + half))
    assert gap.repeats == "2 seeds"


def test_ratios_are_geometric(found_study: Path) -> None:
    results = StudyResults(Study.open(found_study))
    found = results.ratio(("imp", 0.9), ("random", 0.9), accuracy)
    ratios = results.values("imp", 0.9) / results.values("random", 0.9)
    assert found.value == pytest.approx(math.sqrt(ratios[0] * ratios[1]))
    assert found.low <= found.value <= found.high
    assert results.times([2.0, 0.5]).value == pytest.approx(1.0)


def test_a_ticket_that_is_not_there_is_a_sentence(found_study: Path) -> None:
    with pytest.raises(UserError, match=r"no ticket of 'imp' at sparsity 0.3, seed 0"):
        StudyResults(Study.open(found_study)).values("imp", 0.3)
