"""What pruning saves: multiply-adds, bytes, memory and time."""

import pandas as pd

from analysis.engine.base import Column, Context, Measure
from analysis.metrics.efficiency import Bench

TIMES = ("latency_ms", "latency_low", "latency_high", "dense_ms", "speedup", "speedup_low", "speedup_high")


def measured(context: Context) -> pd.DataFrame:
    """The row of a ticket; the dense network beside it is timed once for all."""
    context.progress(0.0, "efficiency")
    return context.once_a_process(Bench).measure(context.ticket, context.entry.path)


MEASURE = Measure(
    name="efficiency",
    meaning="multiply-adds, bytes, memory and time",
    of="ticket",
    needs=frozenset({"masks", "weights", "alone"}),
    rows=measured,
    # The file is a little larger in later versions.
    by_machine=frozenset({*TIMES, "machine", "threads", "bytes_ticket", "peak_bytes", "dense_peak_bytes"}),
    cost=lambda parts, images, macs: 0.4,
    columns={
        "macs": Column("i64", "multiply-adds", "of the dense network, for one image, products of activations included"),
        "macs_kept": Column("i64", "multiply-adds", "of those, without the ones of pruned weights"),
        "parameters": Column("i64", "parameters", "of the dense network"),
        "kept_parameters": Column("i64", "parameters", "those that are not pruned"),
        "bytes_dense": Column("i64", "bytes", "the dense network's state dict"),
        "bytes_ticket": Column("i64", "bytes", "the ticket's file"),
        "bytes_network": Column("i64", "bytes", "state dict of the network as it runs, physically smaller if `shrunk`"),
        "shrunk": Column("bool", "", "whether the masks allow a physically smaller network"),
        "batch": Column("i32", "images", "shown at once"),
        "threads": Column("i32", "threads", "used by the network"),
        "latency_ms": Column("f64", "ms", "time for a batch, of the network as it runs: the median"),
        "latency_low": Column("f64", "ms", "lower bound of its 95 % interval"),
        "latency_high": Column("f64", "ms", "upper bound of its 95 % interval"),
        "dense_ms": Column("f64", "ms", "time of the dense network in the same rounds: the median"),
        "speedup": Column("f64", "times", "how many times faster than the dense network: the median of the ratios"),
        "speedup_low": Column("f64", "times", "lower bound of its 95 % interval"),
        "speedup_high": Column("f64", "times", "upper bound of its 95 % interval"),
        "peak_bytes": Column("i64", "bytes", "in memory at most while a batch passes through"),
        "dense_peak_bytes": Column("i64", "bytes", "the same of the dense network"),
        "machine": Column("str", "", "what it was timed on"),
    },
)
