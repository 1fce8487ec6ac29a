"""Which tickets differ: every pair, tested on the same images, with all the tests shown held to one error rate."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import MEAN, Outcomes
from analysis.corruptions.conditions import Condition
from analysis.statistics.multiple_testing import holm
from analysis.statistics.replication import compare

COLUMNS = ["a", "b", "corruption", "severity", "difference", "low", "high", "p", "p_holm", "within_noise", "over_seeds"]


def pair_tests(outcomes: Outcomes, together: bool = False, level: float = 0.95) -> pd.DataFrame:
    """Each pair of tickets under each condition, or under all together.

    Args:
        outcomes: the tickets and conditions to be shown (`predictions.chosen` picks them): all their pairs
            are one family, and the more there are the more each must show. Three seeds give few p below .01, so of more
            than a handful of tests they rarely prove anything: show fewer.
        together: average each image over the conditions first, which makes one test a pair. Choose the conditions, or
            the clean images count as well.
        level: coverage of each interval by itself, and 1 minus the chance that any test claims a difference where
            there is none, in (0, 1).

    Returns a row a pair and condition, pairs in the order of the tickets:
        a, b: the tickets. corruption, severity: the condition; "mean" and 0 for all together.
        difference, low, high: accuracy of a minus that of b, in [-1, 1], and its interval, unadjusted.
        p: of the test. With several seeds of both the paired Student's over seeds, in their order; with one McNemar's
            over images, or together a z-test over images (see `analysis.statistics.replication.compare`).
        p_holm: p after Holm's correction over the whole table. within_noise: bool, p_holm is at least 1 - level, so
            no difference is claimed. over_seeds: bool, the seeds were tested and not the images.
    Fewer than two tickets, or no condition, give an empty table.
    """
    pairs = list(combinations(outcomes.right, 2))
    if not pairs or not outcomes.conditions:
        return pd.DataFrame(columns=COLUMNS)
    right, conditions = outcomes.right, outcomes.conditions
    if together:
        right, conditions = {name: each.mean(axis=1, keepdims=True) for name, each in right.items()}, [(MEAN, 0)]
    table = pd.concat([_pair(a, b, right, conditions, level) for a, b in pairs], ignore_index=True)
    table["p_holm"] = holm(table["p"])
    table["within_noise"] = table["p_holm"] >= 1 - level
    return table[COLUMNS]


def both_ways(tests: pd.DataFrame) -> pd.DataFrame:
    """The rows of `pair_tests` and each of them the other way round, b minus a: the cells of a matrix of tickets."""
    turned = tests.rename(columns={"a": "b", "b": "a", "low": "high", "high": "low"})
    turned[["difference", "low", "high"]] *= -1
    return pd.concat([tests, turned[tests.columns]], ignore_index=True)


def best_first(outcomes: Outcomes) -> list[str]:
    """The tickets by their accuracy, the mean over seeds and all of these conditions."""
    accuracy = {name: float(right.mean()) for name, right in outcomes.right.items()}
    return sorted(accuracy, key=lambda name: -accuracy[name])


def _pair(a: str, b: str, right: dict[str, np.ndarray], conditions: list[Condition], level: float) -> pd.DataFrame:
    gap = compare(right[a], right[b], level)
    corruptions, severities = zip(*conditions, strict=True)
    return pd.DataFrame(
        {
            "a": a,
            "b": b,
            "corruption": corruptions,
            "severity": severities,
            "difference": gap.value,
            "low": gap.low,
            "high": gap.high,
            "p": gap.p,
            "over_seeds": gap.over_seeds,
        }
    )
