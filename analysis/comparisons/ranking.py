"""The tickets ranked by mean corruption accuracy, with ties, intervals, and the scores that stand beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparisons.condition_cells import averaged
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.verdicts import both_ways, verdicts
from analysis.metrics.corruption_error import mean_corruption_accuracy, mean_corruption_error
from analysis.statistics.ranking import tie_groups
from analysis.statistics.replication import share
from analysis.statistics.verdicts import DIFFERS

COLUMNS = [
    "key", "rank", "tied", "best", "group", "leader", "verdict", "detectable", "accuracy", "low", "high", "clean",
    "mce", "relative_mce", "extra",
]  # fmt: skip


def ranking(outcomes: Outcomes, reference: str, tests: pd.DataFrame | None = None) -> pd.DataFrame:
    """The tickets by mean corruption accuracy, best first; one group cannot be told apart from its best.

    Args:
        outcomes: the tickets under one family of corruptions and on clean images. The mean is over the conditions that
            count, or over all but the clean one where none of them counts (`condition_cells.averaged`).
        reference: the ticket whose errors the corruption errors are relative to.
        tests: `verdicts.verdicts` of these tickets on these conditions, made where it is not given: the groups are
            formed by its pairs, and so never say anything else than it does.

    Returns:
        a row a ticket: key, rank (that of its group, from 1), tied (bool, its group has others), best (bool, it is
        not shown to differ from the first), group (from 1; see `statistics.ranking.tie_groups`), leader (key of its
        group's best), verdict and detectable (against the leader, of `verdicts`; "" and NaN for the leader), accuracy,
        low, high (fractions; the interval of the mean over seeds where there are several, else over images), clean
        (accuracy), mce and relative_mce (NaN where nothing counts), extra (accuracy under the extra corruptions, NaN
        without any).

    Raises UserError when the reference has no results, or the tickets were measured on different images.
    """
    if not outcomes.right:
        return pd.DataFrame(columns=COLUMNS)
    places = averaged(outcomes)
    tests = verdicts(outcomes.per_image(places)) if tests is None else tests
    table = _intervals(outcomes, places).sort_values("accuracy", ascending=False, kind="stable", ignore_index=True)
    groups = grouped(table["key"].tolist(), tests)
    for parts in (groups, _scores(outcomes, reference)):
        table = table.merge(parts, on="key", how="left")
    return table[COLUMNS]


def grouped(keys: list[str], tests: pd.DataFrame) -> pd.DataFrame:
    """key, group, best, rank, tied, leader, verdict, detectable, of tickets that stand best first.

    `tests` are `verdicts.verdicts` of them; for the columns see `ranking`.
    """
    cells = both_ways(tests).set_index(["a", "b"])[["verdict", "detectable"]]
    wide = cells["verdict"].unstack().reindex(index=keys, columns=keys)
    group = tie_groups(wide.eq(DIFFERS).to_numpy())
    # a noisy ticket may stand below one that differs from the first, and not differ from it
    table = pd.DataFrame({"key": keys, "group": group, "best": wide[keys[:1]].ne(DIFFERS).all(axis=1).to_numpy()})
    found = table.groupby("group")["key"]
    table["leader"] = found.transform("first")
    table["rank"] = table.index.to_series().groupby(group).transform("min") + 1
    table["tied"] = found.transform("size") > 1
    against = cells.reindex(pd.MultiIndex.from_frame(table[["key", "leader"]]))
    return table.assign(verdict=against["verdict"].fillna("").array, detectable=against["detectable"].array)


def _intervals(outcomes: Outcomes, places: list[int]) -> pd.DataFrame:
    rows = []
    for key, right in outcomes.right.items():
        found = share(right[:, places].mean(axis=1))
        rows.append((key, float(found.value), float(found.low), float(found.high)))
    return pd.DataFrame(rows, columns=["key", "accuracy", "low", "high"])


def _scores(outcomes: Outcomes, reference: str) -> pd.DataFrame:
    """key, clean, extra, mce, relative_mce."""
    columns = ["key", "clean", "extra", "mce", "relative_mce"]
    names, severities = zip(*outcomes.conditions, strict=True)
    accuracies = pd.concat(
        pd.DataFrame({"ticket": key, "corruption": names, "severity": severities, "accuracy": right.mean(axis=(0, 2))})
        for key, right in outcomes.right.items()
    )
    table = mean_corruption_accuracy(accuracies).rename(columns={"clean_accuracy": "clean", "extra_accuracy": "extra"})
    errors = mean_corruption_error(accuracies, reference) if outcomes.counted else table[["ticket"]]
    table = table.merge(errors.reindex(columns=["ticket", "mce", "relative_mce"]), on="ticket", how="left")
    return table.rename(columns={"ticket": "key"})[columns].astype(dict.fromkeys(columns[1:], np.float64))
