"""Which class of a network stands for which of a target, under the first draw of the images."""

import pandas as pd

from analysis.engine.base import Column, Context, Measure
from analysis.measures.transfer import KIND, SHOTS
from analysis.measures.transferred import TASKS, Transferred, matters, source, targets


def rows(context: Context) -> pd.DataFrame:
    """A row a pair of classes that occurs, or was chosen."""
    found: pd.DataFrame = context.once(Transferred).rows(lambda own: own.mapping, [*MEASURE.columns])
    return found.drop(columns="draw", errors="ignore")


MEASURE = Measure(
    name="transfer_mapping",
    meaning="which class of the network stands for which of the target",
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
        "way": Column("str", "", '"prompt": under the learnt border; "mapping": without it'),
        "shots": SHOTS,
        "source": Column("i32", "", "class of the network, from 0"),
        "target": Column("i32", "", "class of the target, from 0"),
        "count": Column("i32", "images", "training images of the target's class that are predicted as the network's"),
        "chosen": Column("bool", "", "whether the network's class stands for the target's"),
    },
)
