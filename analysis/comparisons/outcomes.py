"""Accuracies and differences by corruption and severity, with intervals, from the outcomes of several seeds.

`Outcomes` are what the results' table `conditions` holds, unpacked: for each ticket (whatever its seeds, one name) a
bool array [seeds, conditions, images], True where the prediction is right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.corruptions.conditions import Condition
from analysis.metrics.corruption_error import COUNTED
from analysis.statistics.intervals import mean_interval, unpack_correct, wilson
from pruning.errors import UserError

MEAN = "mean"
"""Stands in the column `corruption` for the mean over the corruptions that count."""


@dataclass(frozen=True)
class Outcomes:
    """Who is right where: `right[name]` is bool [seeds, conditions, images], `conditions` names the middle axis."""

    conditions: list[Condition]
    right: dict[str, np.ndarray]

    @property
    def counted(self) -> dict[int, list[int]]:
        """Severity -> places of the conditions that count towards the mean, on the axis of conditions."""
        found: dict[int, list[int]] = {}
        for place, (corruption, severity) in enumerate(self.conditions):
            if corruption in COUNTED:
                found.setdefault(severity, []).append(place)
        return dict(sorted(found.items()))


def collect(conditions: pd.DataFrame, tickets: Mapping[str, Sequence[str]]) -> Outcomes:
    """Outcomes from rows of the table `conditions`.

    Args:
        conditions: ticket_id, corruption, severity, n, offsets. tickets: name -> ids of its seeds. Ids without
            rows are left out, and names without any.

    Raises UserError when tickets were not measured under the same conditions, on the same images.
    """
    unpacked = unpack_correct(conditions)
    rows = conditions[conditions["ticket_id"] == next(iter(unpacked), None)]
    order = [(str(name), int(level)) for name, level in zip(rows["corruption"], rows["severity"], strict=True)]
    right = {}
    for name, ids in tickets.items():
        found = [unpacked[ticket] for ticket in ids if ticket in unpacked]
        if found:
            right[name] = np.stack(found)
    return Outcomes(order, right)


def accuracies(outcomes: Outcomes) -> pd.DataFrame:
    """Accuracy under each condition and, as corruption `MEAN`, over the counted corruptions at each severity.

    Returns key, corruption, severity, accuracy, low, high: fractions, the mean over seeds and its 95 % interval (of
    the mean over seeds; over test images for a single seed).
    """
    rows = []
    for name, right in outcomes.right.items():
        for place, (corruption, severity) in enumerate(outcomes.conditions):
            rows.append((name, corruption, severity, *_interval(right[:, place, :])))
        for severity, places in outcomes.counted.items():
            rows.append((name, MEAN, severity, *_interval(right[:, places, :].mean(axis=1))))
    return pd.DataFrame(rows, columns=["key", "corruption", "severity", "accuracy", "low", "high"])


def overall(outcomes: Outcomes) -> pd.DataFrame:
    """Mean corruption accuracy: key, accuracy, low, high, over all counted conditions, intervals as in `accuracies`."""
    places = [place for group in outcomes.counted.values() for place in group]
    rows = [(name, *_interval(right[:, places, :].mean(axis=1))) for name, right in outcomes.right.items()]
    return pd.DataFrame(rows if places else [], columns=["key", "accuracy", "low", "high"])


def differences(outcomes: Outcomes, baseline: str) -> pd.DataFrame:
    """Accuracy minus the baseline's, paired image by image, under the same conditions as `accuracies`.

    Returns key, corruption, severity, difference, low, high (fractions) for every name but the baseline; low and high
    are `paired_interval`'s. Outcomes are averaged over seeds inside an image.

    Raises UserError when the baseline has no outcomes.
    """
    if baseline not in outcomes.right:
        raise UserError("The baseline has no results on corrupted images; measure it, or choose another.")
    reference = outcomes.right[baseline].mean(axis=0)
    rows = []
    for name, right in outcomes.right.items():
        if name == baseline:
            continue
        gap = right.mean(axis=0) - reference
        for (corruption, severity), mean, low, high in zip(outcomes.conditions, *paired_interval(gap), strict=True):
            rows.append((name, corruption, severity, float(mean), float(low), float(high)))
        for severity, places in outcomes.counted.items():
            mean, low, high = paired_interval(gap[places].mean(axis=0))
            rows.append((name, MEAN, severity, float(mean), float(low), float(high)))
    return pd.DataFrame(rows, columns=["key", "corruption", "severity", "difference", "low", "high"])


def paired_interval(gap: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean difference over images and its interval, for many conditions at once.

    For one condition of one run this is the adjusted Wald interval for matched pairs (Bonett & Price 2012), which
    counts one more image on either side, and so stays honest where few images differ, as McNemar's exact test does.

    Args:
        gap: [..., N] differences of the outcomes of N images, each in [-1, 1].

    Returns (difference, low, high), each [...]; the difference is the plain mean.
    """
    gap = np.asarray(gap, dtype=np.float64)
    n = gap.shape[-1]
    total, squares = gap.sum(axis=-1), (gap**2).sum(axis=-1)
    centre = total / (n + 2)
    spread = np.sqrt(np.maximum((squares + 2) / (n + 2) - centre**2, 0) / (n + 2))
    reach = norm.ppf(0.5 + level / 2) * spread
    return total / n, np.maximum(centre - reach, -1), np.minimum(centre + reach, 1)


def _interval(right: np.ndarray) -> tuple[float, float, float]:
    """Mean and interval of outcomes [seeds, images]: over seeds when there are several, otherwise over images."""
    each = right.mean(axis=1)
    if len(each) > 1:
        mean, low, high = mean_interval(each)
        return mean, max(0.0, low), min(1.0, high)
    if right.dtype == bool:
        bounds = wilson(int(right.sum()), right.size)
        return float(each[0]), float(bounds[0]), float(bounds[1])
    # A mean over conditions is no count: an image's outcomes hang together, so images are what varies.
    reach = float(norm.ppf(0.975) * right[0].std(ddof=1) / np.sqrt(right.shape[1])) if right.shape[1] > 1 else np.nan
    return float(each[0]), max(0.0, float(each[0]) - reach), min(1.0, float(each[0]) + reach)
