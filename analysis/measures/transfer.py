"""How well tickets do on other data sets, by a linear probe, a visual prompt, or the mapping of classes alone."""

import pandas as pd

from analysis.engine.base import Column, Context, Measure
from analysis.measures.transferred import TASKS, TransferOptions, Transferred, cost, matters, source, targets

KIND = Column("str", "", "name of the data set that the network is transferred to")
WAY = Column(
    "str",
    "",
    '"probe": a new classifier on its features; "prompt": a learnt border, and its classes mapped; "mapping": the same '
    "without the border",
)
SHOTS = Column("i32", "images", "training images of each class that were given; 0: all")


def rows(context: Context) -> pd.DataFrame:
    """A row a way, budget and draw."""
    found: pd.DataFrame = context.once(Transferred).rows(lambda own: own.results, [*MEASURE.columns])
    return found


MEASURE = Measure(
    name="transfer",
    meaning="accuracy and calibration on other data sets, by probe, prompt and mapping",
    of="ticket",
    needs=frozenset({"weights"}),
    tasks=TASKS,
    rows=rows,
    parts=targets,
    source=source,
    datasets=targets,
    options=TransferOptions,
    matters=matters,
    cost=cost,
    columns={
        "kind": KIND,
        "way": WAY,
        "shots": SHOTS,
        "draw": Column("i16", "", "which draw of these images, from 0"),
        "trained": Column("i32", "images", "training images given in all"),
        "n": Column("i32", "images", "test images of the target"),
        "accuracy": Column("f64", "", "share of the target's test images classified right, 0 to 1"),
        "ece": Column("f64", "", "expected calibration error on them, over 15 bins of equal mass, 0 to 1"),
        "nll": Column("f64", "nats", "mean negative log-likelihood on them"),
        "brier": Column("f64", "", "mean Brier score on them, 0 (best) to 2"),
        "temperature": Column("f64", "", "what their logits are to be divided by; below 1: not sure enough"),
        "scaled_ece": Column("f64", "", "expected calibration error after that, cross-fitted over two halves of them"),
        "scaled_nll": Column("f64", "nats", "mean negative log-likelihood after that"),
        "scaled_brier": Column("f64", "", "mean Brier score after that"),
        "right": Column("blob", "", "which test images are classified right, a bit each, the first is the highest"),
    },
)
