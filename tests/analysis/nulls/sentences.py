"""What pages say in their first sentence, asked where there is nothing to say."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparisons import barriers, training_cost
from analysis.comparisons.calibration import errors, miscalibrated
from analysis.comparisons.condition_cells import apart, by_corruption
from analysis.comparisons.outcomes import MEAN
from analysis.comparisons.predictions import Predictions
from analysis.comparisons.verdicts import against, verdicts
from analysis.engine.what_if import Tried, against_whole
from analysis.metrics.calibration import bins
from analysis.statistics.verdicts import DIFFERS
from tests.analysis.nulls.studies import BASELINE


def some_cell_differs(predictions: Predictions) -> float:
    """Of all tickets under all corruptions, one family; the distances from frequency 0 are asked alike."""
    outcomes = predictions.outcomes
    groups = {each: places for each, places in by_corruption(outcomes).items() if each[0] != MEAN}
    return float((apart(outcomes, BASELINE, groups)["verdict"] == DIFFERS).any())


def prunes_at_a_cost(predictions: Predictions) -> float:
    """The whole network, and one that is as good on clean images and under a corruption."""
    whole, pruned = ([Tried.of(own[0, place]) for place in (0, -1)] for own in _two(predictions))
    return float((against_whole(pruned, whole)["verdict"] == DIFFERS).any())


def _two(predictions: Predictions) -> list[np.ndarray]:
    return list(predictions.outcomes.right.values())[:2]


def miscalibrated_by_noise(predictions: Predictions) -> float:
    """The share of calibrated networks that are said to be farther from calibrated than noise explains."""
    rng = _rng(predictions)
    rows, tickets = [], {}
    for key, runs in predictions.predicted.items():
        tickets[key] = [f"{key} {seed}" for seed in range(len(runs))]
        for ticket in tickets[key]:
            sure = rng.beta(6, 1, len(predictions.labels))
            found = bins(sure, rng.random(sure.size) < sure)
            rows.append(found.assign(ticket_id=ticket, corruption="clean", severity=0))
    table = errors(pd.concat(rows, ignore_index=True), tickets)
    return len(miscalibrated(table)) / len(table)


def told_stable_or_not(predictions: Predictions) -> float:
    """Barriers of exactly 2 points in each of several pairs: the share of them of which either is said."""
    rng, seeds = _rng(predictions), len(predictions.predicted[BASELINE])
    rows = pd.DataFrame(
        {"key": np.repeat(np.arange(6), seeds), "barrier": 0.02 + 0.006 * rng.standard_normal(6 * seeds)}
    )
    rows = rows.assign(barrier_low=rows["barrier"] - 0.0118, barrier_high=rows["barrier"] + 0.0118, n=500)
    found = barriers.stability(barriers.barriers(rows))
    return float((found["verdict"] != "cannot tell").mean())


def cheap_and_as_good(predictions: Predictions) -> float:
    """Every ticket loses a point, and one is called as good within a point."""
    outcomes = predictions.outcomes
    table = against(verdicts(outcomes.per_image([0])), BASELINE)
    costs = pd.DataFrame({"key": [*predictions.predicted], "epochs": 1.0})
    return float(len(training_cost.as_good(costs, table)) > 0)


def _rng(predictions: Predictions) -> np.random.Generator:
    return np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
