"""What the section Sensitivity says, asked of networks whose layers all mind being pruned alike."""

from __future__ import annotations

import numpy as np

from analysis.comparisons.predictions import Predictions
from analysis.comparisons.sensitivity import Scanned, costliest, spared

LAYERS, LIMIT = 5, 0.05


def a_layer_costs_most(predictions: Predictions) -> float:
    """Each layer costs 10 points in truth, in each network more or less, and one is said to cost most."""
    found = costliest(_scan(predictions, 0.1), [0], 0.9)
    return float(found is not None and (found.alone or found.others > 0))


def a_layer_is_spared(predictions: Predictions) -> float:
    """Each layer costs as much as what is said to be next to nothing, and for one less is said."""
    return float(any(sparsity > 0 for sparsity in spared(_scan(predictions, LIMIT), [0], LIMIT).values()))


def _scan(predictions: Predictions, cost: float) -> Scanned:
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    seeds, n, levels = len(next(iter(predictions.predicted.values()))), len(predictions.labels), [0.5, 0.9]
    luck = 0.02 * rng.standard_normal((LAYERS, len(levels), seeds, 1, 1)) * (seeds > 1)
    whole = rng.random((seeds, 1, n)) < 0.95
    right = whole & (rng.random((LAYERS, len(levels), *whole.shape)) >= (cost + luck) / 0.95)
    flat, shape = np.full(LAYERS, 100.0), (LAYERS, len(levels))
    names = [f"conv{place}" for place in range(LAYERS)]
    return Scanned(names, flat, flat, levels, np.tile(levels, (LAYERS, 1)), [("clean", 0)], whole, right,
                   np.zeros((*shape, 1)), {}, (500.0, 500.0))  # fmt: skip
