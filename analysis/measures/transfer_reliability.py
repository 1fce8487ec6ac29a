"""Confidence against accuracy on other data sets, of the first draw."""

import pandas as pd

from analysis.engine.base import Column, Context, Measure
from analysis.measures.transfer import KIND, SHOTS, WAY
from analysis.measures.transferred import TASKS, Transferred, matters, source, targets


def rows(context: Context) -> pd.DataFrame:
    """A row a bin."""
    found: pd.DataFrame = context.once(Transferred).rows(lambda own: pd.concat(own.bins), [*MEASURE.columns])
    return found


MEASURE = Measure(
    name="transfer_reliability",
    meaning="confidence against accuracy on other data sets",
    of="ticket",
    needs=frozenset({"weights"}),
    tasks=TASKS,
    rows=rows,
    detail=True,
    parts=targets,
    source=source,
    matters=matters,
    columns={
        "kind": KIND,
        "way": WAY,
        "shots": SHOTS,
        "scaled": Column("bool", "", "whether after temperature scaling, cross-fitted over two halves of the images"),
        "bin": Column("i8", "", "bin of equally many images, from 0, the least confident first"),
        "n": Column("i32", "images", "test images in the bin"),
        "confidence": Column("f32", "", "mean probability of the predicted class in the bin, 0 to 1"),
        "accuracy": Column("f32", "", "share of the bin classified right, 0 to 1"),
    },
)
