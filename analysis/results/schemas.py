"""The tables of a study's results: their columns, the types these have, and how a frame is brought into that form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

MANTISSA_BITS = 10
"""Explicit mantissa bits that a "rounded" column keeps: a relative error of at most 2**-11 (0.05 %)."""


@dataclass(frozen=True)
class Kind:
    """How values of one kind are held: in a file (`arrow`) and in a query (`sql`)."""

    arrow: pa.DataType
    sql: str


KINDS: dict[str, Kind] = {
    "str": Kind(pa.string(), "VARCHAR"),
    "bool": Kind(pa.bool_(), "BOOLEAN"),
    "i8": Kind(pa.int8(), "TINYINT"),
    "i16": Kind(pa.int16(), "SMALLINT"),
    "i32": Kind(pa.int32(), "INTEGER"),
    "i64": Kind(pa.int64(), "BIGINT"),
    "f32": Kind(pa.float32(), "FLOAT"),
    "rounded": Kind(pa.float32(), "FLOAT"),
    "f64": Kind(pa.float64(), "DOUBLE"),
    "blob": Kind(pa.binary(), "BLOB"),
}
FLOATS = ("f32", "rounded", "f64")

SCHEMAS: dict[str, dict[str, str]] = {
    "summary": {
        "ticket_id": "str",
        "accuracy": "f64",
        "correct": "i64",
        "n": "i64",
        "mean_angle": "f64",
        "mean_length": "f64",
        "mean_margin": "f64",
        "mean_confidence": "f64",
        "kept": "i64",
        "total": "i64",
        "sparsity": "f64",
        "seconds": "f64",
    },
    "layers": {
        "ticket_id": "str",
        "layer": "str",
        "position": "i32",
        "kept": "i64",
        "total": "i64",
        "sparsity": "f64",
        "filters": "i32",
        "dead_filters": "i32",
        "collapsed": "bool",
    },
    "weights": {"ticket_id": "str", "layer": "str", "left": "f64", "right": "f64", "count": "i64"},
    "samples": {
        "ticket_id": "str",
        "sample": "i32",
        "label": "i16",
        "prediction": "i16",
        "confidence": "f32",
        "angle": "f32",
        "length": "f32",
        "margin": "f32",
    },
    "conditions": {
        "ticket_id": "str",
        "corruption": "str",
        "severity": "i8",
        "n": "i32",
        "correct": "i32",
        "accuracy": "f64",
        "mean_confidence": "f64",
        "mean_angle": "f64",
        "mean_length": "f64",
        "mean_margin": "f64",
        "nll": "f64",
        "brier": "f64",
        "ece": "f64",
        "offsets": "blob",
    },
    "reliability": {
        "ticket_id": "str",
        "corruption": "str",
        "severity": "i8",
        "bin": "i8",
        "n": "i32",
        "confidence": "f32",
        "accuracy": "f32",
    },
    "corrupted": {
        "ticket_id": "str",
        "corruption": "str",
        "severity": "i8",
        "sample": "i32",
        "prediction": "i16",
        "confidence": "rounded",
        "angle": "rounded",
        "length": "rounded",
        "margin": "rounded",
    },
    "efficiency": {
        "ticket_id": "str",
        "macs": "i64",
        "macs_kept": "i64",
        "parameters": "i64",
        "kept_parameters": "i64",
        "bytes_dense": "i64",
        "bytes_ticket": "i64",
        "bytes_network": "i64",
        "shrunk": "bool",
        "batch": "i32",
        "threads": "i32",
        "latency_ms": "f64",
        "latency_low": "f64",
        "latency_high": "f64",
        "dense_ms": "f64",
        "speedup": "f64",
        "speedup_low": "f64",
        "speedup_high": "f64",
        "peak_bytes": "i64",
        "dense_peak_bytes": "i64",
        "machine": "str",
    },
    "lines": {
        "ticket_id": "str",
        "other": "str",
        "alpha": "f64",
        "n": "i64",
        "correct": "i64",
        "accuracy": "f64",
        "loss": "f64",
        "train_accuracy": "f64",
        "train_loss": "f64",
    },
    "stability": {
        "ticket_id": "str",
        "other": "str",
        "relation": "str",
        "l2": "f64",
        "relative": "f64",
        "barrier": "f64",
        "barrier_low": "f64",
        "barrier_high": "f64",
    },
    "maps": {"ticket_id": "str", "kind": "str", "sample": "i32", "x": "f32", "y": "f32", "trustworthiness": "f64"},
}
"""Table -> {column: kind}, `ticket_id` first. Floats may be missing (NaN, stored as null); nothing else may.

