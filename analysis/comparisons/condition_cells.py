"""Accuracies and differences for groups of conditions: the cells of heat maps and the points of curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import MEAN, Outcomes
from analysis.comparisons.verdicts import against, gaps_of, verdicts
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.metrics.corruption_error import COUNTED
from analysis.statistics.replication import share
from analysis.statistics.verdicts import COLUMNS, DIFFERS, EQUIVALENCE, Gap, judge

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
        if (corruption, level) == CLEAN or (severity and level != severity):
            continue
        groups.setdefault((corruption, severity), []).append(place)
        if corruption in COUNTED:
            groups.setdefault((MEAN, severity), []).append(place)
    return groups


def averaged(outcomes: Outcomes) -> list[int]:
    """The places of the conditions that the mean corruption accuracy is over.

    Those of the corruptions that count, or all but the clean one where none of them counts, as in the other families.
    """
    counted = sorted(place for places in outcomes.counted.values() for place in places)
    return counted or [place for place, condition in enumerate(outcomes.conditions) if condition != CLEAN]


def conditions_of(conditions: Iterable[Condition], corruption: str, severity: int = 0) -> list[Condition]:
    """Those of the conditions that belong to a corruption, or to all that count (`MEAN`).

    At one severity, or at any (0).
    """
    names = COUNTED if corruption == MEAN else (corruption,)
    return [each for each in conditions if each[0] in names and (not severity or each[1] == severity)]


def accuracies(outcomes: Outcomes, groups: Groups) -> pd.DataFrame:
    """key, corruption, severity, accuracy, low, high.

    Fractions, the mean over seeds with its 95 % interval, over seeds where there are several, else over images.
    """
    rows = []
    for key, right in outcomes.right.items():
        for condition, places in groups.items():
            found = share(_together(right, places))
            rows.append((key, *condition, float(found.value), float(found.low), float(found.high)))
    return pd.DataFrame(rows, columns=["key", "corruption", "severity", "accuracy", "low", "high"])


def gaps(outcomes: Outcomes, baseline: str, groups: Groups) -> pd.DataFrame:
    """key, corruption, severity, difference, low, high, within_noise.

    Accuracy minus the baseline's on the same images, with the interval that decides. Each condition is a question by
    itself, to which `comparisons.verdicts` has the answer: all pairs of the tickets are its family. `within_noise` is
    whether the two are not shown to differ. A row for every key but the baseline.
    """
    tables = []
    for (corruption, severity), places in groups.items():
        rows = against(verdicts(outcomes.per_image(places), baseline=baseline), baseline)
        tables.append(rows.assign(corruption=corruption, severity=severity, within_noise=rows["verdict"] != DIFFERS))
    table = pd.concat(tables, ignore_index=True).rename(columns={"a": "key"}) if tables else pd.DataFrame()
    order = {key: place for place, key in enumerate(outcomes.right)}
    table = table.reindex(columns=["key", "corruption", "severity", "difference", "low", "high", "within_noise"])
    return table.sort_values("key", key=lambda keys: keys.map(order), kind="stable", ignore_index=True)


def apart(outcomes: Outcomes, baseline: str, groups: Groups, equivalence: float = EQUIVALENCE) -> pd.DataFrame:
    """key, corruption, severity and the columns of `statistics.verdicts.judge`: all cells are one family.

    The same differences as in `gaps`, for what is said of several conditions at once: at most one time in twenty is
    any cell of the whole table falsely said to differ.
    """
    found: dict[tuple[str, str, int], Gap] = {}
    for condition, places in groups.items():
        own = outcomes.per_image(places)
        pairs = gaps_of(own, [(key, baseline) for key in own if key != baseline])
        found |= {(key, *condition): gap for (key, _), gap in pairs.items()}
    table = judge(list(found.values()), equivalence)
    names = pd.DataFrame(list(found), columns=["key", "corruption", "severity"])
    return pd.concat([names, table], axis=1)[["key", "corruption", "severity", *COLUMNS]]


def over_seeds(outcomes: Outcomes) -> bool:
    """Whether every ticket has several seeds, so that intervals are over them."""
    return min((len(right) for right in outcomes.right.values()), default=0) > 1


def _together(right: np.ndarray, places: Sequence[int]) -> np.ndarray:
    """Outcomes [seeds, images], averaged over conditions; still bool for one."""
    return right[:, places[0]] if len(places) == 1 else right[:, list(places)].mean(axis=1)
