"""Tickets that are transferred as well as the dense network: a probe, and a prompt that seeds move far more."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparisons.transfer import against
from analysis.statistics.verdicts import DIFFERS, EQUIVALENT
from tests.analysis.nulls.studies import BASELINE, Predictions

SPREAD = {"probe": 0.01, "prompt": 0.05}
"""Standard deviation of the calibration error over seeds, and, by as much again, of the accuracy."""
DRAWS = 2


def transfers_otherwise(predictions: Predictions) -> float:
    """Any ticket by any way in accuracy or calibration, against the baseline."""
    return float((_table(predictions)["verdict"] == DIFFERS).any())


def transfers_as_well(predictions: Predictions) -> float:
    """Said of any whose calibration error is larger by just what counts."""
    table = _table(predictions, behind=0.01, noise=0.1)
    return float((table[table["value"] == "ece"]["verdict"] == EQUIVALENT).any())


def _table(predictions: Predictions, behind: float = 0.0, noise: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    rows = []
    for key, right in predictions.outcomes.right.items():
        for seed, own in enumerate(right):
            for way, spread in SPREAD.items():
                # a training's own luck turns some images over; of one seed the networks are equally good
                lost = abs(rng.normal(0, spread)) if len(right) > 1 else 0.0
                ece = 0.2 + (key != BASELINE) * behind + rng.normal(0, noise * spread)
                for draw in range(DRAWS):
                    hit = own[draw] & (rng.random(own.shape[-1]) >= lost)
                    place = {"key": key, "seed": seed, "kind": "digits", "way": way, "shots": 10, "draw": draw}
                    rows.append({**place, "n": len(hit), "ece": ece, "right": np.packbits(hit).tobytes()})
    return against(pd.DataFrame(rows), [(key, BASELINE) for key in predictions.predicted if key != BASELINE])
