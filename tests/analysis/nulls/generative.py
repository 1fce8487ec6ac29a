"""Verdicts of Generated, on scores that seeds alone tell apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparisons.generative import COLLAPSED, collapsed, ratios
from tests.analysis.nulls.studies import BASELINE, Predictions


def _scores(predictions: Predictions) -> pd.DataFrame:
    """Distances of equal networks, which seeds and trainings move by a quarter each."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    seeds = len(predictions.predicted[BASELINE])
    luck = rng.normal(0, 0.25, seeds)
    return pd.DataFrame(
        [
            {"key": key, "seed": seed, "fd": float(np.exp(3 + luck[seed] + rng.normal(0, 0.25)))}
            for key in predictions.predicted
            for seed in range(seeds)
        ]
    )


def a_score_differs(predictions: Predictions) -> float:
    """From that of the dense network, or a control's from its ticket's."""
    scores = _scores(predictions)
    keys = list(dict.fromkeys(scores["key"]))
    return float(ratios(scores, [(key, BASELINE) for key in keys if key != BASELINE], "fd")["differs"].any())


def a_posterior_collapsed(predictions: Predictions) -> float:
    """Of tickets whose KL is just at the bound: the share of them."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    seeds = len(predictions.predicted[BASELINE])
    rows = [
        {"key": key, "kl": COLLAPSED + (0.02 if seeds > 1 else 0.01) * noise, "kl_low": 0.0}
        for key in predictions.predicted
        for noise in rng.standard_normal(seeds)
    ]
    frame = pd.DataFrame(rows)
    # Of one seed the interval is over images, at 1.96 of their standard errors.
    return float(collapsed(frame.assign(kl_high=frame["kl"] + 1.96 * 0.01))["collapsed"].mean())
