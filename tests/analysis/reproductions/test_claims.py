"""A claim's verdict, and the numbers that claims are made of."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.reproductions import Claim, Number, StudyResults
from analysis.reproductions.study_results import seconds
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
    found = results.ratio(("imp", 0.9), ("random", 0.9), seconds)
    ratios = results.values("imp", 0.9, seconds) / results.values("random", 0.9, seconds)
    assert found.value == pytest.approx(math.sqrt(ratios[0] * ratios[1]))
    assert found.low <= found.value <= found.high
    assert results.times([2.0, 0.5]).value == pytest.approx(1.0)


def test_a_ticket_that_is_not_there_is_a_sentence(found_study: Path) -> None:
    with pytest.raises(UserError, match=r"no ticket of 'imp' at sparsity 0.3, seed 0"):
        StudyResults(Study.open(found_study)).values("imp", 0.3)
