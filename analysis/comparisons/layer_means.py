"""What a ticket's layers are like, over its seeds: what probes read there, ranks, dimensions, dead units, collapse."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparisons.layers_apart import CELL, Seeds, from_clean
from analysis.metrics.collapse import COLLAPSE
from analysis.statistics.intervals import wilson
from analysis.statistics.replication import bands

READINGS = ("clean", "read", "refitted")
"""What probes read: of clean images; of corrupted ones as fitted on clean ones; and when they are fitted again."""
SHAPES = ("means", "rank", "dimension", "dead_share", "zeros")


def readings(clean: pd.DataFrame, rows: pd.DataFrame, seeds: Seeds) -> pd.DataFrame:
    """What ridge probes read off each layer, clean and under a condition.

    Args:
        clean: rows of the table `representations` on clean images.
        rows: under one condition, or several, whose mean counts.
        seeds: ticket's key -> ids of its seeds.

    Returns:
        a row a ticket and layer, in their order: key, layer, position, and of each of `READINGS` the mean share of
        images read right, with _low and _high: over seeds (Student's), of a single seed over images (Wilson's).
    """
    at = ["ticket_id", "layer", "position"]
    under = rows.groupby(at, as_index=False, sort=False)[["ridge", "refitted"]].mean()
    own = clean[[*at, "ridge", "n"]].rename(columns={"ridge": "clean"})
    own = own.merge(under.rename(columns={"ridge": "read"}), on=at, how="inner")
    return _over_seeds(own, READINGS, seeds, shares=True)


def shapes(rows: pd.DataFrame, seeds: Seeds) -> pd.DataFrame:
    """How the features of each layer lie, under one condition.

    Args:
        rows: of the table `representations`, under the condition.
        seeds: ticket's key -> ids of its seeds.

    Returns:
        a row a ticket and layer: key, layer, position; means (share of images nearest to their class mean), rank,
        dimension, dead_share (of the units), zeros, and those of `metrics.collapse.COLLAPSE`, NaN but in the last
        layer; each the mean over seeds, with _low and _high (Student's; NaN for one seed).
    """
    rows = rows.assign(dead_share=rows["dead"] / rows["units"].clip(lower=1))
    return _over_seeds(rows, (*SHAPES, *COLLAPSE), seeds)


def reach(alignment: pd.DataFrame, rows: pd.DataFrame, seeds: Seeds) -> pd.DataFrame:
    """How deep each corruption reaches: the last layer whose features it changes by more than seeds differ.

    Args:
        alignment: rows of the table `alignment`.
        rows: of the table `representations`, under any conditions but the clean one.
        seeds: ticket's key -> ids of its seeds.

    Returns:
        a row a ticket and condition: key, corruption, severity, layer ("" where none is beyond noise), depth (its place
        from 1; 0 for none), first (the first such layer). Each condition is a question by itself, as in
        `layers_apart.from_clean`.
    """
    found = []
    for (corruption, severity), under in rows.groupby(["corruption", "severity"], sort=False):
        table = from_clean(alignment, under, seeds)
        for key, own in table.groupby("key", sort=False):
            there = own.loc[own["beyond"]].sort_values("position")
            last, first = ("", "") if there.empty else (there["layer"].iloc[-1], there["layer"].iloc[0])
            depth = 0 if there.empty else int(there["position"].iloc[-1]) + 1
            found.append((key, corruption, severity, last, depth, first))
    return pd.DataFrame(found, columns=["key", "corruption", "severity", "layer", "depth", "first"])


def _over_seeds(rows: pd.DataFrame, names: tuple[str, ...], seeds: Seeds, shares: bool = False) -> pd.DataFrame:
    key_of = {ticket: key for key, ids in seeds.items() for ticket in ids}
    rows = rows.assign(key=rows["ticket_id"].map(key_of)).dropna(subset=["key"])
    order = {key: place for place, key in enumerate(seeds)}
    table = rows.groupby(CELL, as_index=False, sort=False).agg(n=("n", "first"), seeds=("ticket_id", "size"))
    for name in names:
        found = bands(rows, CELL, name).rename(columns={"mean": name, "low": f"{name}_low", "high": f"{name}_high"})
        table = table.merge(found.drop(columns="n"), on=CELL, how="left")
        if shares:
            low, high = wilson(np.clip(table[name] * table["n"], 0, table["n"]), table["n"])
            one = table[f"{name}_low"].isna()
            table[f"{name}_low"] = table[f"{name}_low"].clip(lower=0).where(~one, low)
            table[f"{name}_high"] = table[f"{name}_high"].clip(upper=1).where(~one, high)
    place = table["key"].map(order)
    return table.assign(place=place).sort_values(["place", "position"], kind="stable").drop(columns="place")
