"""What tickets are weighed by, accuracies and costs: values for each family, and how to write them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

Noise = Literal["paired", "interval", "none"]
Unit = Literal["share", "count", "bytes", "number"]


@dataclass(frozen=True)
class Objective:
    """One thing to weigh tickets by.

    `noise` says how two tickets are told apart: by a paired test on the same images, by whether their intervals
    overlap, or not at all, because counts are exact.
    """

    label: str
    unit: Unit
    noise: Noise
    more: bool = False
    """Whether more of it is better."""
    log: bool = False


OBJECTIVES: dict[str, Objective] = {
    "accuracy": Objective("Accuracy on clean images", "share", "paired", more=True),
    "corrupted": Objective("Accuracy on corrupted images", "share", "paired", more=True),
    "kept": Objective("Weights kept", "count", "none", log=True),
    "macs": Objective("Multiply-adds", "count", "none", log=True),
    "disk": Objective("Size on disk", "bytes", "none", log=True),
    "time": Objective("Relative latency", "share", "interval"),
    "memory": Objective("Peak memory", "bytes", "none"),
}
"""Name of a column of `weighed` -> what it is."""

MEANS = (
    "macs", "macs_kept", "bytes_ticket", "bytes_network", "latency_ms", "latency_low", "latency_high", "speedup",
    "speedup_low", "speedup_high", "peak_bytes",
)  # fmt: skip


def by_family(tickets: pd.DataFrame, efficiency: pd.DataFrame) -> pd.DataFrame:
    """Average the results' table `efficiency` over seeds, a row for each `key` in the order of `tickets`.

    Args:
        tickets: ticket_id, key.
        efficiency: rows of the results' table.

    Returns:
        key, the columns `MEANS`, macs_share (of the dense network's multiply-adds, 0 to 1), and shrunk, whether any
        seed's network is physically smaller. Bounds of intervals are averaged too, which makes them no narrower than
        those of the mean. NaN is what was not measured.
    """
    rows = tickets[["ticket_id", "key"]].merge(efficiency, on="ticket_id", how="left")
    rows["shrunk"] = rows["shrunk"].astype("boolean").fillna(False).astype(bool)
    grouped = rows.groupby("key", sort=False)
    found = grouped[list(MEANS)].mean().join(grouped["shrunk"].any()).reset_index()
    return found.assign(macs_share=found["macs_kept"] / found["macs"])


def weighed(families: pd.DataFrame, costs: pd.DataFrame) -> pd.DataFrame:
    """Put every objective beside each other, a row a family.

    Time is relative to the dense network in the same rounds, so that tickets measured on different days, or on
    different machines, can stand side by side.

    Args:
        families: rows of `family_means.by_family`.
        costs: rows of `by_family`.

    Returns:
        key, label, method, sparsity, and for each of `OBJECTIVES` a column with the family's value, with `_low` and
        `_high` where it has an interval.
    """
    rows = families.merge(costs, on="key", how="left")
    found = rows[["key", "label", "method", "sparsity", "kept"]].copy()
    for name in ("accuracy", "corrupted"):
        for end in ("", "_low", "_high"):
            found[name + end] = rows[name + end]
    # a recorded network has no ticket's file; its own would be its state dict
    found["disk"] = rows["bytes_ticket"].astype(float).fillna(rows["bytes_network"])
    found["macs"], found["memory"] = rows["macs_kept"], rows["peak_bytes"]
    found["time"] = 1 / rows["speedup"]
    found["time_low"], found["time_high"] = 1 / rows["speedup_high"], 1 / rows["speedup_low"]
    return found


def write(value: float, unit: Unit) -> str:
    """A value for people: `98.1 %`, `41,652`, `24.1 kB`; a dash where it is missing."""
    if pd.isna(value):
        return "–"
    if unit == "share":
        return f"{100 * value:.1f} %"
    if unit == "count":
        return count(value)
    return size(value) if unit == "bytes" else f"{value:.4g}"


def count(value: float) -> str:
    """A number of things: `972`, `41.7 k`, `40.6 M`, `1.2 G`."""
    for factor, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= max(factor, 1e4):
            return f"{value / factor:.3g} {sign}"
    return f"{value:,.0f}"


def size(value: float) -> str:
    """Bytes: `812 B`, `24.1 kB`, `44.7 MB`, in thousands."""
    for factor, sign in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= factor:
            return f"{value / factor:.3g} {sign}"
    return f"{value:.0f} B"


def machines(efficiency: pd.DataFrame) -> str:
    """One sentence on which machine, and how, times were measured; all of them where tickets differ."""
    found = efficiency[["machine", "threads", "batch"]].drop_duplicates()
    each = [
        f"{row.machine}, {row.threads} thread{'s' if row.threads > 1 else ''}, {row.batch} images at once"
        for row in found.itertuples()
    ]
    return "Times were measured on " + "; ".join(each) + "."
