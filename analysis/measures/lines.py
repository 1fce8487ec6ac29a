"""Accuracy on the way between two trainings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from analysis.engine.base import Column, Context, Measure, Pair
from analysis.engine.groups import per_condition
from analysis.engine.stability_pairs import partners
from analysis.metrics import connectivity
from analysis.metrics.connectivity import ALPHAS, TRAINING_IMAGES, Line
from pruning.data import Split
from pruning.progress import saying
from pruning.study.folder import Entry


def line(context: Context) -> Line:
    """The line from the partner to the ticket, for `Context.once`; `stability` looks at it too."""
    assert context.partner is not None
    assert context.images.data is not None
    data = replace(context.images.data, test=Split(context.images.images, context.images.labels))
    told = saying(context.progress, f"the line to {context.entry.recipe.label}")
    return connectivity.line(context.partner, context.ticket, data, progress=told, precision=context.settings.precision)


def frame(context: Context) -> pd.DataFrame:
    """A row a point of the line."""
    assert context.partner is not None
    return context.once(line).frame(context.partner.id)


def ordered(entries: Sequence[Entry]) -> Mapping[str, Sequence[Pair]]:
    """The tickets that were trained again under another order of the data, and what they are held against."""
    return {key: [pair] for key, pair in partners(entries).items() if pair.relation == "order"}


MEASURE = Measure(
    name="lines",
    meaning="accuracy on the way between two trainings",
    of="pair",
    needs=frozenset({"weights", "images", "training images", "partner"}),
    rows=frame,
    pairs=ordered,
    cost=lambda parts, images, macs: ALPHAS * per_condition(images + TRAINING_IMAGES, macs),
    columns={
        "other": Column("str", "", "id of the ticket that the line begins at"),
        "alpha": Column("f64", "", "place on the line: 0 at `other`, 1 at the ticket itself"),
        "n": Column("i64", "images", "test images shown"),
        "correct": Column("i64", "images", "test images classified right"),
        "accuracy": Column("f64", "", "share of the test images classified right, 0 to 1"),
        "loss": Column("f64", "nats", "mean cross-entropy of the test images"),
        "train_accuracy": Column("f64", "", "share of the training images classified right, 0 to 1"),
        "train_loss": Column("f64", "nats", "mean cross-entropy of the training images"),
    },
)