In `conditions`, `offsets` holds (prediction - label) mod classes of each image, which is 0 where it is right, as uint8,
or as little-endian uint16 where there are more than 256 classes. In `reliability`, bin -1 holds the images that have no
confidence, whose logits are not finite; the others are numbered from 0, the least confident first. In `efficiency`,
`macs_kept` counts only kept weights, `bytes_dense` is the dense network's state dict, `bytes_ticket` the ticket's file,
`bytes_network` the state dict of the network as it runs: physically smaller where `shrunk`. Times are for a batch, in
milliseconds; `dense_ms` is the dense network's in the same rounds, `speedup` the median of their ratios. In `lines`,
alpha is 0 at the ticket `other` and 1 at the ticket itself. In `stability`, `relation` is "order" where `other` is the
ticket that was trained again under another order of the data, and "pruning" where it is the dense network; `l2` is the
distance of the weights that the ticket keeps, `relative` its ratio to the norm of `other`'s, `barrier` the largest test
error along the line minus the mean of its ends', with the interval over test images, and missing for "pruning".
"""


def round_mantissa(values: np.ndarray, bits: int = MANTISSA_BITS) -> np.ndarray:
    """Float32 values with only `bits` explicit mantissa bits (0 to 22), rounded to nearest, ties to even.

    The dropped bits become zero, which is what lets the files shrink. Infinities and NaN stay; a finite value that
    lies above the largest one of that many bits becomes infinite, as in IEEE 754.
    """
    drop = 23 - bits
    values = np.ascontiguousarray(values, dtype=np.float32)
    raw = values.view(np.uint32)
    below_half = np.uint32((1 << (drop - 1)) - 1)
    # Adding just under half a step, plus one where the last kept bit is odd, carries into the kept bits exactly when
    # rounding goes up; a carry out of the mantissa moves the exponent on, as it should.
    rounded = (raw + below_half + ((raw >> np.uint32(drop)) & np.uint32(1))) & np.uint32(
        ~((1 << drop) - 1) & 0xFFFFFFFF
    )
    return np.where(np.isfinite(values), rounded.view(np.float32), values)


def to_arrow(table: str, ticket_id: str, frame: pd.DataFrame) -> pa.Table:
    """The frame as an Arrow table with exactly the table's columns, in their order and types.

    `ticket_id` need not be in the frame. Raises ValueError for a missing or an extra column, another ticket's id, a
    value that the column's type cannot hold, or a missing value where only a float may be missing.
    """
    schema = SCHEMAS[table]
    if "ticket_id" not in frame:
        frame = frame.assign(ticket_id=ticket_id)
    elif not (frame["ticket_id"] == ticket_id).all():
        raise ValueError(f"Rows of other tickets in the '{table}' table of ticket {ticket_id}.")
    missing, extra = schema.keys() - set(frame.columns), set(frame.columns) - schema.keys()
    if missing or extra:
        raise ValueError(
            f"Table '{table}': missing columns {sorted(missing)}, extra columns {sorted(map(str, extra))}."
        )
    return pa.table({column: _column(table, column, kind, frame[column]) for column, kind in schema.items()})


def empty(table: str) -> pa.Table:
    """The table without rows."""
    return pa.table({column: pa.array([], KINDS[kind].arrow) for column, kind in SCHEMAS[table].items()})


def _column(table: str, column: str, kind: str, values: pd.Series) -> pa.Array:
    try:
        if kind == "rounded":
            values = pd.Series(round_mantissa(values.to_numpy(dtype=np.float32)))
        array = pa.array(values, type=KINDS[kind].arrow, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"Table '{table}', column '{column}' holds what is not {kind}: {error}.") from error
    if array.null_count and kind not in FLOATS:
        raise ValueError(f"Table '{table}', column '{column}': {array.null_count} values are missing.")
    return array
