"""How the values of the kept weights are spread in each layer."""

from analysis.results.columns import Column
from analysis.results.tables import Table

TABLE = Table(
    name="weights",
    meaning="histograms of the kept weights",
    columns={
        "layer": Column("str", "", "name of the parameter"),
        "left": Column("f64", "", "left edge of the bin, a weight's value"),
        "right": Column("f64", "", "right edge of the bin, a weight's value"),
        "count": Column("i64", "weights", "kept weights in the bin"),
    },
)
