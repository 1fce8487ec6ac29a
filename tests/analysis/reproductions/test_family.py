"""All findings as one family: what counts, and what holds when so many are asked about."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.reproductions import Claim, Number
from analysis.reproductions.family import ALPHA, count, family, why_uncounted
from analysis.statistics.intervals import mean_interval


def claim(
    values: list[float] | np.ndarray, finding: str = "It is so.", beyond: float = 0.0, uncounted: str = ""
) -> Claim:
    number = Number(*mean_interval(values), f"{len(values)} seeds", values=tuple(map(float, values)))
    return Claim(finding, "", "", number, beyond, uncounted=uncounted)


def random_claims(rng: np.random.Generator, effects: list[float], seeds: int = 5) -> list[Claim]:
    return [claim(rng.normal(effect, 1.0, seeds)) for effect in effects]


@given(st.integers(0, 10_000))
def test_corrections_are_those_of_the_textbook(seed: int) -> None:
    rng = np.random.default_rng(seed)
    claims = random_claims(rng, [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, -3.0])
    found = family({"one": claims[:3], "two": claims[3:]})
    findings = found["one"] + found["two"]
    ps = sorted(each.p for each in claims)
    # Holm 1979: the k-th smallest against alpha / (m - k + 1), stopping at the first that fails
    holds = next((k for k, p in enumerate(ps) if p > ALPHA / (len(ps) - k)), len(ps))
    # Benjamini & Hochberg 1995: up to the last with p <= k alpha / m
    share = max((k + 1 for k, p in enumerate(ps) if p <= (k + 1) * ALPHA / len(ps)), default=0)
    counts = count(findings)
    assert (counts.by_holm, counts.by_share) == (holds, share)
    assert [each.claim for each in findings] == claims
    assert counts.hold == sum(each.number.low > 0 for each in claims)
    assert counts.hold + counts.fail + counts.noise == counts.counted == 7


def test_what_says_so_itself_has_no_spread_or_is_a_number_twice_does_not_count() -> None:
    first = [1.0, 3.0, 2.0, 5.0]
    claims = [
        claim(first, "The first."),
        claim([2.0, 3.0, 2.0, 5.0], "Another."),
        claim(first, "The first again."),
        claim([value - 10 for value in first], "It from elsewhere."),
        claim([5.0] * 4, "Always five."),
        claim([9.0, 8.0, 7.0, 6.5], "It cannot fail.", uncounted="It cannot."),
        claim([9.0, 8.0, 7.0, 6.5], "A number that only an uncounted one has."),
        claim([4.0], "One seed."),
    ]
    reasons = why_uncounted(claims)
    assert [not reason for reason in reasons] == [True, True, False, False, False, False, True, False]
    assert reasons[2] == reasons[3] == "It is the number of another finding once more: The first."
    assert "same in every seed" in reasons[4]
    assert reasons[5] == "It cannot."
    findings = family({"one": claims})["one"]
    assert [math.isnan(each.holm) for each in findings] == [bool(reason) for reason in reasons]
    assert [each.verdict for each in findings].count("not counted") == count(findings).uncounted == 5


def test_uncounted_findings_do_not_weigh_on_the_others() -> None:
    claims = random_claims(np.random.default_rng(0), [0.0, 1.0, 3.0])
    trivial = claim([9.0, 8.0, 7.0, 6.5], uncounted="It cannot fail.")
    alone, beside = family({"a": claims})["a"], family({"a": claims, "b": [trivial] * 40})["a"]
    assert [(each.holm, each.share) for each in alone] == [(each.holm, each.share) for each in beside]


def test_nothing_that_was_run_is_a_family_too() -> None:
    assert family({}) == {}
    assert count([]).counted == 0


@pytest.mark.parametrize("seeds", [3, 5])
def test_where_nothing_is_true_nothing_holds_after_holm_but_in_one_case_of_forty(seeds: int) -> None:
    rng = np.random.default_rng(seeds)
    trials, members = 200, 40
    alone, together, below = 0.0, 0, 0
    for _ in range(trials):
        counts = count(family({"all": random_claims(rng, [0.0] * members, seeds)})["all"])
        alone += counts.hold / members / trials
        together += counts.by_holm > 0
        below += counts.fail_by_holm > 0
    assert alone == pytest.approx(0.025, abs=0.0055)
    assert together / trials <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / trials)
    assert below / trials <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / trials)
