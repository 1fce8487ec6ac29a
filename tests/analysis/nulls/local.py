"""Verdicts of Geometry, Local, on images drawn so that nothing is there to be claimed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.local_changes import class_changes, ticket_changes, told_apart, worst_classes
from analysis.comparisons.local_geometry import CELL, CLASS, arrows
from tests.analysis.nulls.studies import BASELINE, Predictions

TICKETS, IMAGES, CLASSES = 3, 200, 5
SEED = {"all": 1.0, "ticket": 1.0, "class": 1.0, "length": 0.04}
"""What a training does to the mean gap, in degrees: to those of all tickets, of one, and of a class; and to lengths.

As in the shipped study under corruption, where it is more than other images would do.
"""


def drawn_moves(
    rng: np.random.Generator, seeds: int, change: Sequence[float] = (0.0,) * TICKETS, after: float | None = None
) -> pd.DataFrame:
    """Images whose gap changes alike in all classes; what is hard is so for all tickets.

    `change` is the mean change of the gap of each ticket, in degrees; `after` its mean afterwards, where that is fixed.
    A single training is these networks, so nothing is added for another.
    """
    images, label = rng.normal(0, 3, IMAGES), np.arange(IMAGES) % CLASSES
    luck = {name: spread * (seeds > 1) for name, spread in SEED.items()}
    of_seed = rng.normal(0, luck["all"], seeds)
    frames = []
    for ticket, own in enumerate(change):
        for seed in range(seeds):
            lucky = of_seed[seed] + rng.normal(0, luck["ticket"]) + rng.normal(0, luck["class"], CLASSES)[label]
            moves = own + images + lucky + rng.normal(0, 3, IMAGES)
            x, y = rng.gamma(9, 1 / 9, (2, IMAGES)), rng.normal(20, 6, IMAGES)
            x[1] *= 1 + rng.normal(0, luck["length"])
            if after is not None:
                y = after + lucky - moves + rng.normal(0, 6, IMAGES)
            frames.append(
                pd.DataFrame({"key": str(ticket), "seed": seed, "sample": range(IMAGES), "label": label,
                              "x_before": x[0], "x_after": x[1], "x_move": x[1] - x[0], "y_before": y,
                              "y_after": y + moves, "y_move": moves})
            )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def _moved(predictions: Predictions, change: float = 0.0, after: float | None = None) -> pd.DataFrame:
    """Tickets that are one method."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    return drawn_moves(rng, len(predictions.predicted[BASELINE]), (change,) * TICKETS, after)


def turns_or_shortens(predictions: Predictions) -> float:
    """Nothing changes on average. All tickets share their images: one draw of these may move all."""
    table = ticket_changes(_moved(predictions))
    return float((table["turns"] | table["stretches"]).any())


def turns_more(predictions: Predictions) -> float:
    """All tickets turn by 5 degrees."""
    table = told_apart(_moved(predictions, -5.0))
    return float((table["turns"] | table["stretches"]).any())


def suffers_most(predictions: Predictions) -> float:
    """All classes lose 9 degrees, and one is told apart from another."""
    moved = _moved(predictions, -9.0)
    worst = worst_classes(moved, class_changes(moved))
    return float(any(len(others) < CLASSES - 1 for others in worst["others"]))


def nearer_to_another(predictions: Predictions) -> float:
    """All classes have a mean gap of 0 afterwards."""
    return float(class_changes(_moved(predictions, after=0.0))["below"].any())


def an_arrow(predictions: Predictions) -> float:
    """Two measurements of the same images that differ by noise alone, by place and by class."""
    rng = np.random.default_rng(int(predictions.labels[:8] @ 10 ** np.arange(8)))
    truth = rng.normal(size=(TICKETS * IMAGES, 2))
    before, after = truth + rng.normal(0, 0.6, (2, TICKETS * IMAGES, 2))
    moved = drawn_moves(rng, 1).assign(
        ticket_id=lambda rows: rows["key"],
        x_before=before[:, 0],
        x_after=after[:, 0],
        y_before=before[:, 1],
        y_after=after[:, 1],
    )
    return float(np.mean([not arrows(moved, over)["within_noise"].all() for over in (CELL, CLASS)]))
