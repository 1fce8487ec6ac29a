"""What the section Lost images says, asked of tickets that lose their images to two causes alike."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.comparisons.lost_images import BITS, main_cause
from analysis.comparisons.lost_to_baseline import largest_part, mean_splits
from analysis.comparisons.predictions import Predictions
from analysis.comparisons.turned_or_shrank import by_way, decided_by
from analysis.metrics.lead import PLAYERS


def direction_decides(predictions: Predictions) -> float:
    """Half of the lost images turned, half shrank, and one is said to lose most: the share of tickets."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    bits = np.array([BITS["direction"], BITS["length"]])
    return float((decided_by(by_way(*_rows(predictions, lambda: rng.choice(bits, 40)))) != "").mean())


def one_cause_costs_most(predictions: Predictions) -> float:
    """Half of the lost images are lost by a common drift, half by chance: the share of tickets."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    bits = np.array([int(BITS["drift"]), 0], dtype=np.uint8)
    return float((main_cause(*_rows(predictions, lambda: rng.choice(bits, 40))) != "").mean())


def _rows(predictions: Predictions, draw: Callable[[], np.ndarray]) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Rows as of the table `lost`, whose bits are drawn for every run of every ticket; and each ticket's ids."""
    seeds = len(next(iter(predictions.predicted.values())))
    tickets = {key: [f"{key} {seed}" for seed in range(seeds)] for key in predictions.predicted}
    same = {"corruption": "fog", "severity": 3, "lost": 40}
    rows = [{"ticket_id": each, **same, "rescues": draw().tobytes()} for ids in tickets.values() for each in ids]
    return pd.DataFrame(rows), tickets


def one_part_costs_most(predictions: Predictions) -> float:
    """Parts of a lead that cost the same, and one is said to cost most: the share of tickets."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    made = {
        key: pd.DataFrame(rng.normal(-1, 1, (25, len(PLAYERS))), columns=list(PLAYERS)).assign(change=0.0)
        for key in predictions.predicted
    }
    return float((largest_part(mean_splits(made)) != "").mean())
