"""What each layer keeps."""

from analysis.engine.base import Column, Measure
from analysis.metrics.layers import by_layer

MEASURE = Measure(
    name="layers",
    meaning="what each layer keeps",
    of="layer",
    needs=frozenset({"masks"}),
    rows=lambda context: by_layer(context.ticket.masks),
    columns={
        "layer": Column("str", "", "name of the parameter"),
        "position": Column("i32", "", "place of the layer in the network, from 0"),
        "kept": Column("i64", "weights", "weights kept"),
        "total": Column("i64", "weights", "weights in all"),
        "sparsity": Column("f64", "", "share of the layer's weights that is removed, 0 to 1"),
        "filters": Column("i32", "filters", "output channels or units"),
        "dead_filters": Column("i32", "filters", "filters none of whose incoming weights is kept"),
        "collapsed": Column("bool", "", "whether nothing is kept"),
    },
)
