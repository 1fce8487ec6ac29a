"""How far apart two trainings end."""

from analysis.results.columns import Column
from analysis.results.tables import Table

TABLE = Table(
    name="stability",
    meaning="how far apart two trainings end",
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
