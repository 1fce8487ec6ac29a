"""Which tickets differ: every pair, tested on the same images, with all the tests shown held to one error rate."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import MEAN, Outcomes
from analysis.comparisons.replication import compare
from analysis.corruptions.conditions import Condition
from analysis.statistics.intervals import holm

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
            over images, or together a z-test over images (see `analysis.comparisons.replication.compare`).
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


def tied_with_best(outcomes: Outcomes, tests: pd.DataFrame) -> pd.DataFrame:
    """Which tickets are the best under a condition, or within noise of it.

    Args:
        outcomes: the tickets. tests: what `pair_tests` returned for them. The best is picked after looking, which is
            why it is held to the tests of all pairs.

    Returns bool, a row a ticket, a column a condition (corruption, severity) of `tests`; True for the ticket with the
    greatest accuracy, those with an equal one, and those whose difference to it is within noise.
    """
    tied: dict[Condition, dict[str, bool]] = {}
    for condition, rows in tests.groupby(["corruption", "severity"], sort=False):
        noise = {**_pairs(rows, "a", "b"), **_pairs(rows, "b", "a")}
        accuracy = _accuracies(outcomes, (str(condition[0]), int(condition[1])))
        best = max(accuracy, key=lambda name: accuracy[name])
        tied[str(condition[0]), int(condition[1])] = {
            name: name == best or accuracy[name] == accuracy[best] or noise[best, name] for name in accuracy
        }
    columns = pd.MultiIndex.from_tuples(list(tied), names=["corruption", "severity"]) if tied else None
    return pd.DataFrame([list(each.values()) for each in tied.values()], index=columns, columns=list(outcomes.right)).T


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


def _pairs(rows: pd.DataFrame, one: str, other: str) -> dict[tuple[str, str], bool]:
    return dict(zip(zip(rows[one], rows[other], strict=True), rows["within_noise"].astype(bool), strict=True))


def _accuracies(outcomes: Outcomes, condition: Condition) -> dict[str, float]:
    if condition == (MEAN, 0):
        return {name: float(right.mean()) for name, right in outcomes.right.items()}
    place = outcomes.conditions.index(condition)
    return {name: float(right[:, place].mean()) for name, right in outcomes.right.items()}
