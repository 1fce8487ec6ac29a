"""The tickets ranked by mean corruption accuracy, with ties, intervals, and the scores that stand beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparisons.condition_cells import averaged
from analysis.comparisons.outcomes import Outcomes
from analysis.metrics.corruption_error import mean_corruption_accuracy, mean_corruption_error
from analysis.statistics.ranking import ranked_with_ties
from analysis.statistics.replication import share

RESAMPLES = 2000
COLUMNS = [
    "key", "rank", "tied", "group", "accuracy", "low", "high", "clean", "mce", "relative_mce", "extra",
]  # fmt: skip


def ranking(outcomes: Outcomes, reference: str) -> pd.DataFrame:
    """The tickets by mean corruption accuracy, best first; one group cannot be told apart from its best.

    Args:
        outcomes: the tickets under one family of corruptions and on clean images. The mean is over the conditions that
            count, or over all but the clean one where none of them counts (`condition_cells.averaged`).
        reference: the ticket whose errors the corruption errors are relative to.

    Returns:
        a row a ticket: key, rank (that of its group, from 1), tied (bool, its group has others), group (from 1; see
        `ranked_with_ties`), accuracy, low, high (fractions; the interval of the mean over seeds where there are
        several, else over images), clean (accuracy), mce and relative_mce (NaN where nothing counts), extra (accuracy
        under the extra corruptions, NaN without any).

    Raises UserError when the reference has no results, or the tickets were measured on different images.
    """
    places = averaged(outcomes)
    seeds = min((len(right) for right in outcomes.right.values()), default=0)
    # Every ticket with as many seeds, so that the same number of outcomes is averaged inside an image.
    right = {key: each[:seeds, places].reshape(-1, each.shape[-1]) for key, each in outcomes.right.items()}
    shares = {key: float(each.mean()) for key, each in right.items()}
    by_seed = {key: each[:seeds, places].mean((1, 2)) for key, each in outcomes.right.items()}
    ranked = ranked_with_ties(shares, right, resamples=RESAMPLES, seeds_by_ticket=by_seed)
    groups = ranked.groupby("group")
    table = pd.DataFrame({"key": ranked["ticket"], "group": ranked["group"]})
    table = table.assign(rank=groups["rank"].transform("min"), tied=groups["rank"].transform("size") > 1)
    for parts in (_intervals(outcomes, places), _scores(outcomes, reference)):
        table = table.merge(parts, on="key", how="left")
    return table[COLUMNS]


def _intervals(outcomes: Outcomes, places: list[int]) -> pd.DataFrame:
    rows = []
    for key, right in outcomes.right.items():
        found = share(right[:, places].mean(axis=1))
        rows.append((key, float(found.value), float(found.low), float(found.high)))
    return pd.DataFrame(rows, columns=["key", "accuracy", "low", "high"])


def _scores(outcomes: Outcomes, reference: str) -> pd.DataFrame:
    """key, clean, extra, mce, relative_mce."""
    columns = ["key", "clean", "extra", "mce", "relative_mce"]
    if not outcomes.right:
        return pd.DataFrame(columns=columns)
    names, severities = zip(*outcomes.conditions, strict=True)
    accuracies = pd.concat(
        pd.DataFrame({"ticket": key, "corruption": names, "severity": severities, "accuracy": right.mean(axis=(0, 2))})
        for key, right in outcomes.right.items()
    )
    table = mean_corruption_accuracy(accuracies).rename(columns={"clean_accuracy": "clean", "extra_accuracy": "extra"})
    errors = mean_corruption_error(accuracies, reference) if outcomes.counted else table[["ticket"]]
    table = table.merge(errors.reindex(columns=["ticket", "mce", "relative_mce"]), on="ticket", how="left")
    return table.rename(columns={"ticket": "key"})[columns].astype(dict.fromkeys(columns[1:], np.float64))
