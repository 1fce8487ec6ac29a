"""Verdicts of Geometry, Local, on images drawn so that nothing is there to be claimed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.comparisons.local_changes import class_changes, ticket_changes, told_apart, worst_classes
from analysis.comparisons.local_geometry import CELL, CLASS, arrows
from tests.analysis.nulls.studies import Predictions

TICKETS, IMAGES, CLASSES = 3, 200, 5


def _moved(predictions: Predictions, change: float = 0.0, after: float | None = None) -> pd.DataFrame:
    """Images whose gap changes alike in all tickets and classes; what is hard is so for all tickets.

    `change` is the mean change of the gap, in degrees; `after` its mean afterwards, where that is fixed.
    """
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    images = rng.normal(0, 3, IMAGES)
    frames = []
    for ticket in range(TICKETS):
        moves = change + images + rng.normal(0, 3, IMAGES)
        x, y = rng.gamma(9, 1 / 9, (2, IMAGES)), rng.normal(20, 6, IMAGES)
        if after is not None:
            y = after - moves + rng.normal(0, 6, IMAGES)
        frames.append(
            pd.DataFrame({"ticket_id": str(ticket), "sample": range(IMAGES), "label": np.arange(IMAGES) % CLASSES,
                          "x_before": x[0], "x_after": x[1], "x_move": x[1] - x[0], "y_before": y,
                          "y_after": y + moves, "y_move": moves})
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def turns_or_shortens(predictions: Predictions) -> float:
    """Nothing changes on average. All tickets share their images: one draw of these may move all."""
    table = ticket_changes(_moved(predictions))
    return float((table["turns"] | table["stretches"]).any())


def turns_more(predictions: Predictions) -> float:
    """All tickets turn by 5 degrees."""
    table = told_apart(_moved(predictions, -5.0))
    return float((table["turns"] | table["stretches"]).any())


def suffers_most(predictions: Predictions) -> float:
    """All classes lose 5 degrees, and one is told apart from another."""
    worst = worst_classes(class_changes(_moved(predictions, -5.0)))
    return float(any(len(others) < CLASSES - 1 for others in worst["others"]))


def nearer_to_another(predictions: Predictions) -> float:
    """All classes have a mean gap of 0 afterwards."""
    return float(class_changes(_moved(predictions, after=0.0))["below"].any())


def an_arrow(predictions: Predictions) -> float:
    """Two measurements of the same images that differ by noise alone, by place and by class."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    truth = rng.normal(size=(TICKETS * IMAGES, 2))
    before, after = truth + rng.normal(0, 0.6, (2, TICKETS * IMAGES, 2))
    moved = _moved(predictions).assign(
        x_before=before[:, 0], x_after=after[:, 0], y_before=before[:, 1], y_after=after[:, 1]
    )
    return float(np.mean([not arrows(moved, over)["within_noise"].all() for over in (CELL, CLASS)]))
