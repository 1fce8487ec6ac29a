"""Accuracies and differences for groups of conditions: the cells of heat maps and the points of curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import MEAN, Outcomes
from analysis.comparisons.replication import compare, share
from analysis.corruptions.conditions import Condition
from analysis.metrics.corruption_error import COUNTED

Groups = Mapping[Condition, Sequence[int]]
"""(corruption, severity) -> the places of the conditions averaged; severity 0 is the mean over all severities."""


def by_severity(outcomes: Outcomes) -> dict[Condition, list[int]]:
    """Each condition by itself, the clean images too, and the mean of the counted corruptions at each severity."""
    groups = {condition: [place] for place, condition in enumerate(outcomes.conditions)}
    return groups | {(MEAN, severity): places for severity, places in outcomes.counted.items()}


def by_corruption(outcomes: Outcomes, severity: int = 0) -> dict[Condition, list[int]]:
    """Each corruption at one severity, or over all of its own (0), and the mean of the counted ones."""
    groups: dict[Condition, list[int]] = {}
    for place, (corruption, level) in enumerate(outcomes.conditions):
        if corruption == "clean" or (severity and level != severity):
            continue
        groups.setdefault((corruption, severity), []).append(place)
        if corruption in COUNTED:
            groups.setdefault((MEAN, severity), []).append(place)
    return groups


def accuracies(outcomes: Outcomes, groups: Groups) -> pd.DataFrame:
    """key, corruption, severity, accuracy, low, high: fractions, the mean over seeds with its 95 % interval, over
    seeds where there are several, else over images."""
    rows = []
    for key, right in outcomes.right.items():
        for condition, places in groups.items():
            found = share(_together(right, places))
            rows.append((key, *condition, float(found.value), float(found.low), float(found.high)))
    return pd.DataFrame(rows, columns=["key", "corruption", "severity", "accuracy", "low", "high"])


def gaps(outcomes: Outcomes, baseline: str, groups: Groups) -> pd.DataFrame:
    """key, corruption, severity, difference, low, high: accuracy minus the baseline's on the same images, and its 95 %
    interval, over paired seeds where there are several, else over images; a row for every key but the baseline."""
    rows = []
    reference = outcomes.right[baseline]
    for key, right in outcomes.right.items():
        if key == baseline:
            continue
        for condition, places in groups.items():
            found = compare(_together(right, places), _together(reference, places))
            rows.append((key, *condition, float(found.value), float(found.low), float(found.high)))
    return pd.DataFrame(rows, columns=["key", "corruption", "severity", "difference", "low", "high"])


def over_seeds(outcomes: Outcomes) -> bool:
    """Whether every ticket has several seeds, so that intervals are over them."""
    return min((len(right) for right in outcomes.right.values()), default=0) > 1


def _together(right: np.ndarray, places: Sequence[int]) -> np.ndarray:
    """Outcomes [seeds, images], averaged over conditions; still bool for one."""
    return right[:, places[0]] if len(places) == 1 else right[:, list(places)].mean(axis=1)
