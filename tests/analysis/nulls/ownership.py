"""Masks that know nothing of a code, of a density by chance."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import torch

from analysis.comparisons import ownership
from analysis.comparisons.predictions import Predictions
from pruning.ownership.code import Code
from pruning.ownership.mark import evidence

NOMINAL = 0.05  # in place of a claim's own 1e-6, which no simulation reaches
SIDE = 24  # kernels of a layer, either way: 16 windows


@cache
def _codes() -> list[Code]:
    return [Code(f"OWNER {number}") for number in range(20)]


def carries_a_code(predictions: Predictions) -> float:
    """A ticket at one seed: two layers, rows of which are alive more often than others."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    density = rng.uniform(0.1, 0.9)
    masks = {
        name: torch.from_numpy(rng.random((SIDE, SIDE)) < np.clip(density + rng.normal(0, 0.2, (SIDE, 1)), 0.02, 0.98))
        for name in ("first", "second")
    }
    found = evidence(masks, rng.choice(np.array(_codes(), dtype=object)))
    return float(ownership.verdict(pd.DataFrame({"p_value": [found.p_value]}), NOMINAL) == ownership.SIGNED)
