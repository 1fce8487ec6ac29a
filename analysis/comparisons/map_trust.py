"""Where maps mislead: of how many of an image's neighbours they tell, and of which class they tell least.

A map misleads where most of the neighbours that it shows are not an image's neighbours: where the mean recall
(`analysis.metrics.faithfulness`) is below a half. As many are shown as there are, so that it is also the share of those
shown that are true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.metrics.faithfulness import Faithfulness
from analysis.statistics.verdicts import DIFFERS, Gap, judge, paired_gap

THRESHOLD = 0.5
"""Mean recall below which a map misleads: most of the neighbours that it shows are none."""

FEWEST = 10
"""Images of a class, and of the others, below which nothing is said of it."""


@dataclass(frozen=True)
class MapTrust:
    """How far maps are to be trusted.

    Attributes:
        maps: a row a map: key, recall (mean over images), low, high (95 % for all maps together, at each one's step of
            Holm's procedure), misleads, leads (bool: shown to be below, or above, `THRESHOLD`).
        classes: a row a map and class: key, label, n, recall, difference (less that of the other classes), low, high,
            lower (bool: shown to be lower than that of the others; all maps and classes are one family).
    """

    maps: pd.DataFrame
    classes: pd.DataFrame


def map_trust(found: Mapping[str, Faithfulness], labels: Mapping[str, np.ndarray]) -> MapTrust:
    """Judge maps by their recall.

    Args:
        found: map -> how far to trust it at each image; images that are nan do not count, nor maps where all are.
        labels: map -> the classes of its images, int [N].

    Intervals are over the images shown: other trainings are not asked.
    """
    finite = {key: np.isfinite(each.recall) for key, each in found.items()}
    keys = [key for key, own in finite.items() if own.any()]
    parts = [found[key].parts[finite[key]][None] for key in keys]
    judged = judge([paired_gap(own, np.full_like(own, THRESHOLD)) for own in parts])
    maps = pd.DataFrame({"key": keys, "recall": [float(own.mean()) for own in parts]})
    maps["low"], maps["high"] = judged["low"] + THRESHOLD, judged["high"] + THRESHOLD
    shown = judged["verdict"] == DIFFERS
    maps["misleads"], maps["leads"] = shown & (judged["difference"] < 0), shown & (judged["difference"] > 0)
    return MapTrust(maps, _classes({key: (found[key].recall[finite[key]], labels[key][finite[key]]) for key in keys}))


def _classes(there: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> pd.DataFrame:
    rows, gaps = [], []
    for key, (values, labels) in there.items():
        for label in np.unique(labels).tolist():
            own, rest = values[labels == label].astype(float), values[labels != label].astype(float)
            if min(len(own), len(rest)) < FEWEST:
                continue
            difference = own.mean() - rest.mean()
            # Welch's, with a little of an image's worth on either side, so that equal values prove nothing.
            error = np.sqrt(own.var(ddof=1) / len(own) + rest.var(ddof=1) / len(rest) + 1 / len(own) ** 2 / 12)
            gaps.append(Gap(difference, difference, error, 1, _welch(own, rest)))
            rows.append({"key": key, "label": label, "n": len(own), "recall": own.mean()})
    judged = judge(gaps)
    table = pd.DataFrame(rows, columns=["key", "label", "n", "recall"]).join(judged[["difference", "low", "high"]])
    return table.assign(lower=(judged["verdict"] == DIFFERS) & (judged["difference"] < 0))


def _welch(first: np.ndarray, second: np.ndarray) -> float:
    """Welch & Satterthwaite's degrees of freedom; endless where neither varies."""
    parts = [each.var(ddof=1) / len(each) for each in (first, second)]
    below = sum(part**2 / (len(each) - 1) for part, each in zip(parts, (first, second), strict=True))
    return float(sum(parts) ** 2 / below) if below > 0 else np.inf
