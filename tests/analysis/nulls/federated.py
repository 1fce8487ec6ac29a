"""Clients that learn equally well whatever they send, as chance has it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparisons.federated import affordable, against, last, spent
from analysis.comparisons.predictions import Predictions
from analysis.statistics.verdicts import DIFFERS
from tests.analysis.nulls.studies import BASELINE

BUDGET = 12.0
COSTS = (1.0, 2.0, 3.0, 4.0, 6.0, 12.0)


def _rounds(predictions: Predictions) -> pd.DataFrame:
    """Rounds of ways that cost differently and all come to one plateau; the first ends early, at the budget."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    seeds = len(predictions.predicted[BASELINE])
    luck, rows = rng.normal(0, 0.04, seeds), []
    for place, key in enumerate(predictions.predicted):
        cost = COSTS[place % len(COSTS)]
        end = BUDGET if key == BASELINE else 2 * BUDGET
        for seed in range(seeds):
            own = rng.normal(0, 0.03)
            for turn in range(int(end / cost) + 1):
                level = 0.7 - 0.6 * np.exp(-2 * turn * cost) + luck[seed] + own + rng.normal(0, 0.02)
                rows.append((key, seed, turn, level, turn * cost))
    return pd.DataFrame(rows, columns=["key", "seed", "round", "accuracy", "both"])


def differs_at_the_end(predictions: Predictions) -> float:
    """All against the baseline, each after its last round."""
    return float((against(last(_rounds(predictions)), BASELINE)["verdict"] == DIFFERS).any())


def differs_at_equal_bytes(predictions: Predictions) -> float:
    """All against the cheapest, each after the last round that what this one spent pays for."""
    rows = _rounds(predictions)
    payer, budget = next(iter(spent(rows).items()))
    return float((against(affordable(rows, budget), payer)["verdict"] == DIFFERS).any())
