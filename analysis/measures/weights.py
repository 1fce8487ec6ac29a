"""How the values of the kept weights are spread in each layer."""

from analysis.engine.base import Column, Measure
from analysis.metrics.layers import weight_histogram

MEASURE = Measure(
    name="weights",
    meaning="histograms of the kept weights",
    of="layer",
    needs=frozenset({"masks", "weights"}),
    rows=lambda context: weight_histogram(context.ticket),
    columns={
        "layer": Column("str", "", "name of the parameter"),
        "left": Column("f64", "", "left edge of the bin, a weight's value"),
        "right": Column("f64", "", "right edge of the bin, a weight's value"),
        "count": Column("i64", "weights", "kept weights in the bin"),
    },
)
