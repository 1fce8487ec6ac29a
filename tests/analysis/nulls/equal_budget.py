"""Two methods at equal budgets in a study in which nothing differs."""

from __future__ import annotations

import pandas as pd

from analysis.comparisons.equal_budget import compare
from analysis.comparisons.predictions import Predictions
from analysis.statistics.verdicts import DIFFERS


def differs_at_an_equal_budget(predictions: Predictions) -> float:
    """Each second ticket is of one method, the others of another, whose points meet, or have to be mixed."""
    keys = list(predictions.predicted)
    points = pd.DataFrame({"key": keys, "weights": 100.0, "total": 1000.0, "dense": 1000.0})
    points["weights"] = [100.0 * (1 + place // 2) for place in range(len(keys))]
    points["multiply_adds"] = [60.0 * (1 + place) for place in range(len(keys))]
    outcomes = predictions.outcomes.per_image([0])
    found = compare(points, outcomes, keys[::2], keys[1::2], ["multiply_adds", "weights"])
    assert set(found.table["matched"]) == {"nearest", "mixed"}
    return float((found.table["verdict"] == DIFFERS).any())
