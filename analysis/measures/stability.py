"""How far apart two trainings end."""

import pandas as pd

from analysis.engine.base import Column, Context, Measure
from analysis.engine.stability_pairs import partners
from analysis.measures.lines import line
from analysis.metrics import connectivity


def measured(context: Context) -> pd.DataFrame:
    """The row of a pair. Raises UserError when the line between the two cannot be drawn."""
    partner, ticket = context.partner, context.ticket
    assert partner is not None
    l2, relative = connectivity.distance(ticket.state, partner.state, ticket.masks)
    row = {"other": partner.id, "relation": context.relation, "l2": l2, "relative": relative}
    row |= dict.fromkeys(("barrier", "barrier_low", "barrier_high"), float("nan"))
    if context.relation == "order":
        found = connectivity.barrier(context.once(line).right)
        row |= {"barrier": found.value, "barrier_low": found.low, "barrier_high": found.high}
    return pd.DataFrame([row])


MEASURE = Measure(
    name="stability",
    meaning="how far apart two trainings end",
    of="pair",
    needs=frozenset({"masks", "weights", "images", "training images", "partner"}),
    rows=measured,
    pairs=lambda entries: {key: [pair] for key, pair in partners(entries).items()},
    columns={
        "other": Column("str", "", "id of the ticket held against"),
        "relation": Column(
            "str",
            "",
            '"order": `other` is the same training under another order of the data; "pruning": it is the dense network',
        ),
        "l2": Column("f64", "", "Euclidean distance of the weights that the ticket keeps"),
        "relative": Column("f64", "", "its ratio to the norm of the other's weights there"),
        "barrier": Column(
            "f64",
            "",
            'largest test error along the line minus the mean of its ends\', 0 to 1; missing for "pruning"',
        ),
        "barrier_low": Column("f64", "", "lower bound of its 95 % interval over test images"),
        "barrier_high": Column("f64", "", "upper bound of its 95 % interval over test images"),
    },
)
