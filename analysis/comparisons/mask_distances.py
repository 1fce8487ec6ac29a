"""Distances between the masks of one training's epochs: when they settle, and how they change over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.comparisons import dynamics
from analysis.comparisons.replication import bands
from pruning.study.folder import Entry

LEVEL, PATIENCE = 0.1, 5
"""You et al. 2020 draw the ticket when the newest of five masks is less than 0.1 from each of the others."""


def settled(epochs: np.ndarray, distances: np.ndarray) -> tuple[float, float] | None:
    """The first and the last epoch of the first five masks of which the last is less than 0.1 from each other; None
    where there are none. The mask of the initialisation is none of them.

    Args:
        epochs: [E], rising; those of the masks noted. distances: [E, E].
    """
    trained = np.flatnonzero(epochs > 0)
    for place in trained[PATIENCE - 1 :]:
        window = slice(place - PATIENCE + 1, place)
        if (distances[place, window] < LEVEL).all():
            return float(epochs[place - PATIENCE + 1]), float(epochs[place])
    return None


def measures(epochs: np.ndarray, distances: np.ndarray) -> pd.DataFrame:
    """measure, epoch, value: the distance of each epoch's mask to the mask before ("before"), the farthest of the four
    before that are no initialisation ("farthest", where there are four), and the last one ("final")."""
    rows = [("final", epoch, distances[place, -1]) for place, epoch in enumerate(epochs)]
    rows += [("before", epochs[place], distances[place, place - 1]) for place in range(1, len(epochs))]
    for place in np.flatnonzero(epochs > 0)[PATIENCE - 1 :]:
        rows.append(("farthest", epochs[place], distances[place, place - PATIENCE + 1 : place].max()))
    return pd.DataFrame(rows, columns=["measure", "epoch", "value"]).astype({"epoch": float, "value": float})


def over_seeds(entries: Sequence[Entry], sparsity: float) -> pd.DataFrame:
    """`measures` of all tickets that noted such masks: measure, epoch, mean, low, high (95 %; NaN: one seed), n."""
    tables = []
    for entry in entries:
        epochs, found = dynamics.mask_distances(entry)
        if sparsity in found:
            tables.append(measures(epochs, found[sparsity]))
    return bands(pd.concat(tables, ignore_index=True), ["measure", "epoch"], "value")


def chance(sparsity: float) -> float:
    """The distance of two independent masks of one sparsity s: the weights that one of the two keeps, 2 s (1 - s)."""
    return 2 * sparsity * (1 - sparsity)
