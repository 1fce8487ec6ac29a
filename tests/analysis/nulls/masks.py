"""Verdicts of Masks, on masks that share nothing but how much they keep of each layer."""

from __future__ import annotations

import numpy as np

from analysis.comparisons.mask_pairs import beyond_chance
from analysis.metrics.overlap import Counts
from analysis.statistics.verdicts import DIFFERS
from tests.analysis.nulls.studies import BASELINE, Predictions

SIZES, KEPT = (150, 800, 2000), ((0.9, 0.3, 0.05), (0.5, 0.2, 0.1), (0.2, 0.1, 0.15))
"""Weights of each layer, and of each what the tickets keep, by turns."""


def drawn_counts(rng: np.random.Generator, tickets: int) -> Counts:
    """Independent masks, of which exactly as much is kept of each layer."""
    both = np.zeros((len(SIZES), tickets, tickets), np.int64)
    for layer, size in enumerate(SIZES):
        masks = np.zeros((tickets, size), np.int64)
        for ticket, mask in enumerate(masks):
            mask[rng.choice(size, round(KEPT[ticket % len(KEPT)][layer] * size), replace=False)] = 1
        both[layer] = masks @ masks.T
    names = [str(ticket) for ticket in range(tickets)]
    return Counts(names, [f"layer {layer}" for layer in range(len(SIZES))], np.array(SIZES), both)


def keeps_the_same_weights(predictions: Predictions) -> float:
    """Any pair has more, or fewer, weights in common than by chance."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    seeds = len(predictions.predicted[BASELINE])
    table = beyond_chance([drawn_counts(rng, len(predictions.predicted)) for _ in range(seeds)])
    return float((table["verdict"] == DIFFERS).any())
