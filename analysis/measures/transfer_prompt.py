"""The learnt borders as images, of the first draw."""

import pandas as pd

from analysis.engine.base import Column, Context, Measure
from analysis.measures.transfer import KIND, SHOTS
from analysis.measures.transferred import TASKS, Transferred, matters, source, targets


def rows(context: Context) -> pd.DataFrame:
    """A row a budget."""
    found: pd.DataFrame = context.once(Transferred).rows(lambda own: own.prompts, [*MEASURE.columns])
    return found.drop(columns=["draw", "way"], errors="ignore")


MEASURE = Measure(
    name="transfer_prompt",
    meaning="the learnt borders as images",
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
        "shots": SHOTS,
        "top": Column("i16", "pixels", "first row of the picture within the border"),
        "left": Column("i16", "pixels", "its first column"),
        "height": Column("i16", "pixels", "its rows"),
        "width": Column("i16", "pixels", "its columns"),
        "pixels": Column("blob", "", "uint8 [C, H, W] of the network's input, 0 where the picture is"),
    },
)
