"""What a column of a table holds: its kind, its unit, and what it means."""

from dataclasses import dataclass

import numpy as np
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


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        kind: one of `KINDS`. A float may be missing (NaN, stored as null); nothing else may.
        unit: what a value counts or is measured in, such as "degrees"; "" for a name, a ratio or a plain number.
        meaning: a phrase for people.
    """

    kind: str
    unit: str
    meaning: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"A column is one of {', '.join(KINDS)}, not '{self.kind}'.")

    @property
    def is_float(self) -> bool:
        """Whether a value may be missing."""
        return self.kind in FLOATS


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
