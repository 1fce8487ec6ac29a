"""Costs by class of many tickets, images and classes, against the bare accuracies by class."""

import numpy as np

from analysis.comparisons.classes import class_costs
from analysis.comparisons.outcomes import Outcomes
from tests.bench.rows import Row, versus

SETTINGS, QUICK = (20, 50_000, 1000), (4, 5000, 100)
TARGET = 30.0  # what permuting the labels of all images took: minutes


def run(quick: bool) -> list[Row]:
    """One row: every ticket's change in every class, with verdicts."""
    tickets, images, classes = QUICK if quick else SETTINGS
    rng = np.random.default_rng(0)
    right = {f"ticket {place}": rng.random((3, 1, images)) < 0.75 for place in range(tickets + 1)}
    outcomes, labels = Outcomes([("fog", 1)], right), np.arange(images) % classes
    times = versus(
        lambda: [np.bincount(labels, weights=run) for runs in right.values() for run in runs[:, 0]],
        lambda: class_costs(outcomes, labels, "ticket 0"),
        1 if quick else 3,
    )
    what = f"costs by class of {tickets} tickets, 3 seeds, {images:,} images of {classes:,} classes"
    return [Row(what, *times, TARGET, at_most=True, note="over one count of every run")]
