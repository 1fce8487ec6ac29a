"""How a mask moves while it is searched for: which weights enter it and leave it, over the iterations of the search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.dynamics import WHO, recorded_rows, who
from analysis.statistics.replication import bands
from pruning.study.folder import Entry

SWAPS = ["iteration", "carried", "possible"]
STRETCHES = 40
"""Evenly long parts of a search, over each of which swaps are averaged."""


def swaps(entries: Iterable[Entry]) -> pd.DataFrame:
    """The swaps that tickets noted while their mask was searched for.

    Returns:
        `WHO`, then iteration, carried, possible: `carried` weights entered the mask (or, where signs are searched for,
        changed their sign) up to this iteration and since the row before, of `possible` that stood to.
    """
    rows = [(*who(entry), *row) for entry in entries for row in recorded_rows(entry, "swaps", SWAPS)]
    return pd.DataFrame(rows, columns=[*WHO, *SWAPS]).astype(dict.fromkeys(SWAPS, float))


def swap_rates(entries: Mapping[str, Sequence[Entry]], summed: bool) -> pd.DataFrame:
    """Average swaps over seeds, as a share of the weights kept.

    Args:
        entries: key -> tickets of its seeds; at least one must have noted swaps.
        summed: whether swaps are summed up from the start, else they are means an iteration over `STRETCHES`.

    Returns:
        key, measure ("carried" or "possible"), iteration, mean, low, high (per cent of the weights kept; 95 % interval
        over seeds, NaN for one), n. "possible" is left out where it is the same as "carried".
    """
    tables = []
    for key, each in entries.items():
        for entry in each:
            own = swaps([entry])
            if own.empty:
                continue
            differ = not np.array_equal(own["carried"], own["possible"])
            for measure in ("carried", "possible") if differ else ("carried",):
                value = 100 / max(entry.kept, 1) * _stretches(own, measure, summed)
                tables.append(value.rename("value").reset_index().assign(key=key, measure=measure))
    found = bands(pd.concat(tables, ignore_index=True), ["key", "measure", "iteration"], "value")
    return found.assign(low=found["low"].clip(lower=0))


def in_all(entries: Mapping[str, Sequence[Entry]]) -> pd.DataFrame:
    """All swaps that were carried out, and how many of them late, when a mask that settles has done most of them.

    Args:
        entries: key -> tickets of its seeds; those that noted no swaps are left out.

    Returns:
        key, measure ("all": swaps in per cent of the weights kept; "late": those of the last tenth of the iterations in
        per cent of all, which is 10 where a mask moves on as it began), mean, low, high (95 % interval over seeds, NaN
        for one), n.
    """
    rows: list[tuple[str, str, float]] = []
    for key, each in entries.items():
        for entry in each:
            own = swaps([entry])
            total = float(own["carried"].sum())
            late = float(own.loc[own["iteration"] > 0.9 * own["iteration"].max(), "carried"].sum())
            if len(own):
                rows.append((key, "all", 100 * total / max(entry.kept, 1)))
            if total:
                rows.append((key, "late", 100 * late / total))
    found = bands(pd.DataFrame(rows, columns=["key", "measure", "value"]), ["key", "measure"], "value")
    most = np.where(found["measure"] == "late", 100.0, np.inf)
    return found.assign(low=found["low"].clip(lower=0), high=found["high"].clip(upper=most))


def _stretches(rows: pd.DataFrame, measure: str, summed: bool) -> pd.Series:
    """One column of swaps over iterations: summed up, or the mean an iteration over evenly long stretches."""
    total = rows.set_index("iteration")[measure].cumsum()
    total.index.name = "iteration"
    if summed:
        return total
    last = np.arange(1, STRETCHES + 1) * len(total) // STRETCHES - 1
    ends = total.iloc[np.unique(last[last >= 0])]
    ends.loc[0.0] = 0.0
    ends = ends.sort_index()
    since = np.diff(ends.index.to_numpy(dtype=float))
    return pd.Series(np.diff(ends) / np.maximum(since, 1), index=ends.index[1:], name=measure)
