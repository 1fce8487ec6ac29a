"""Verdicts on the scores of tasks, which seeds alone tell apart."""

from __future__ import annotations

import numpy as np

from analysis.comparisons.scores import Scores
from analysis.comparisons.verdicts import verdicts
from analysis.statistics.verdicts import DIFFERS, EQUIVALENT
from pruning.tasks import Score
from tests.analysis.nulls.studies import BASELINE, Predictions

APART = 0.05


def _scores(predictions: Predictions, by: float = 0.0) -> Scores:
    """Distances that seeds and trainings move by a fifth each; all but the baseline's are larger by a factor."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    seeds = len(predictions.predicted[BASELINE])
    luck, spread = rng.normal(0, 0.2, seeds), 0.2 if by == 0 else APART / 4
    found = {
        key: {seed: float(np.exp(luck[seed] + (key != BASELINE) * by + rng.normal(0, spread))) for seed in range(seeds)}
        for key in predictions.predicted
    }
    return Scores(Score("distance", higher=False), found)


def a_score_differs(predictions: Predictions) -> float:
    """Any two tickets of equal ones."""
    return float((verdicts(_scores(predictions))["verdict"] == DIFFERS).any())


def a_score_is_equivalent(predictions: Predictions) -> float:
    """Any ticket to the baseline, of tickets that are worse by just what counts."""
    table = verdicts(_scores(predictions, float(np.log1p(APART))), equivalence=APART)
    table = table[(table["a"] == BASELINE) | (table["b"] == BASELINE)]
    return float((table["verdict"] == EQUIVALENT).any())
