"""Trainings of methods that grok at the same time, as chance has it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from analysis.comparisons.grokking import against
from analysis.comparisons.predictions import Predictions
from analysis.statistics.verdicts import CANNOT_TELL
from tests.analysis.nulls.studies import BASELINE

LIMIT = 3000  # iterations; about one training in six does not grok by then
RESOLUTION = 10


def sooner_or_later(predictions: Predictions) -> float:
    """Against the baseline, seeds paired, some trainings ended before they grokked."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    seeds = len(predictions.predicted[BASELINE])
    luck = 0.3 * rng.standard_normal(seeds)  # of a seed's initial weights
    rows = []
    for key in predictions.predicted:
        steps = 1500 * np.exp(luck + 0.5 * rng.standard_normal(seeds))
        for seed, exact in enumerate(steps):
            noted = RESOLUTION * math.ceil(exact / RESOLUTION)
            reached = noted <= LIMIT
            rows.append((key, seed, float(noted) if reached else math.nan, float(noted) if reached else float(LIMIT)))
    table = pd.DataFrame(rows, columns=["key", "seed", "t_gen", "last"]).assign(resolution=float(RESOLUTION))
    return float((against(table, BASELINE)["verdict"] != CANNOT_TELL).any())
