"""Distances between the masks of one training's epochs: when they settle, and how they change over seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.comparisons import dynamics
from analysis.statistics.replication import SHARE, bands
from pruning.study.folder import Entry

LEVEL, PATIENCE = 0.1, 5
"""You et al. 2020 draw the ticket when the newest of five masks is less than 0.1 from each of the others."""


def settled(epochs: np.ndarray, distances: np.ndarray) -> tuple[float, float] | None:
    """Find the first five masks of which the last is less than 0.1 from each other: their first and last epoch.

    The mask of the initialisation is none of them. None where there are no such masks.

    Args:
        epochs: [E], rising; those of the masks noted.
        distances: [E, E].
    """
    trained = np.flatnonzero(epochs > 0)
    for place in trained[PATIENCE - 1 :]:
        window = slice(place - PATIENCE + 1, place)
        if (distances[place, window] < LEVEL).all():
            return float(epochs[place - PATIENCE + 1]), float(epochs[place])
    return None


def settling(entries: Sequence[Entry], sparsity: float) -> pd.DataFrame:
    """The epoch at which the masks of each ticket's training settled: seed, epoch (NaN: they never did)."""
    rows = []
    for entry in entries:
        epochs, tables = dynamics.mask_distances(entry)
        window = settled(epochs, tables[sparsity])
        rows.append((entry.recipe.seed, window[1] if window else np.nan))
    return pd.DataFrame(rows, columns=["seed", "epoch"]).astype({"epoch": float})


def measures(epochs: np.ndarray, distances: np.ndarray) -> pd.DataFrame:
    """Distances of each epoch's mask to others: measure, epoch, value.

    Measures are "before", to the mask before; "farthest", to the farthest of the four before that are no initialisation
    (where there are four); and "final", to the last one.
    """
    rows = [("final", epoch, distances[place, -1]) for place, epoch in enumerate(epochs)]
    rows += [("before", epochs[place], distances[place, place - 1]) for place in range(1, len(epochs))]
    for place in np.flatnonzero(epochs > 0)[PATIENCE - 1 :]:
        rows.append(("farthest", epochs[place], distances[place, place - PATIENCE + 1 : place].max()))
    return pd.DataFrame(rows, columns=["measure", "epoch", "value"]).astype({"epoch": float, "value": float})


def over_seeds(entries: Sequence[Entry], sparsity: float) -> pd.DataFrame:
    """Average `measures` over tickets that noted such masks: measure, epoch, mean, low, high (95 %; NaN: one), n."""
    tables = []
    for entry in entries:
        epochs, found = dynamics.mask_distances(entry)
        if sparsity in found:
            tables.append(measures(epochs, found[sparsity]))
    return bands(pd.concat(tables, ignore_index=True), ["measure", "epoch"], "value", SHARE)


def as_table(epochs: np.ndarray, distances: np.ndarray) -> pd.DataFrame:
    """The matrix [E, E] a row a pair of epochs: epoch, other epoch, distance."""
    return pd.DataFrame(
        {
            "epoch": np.repeat(epochs, len(epochs)),
            "other epoch": np.tile(epochs, len(epochs)),
            "distance": distances.reshape(-1),
        }
    )


def chance(sparsity: float) -> float:
    """The distance of two independent masks of one sparsity s: the weights that one of the two keeps, 2 s (1 - s)."""
    return 2 * sparsity * (1 - sparsity)
