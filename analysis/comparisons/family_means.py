"""What each ticket reached: its measurements as means over seeds, with intervals.

Tickets that differ in their seed alone are a family and share a `key`, such as `imp-90`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.metrics.corruption_error import mean_corruption_accuracy
from analysis.statistics.replication import mean_share

GAPS = "SELECT ticket_id, avg(gap) AS mean_gap FROM geometry GROUP BY ticket_id"
"""The query for the gaps that `measured` takes."""
NUMBERS = ("kept", "seconds", "mean_gap", "accuracy", "corrupted", "n")


def measured(
    tickets: pd.DataFrame, summary: pd.DataFrame, conditions: pd.DataFrame, gaps: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Join the tickets with what was measured of each.

    Args:
        tickets: a row a ticket: ticket_id, key, method, method_label, label, sparsity, seed, kept, total, seconds.
        summary: rows of the results' table `summary`.
        conditions: rows of the results' table `conditions`.
        gaps: what `GAPS` answers: ticket_id, mean_gap.

    Returns:
        `tickets` with accuracy, correct and n on the clean test set, corrupted (mean corruption accuracy, 0 to 1),
        mean_angle and mean_gap (degrees). NaN is what was not measured. Results without a ticket are left out. Of the
        two, gaps alone can be compared between tickets.
    """
    gap = (
        pd.DataFrame({"ticket_id": pd.Series(dtype=str), "mean_gap": pd.Series(dtype=float)}) if gaps is None else gaps
    )
    clean = summary.set_index("ticket_id").reindex(columns=["correct", "n", "accuracy", "mean_angle"])
    robust = pd.Series(dtype=float, name="corrupted", index=pd.Index([], dtype=str))
    if len(conditions):
        robust = mean_corruption_accuracy(conditions).set_index("ticket_id")["accuracy"].rename("corrupted")
    return (
        tickets.join(clean, on="ticket_id").join(robust, on="ticket_id").join(gap.set_index("ticket_id"), "ticket_id")
    )


def by_family(rows: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds: a row for each `key`, in the order of `rows`.

    Args:
        rows: as `measured` returns them.

    Returns:
        The columns of a ticket, and:
        seeds: how many were measured; one for imported weights, which repeat nothing.
        accuracy, corrupted: means, with `_low` and `_high`, their 95 % interval: Student's over seeds, Wilson's over
        images where there is one seed, or all are equally accurate, and images are counted, else NaN. Of a mean over
        corruptions it is at most too wide, as no such mean varies more over images than a single outcome.
        mean_gap, kept, seconds: means.
    """
    rows = distinct(rows)
    values = {name: rows[name].to_numpy(dtype=np.float64) for name in NUMBERS}
    shared = {name: rows[name].tolist() for name in ("method", "method_label", "label", "sparsity", "total")}
    found = []
    for key, own in rows.reset_index(drop=True).groupby("key", sort=False).groups.items():
        row: dict[str, Any] = {name: each[own[0]] for name, each in shared.items()}
        row |= {name: _mean(values[name][own]) for name in ("kept", "seconds", "mean_gap")}
        there = own[~np.isnan(values["accuracy"][own])]
        row |= {"key": key, "seeds": len(there)}
        for name in ("accuracy", "corrupted"):
            known = own[~np.isnan(values[name][own])]
            ends = mean_share(values[name][known], values["n"][known[0]] if len(known) else np.nan)
            row |= dict(zip((name, f"{name}_low", f"{name}_high"), ends, strict=True))
        found.append(row)
    return pd.DataFrame(found)


def distinct(rows: pd.DataFrame) -> pd.DataFrame:
    """Repetitions without twins: imported weights are the same network whatever the seed, and repeat nothing."""
    twins = rows.duplicated(["key", "accuracy", "corrupted", "mean_angle"]) & rows["mean_angle"].notna()
    return rows[~twins]


def _mean(values: np.ndarray) -> float:
    """The mean of those that there are, as pandas has it; nan of none."""
    there = ~np.isnan(values)
    return float(np.where(there, values, 0).sum() / there.sum()) if there.any() else np.nan


def highlights(families: pd.DataFrame, higher: bool = True) -> pd.DataFrame:
    """Pick the families that stand out among those given.

    Args:
        families: rows of `by_family` among which to pick.
        higher: whether a higher score is better.

    Returns:
        Rows of `families` indexed by what they stand out for: "accurate" (best accuracy on clean images, or score) and
        "robust" (highest mean corruption accuracy). What no family was measured for is left out.
    """
    found: dict[str, pd.Series] = {}
    for name, measure in (("accurate", "accuracy"), ("robust", "corrupted")):
        if families[measure].notna().any():
            found[name] = families.loc[families[measure].idxmax() if higher else families[measure].idxmin()]
    return pd.DataFrame(found).T
