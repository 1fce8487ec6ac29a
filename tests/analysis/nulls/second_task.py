"""Networks that do equally well in a second task, whatever comes into it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparisons.predictions import Predictions
from analysis.comparisons.second_task import CELL, DENSE, MASK, OWN, OWN_MASK, RANDOM, WEIGHTS, against, by_kind
from analysis.statistics.verdicts import DIFFERS
from tests.analysis.nulls.studies import BASELINE

TASKS = ("low", "high")
SPREAD = {MASK: 0.012, OWN_MASK: 0.012, WEIGHTS: 0.006, RANDOM: 0.015, OWN: 0.01, DENSE: 0.004}
"""How far trainings of a kind vary, about as in the sample study: unequally."""


def drawn(rng: np.random.Generator, seeds: int) -> pd.DataFrame:
    """Accuracies of every kind in two tasks of unequal difficulty: a seed and a task have luck in common."""
    luck, rows = rng.normal(0, 0.006, (seeds, len(TASKS))), []
    for seed in range(seeds):
        for place, second in enumerate(TASKS):
            for kind, spread in SPREAD.items():
                first = {OWN_MASK: second, OWN: second, DENSE: ""}.get(kind, TASKS[1 - place])
                level = 0.98 - 0.02 * place + luck[seed, place]
                rows.append((kind, first, second, seed, level + rng.normal(0, spread)))
    return pd.DataFrame(rows, columns=CELL)


def worth_more_than_another_mask(predictions: Predictions) -> float:
    """Of five kinds, held against masks of the other task, some is said to be more or less accurate."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    cells = drawn(rng, len(predictions.predicted[BASELINE]))
    return float((against(by_kind(cells))["verdict"] == DIFFERS).any())
