"""The tables of a study's results: which there are, their columns, and how a frame is brought into their form.

A table is declared by the measure that makes it, in `analysis.measures`, and is found there by itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel

from analysis.results.columns import KINDS, Column, round_mantissa
from pruning.registry import Registry

TICKET = "ticket_id"
"""The first column of every table."""

KEYS = ("other", "corruption", "severity", "kind")
"""Columns that tell the parts of a ticket's table apart, where it has them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """A table: a file a ticket, whose rows fall into parts.

    Attributes:
        name: as in SQL. meaning: what it holds, a phrase for people.
        columns: those after `ticket_id`, in their order.
        kinds: the values that the column "kind" may have, in the order in which they are stored, where there is one.
        options: keys that [analysis] of a study.toml has for this table.
    """

    name: str
    meaning: str
    columns: Mapping[str, Column]
    kinds: tuple[str, ...] = ()
    options: type[BaseModel] | None = None

    @property
    def all_columns(self) -> dict[str, Column]:
        """The columns with `ticket_id`."""
        return {TICKET: Column("str", "", "the ticket's id"), **self.columns}

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns whose values, with spaces between them, name the part that a row belongs to."""
        return tuple(name for name in KEYS if name in self.columns)

    def part_of(self, rows: pd.DataFrame) -> pd.Series:
        """The part that each row belongs to; "" where the table has but one."""
        keys = [rows[key].astype(str) for key in self.keys]
        return keys[0].str.cat(keys[1:], sep=" ") if keys else pd.Series("", index=rows.index, dtype=str)


TABLES: Registry[Table] = Registry("table", Table, "analysis.measures")
"""All tables by name."""


def describe(table: str | None = None) -> pd.DataFrame:
    """What the columns of one table, or of all, hold: table, column, kind, unit, meaning.

    Raises:
        UserError: there is no such table.
    """
    chosen = TABLES.values() if table is None else [TABLES.get_known(table)]
    rows = [
        (each.name, name, column.kind, column.unit, column.meaning)
        for each in chosen
        for name, column in each.all_columns.items()
    ]
    return pd.DataFrame(rows, columns=["table", "column", "kind", "unit", "meaning"])


def to_arrow(table: Table, ticket_id: str, frame: pd.DataFrame) -> pa.Table:
    """The frame as an Arrow table with exactly the table's columns, in their order and types.

    `ticket_id` need not be in the frame.

    Raises:
        ValueError: a column is missing or too many, an id is another ticket's, a value does not fit its column's kind,
            or one is missing where only a float may be.
    """
    columns = table.all_columns
    if TICKET not in frame:
        frame = frame.assign(ticket_id=ticket_id)
    elif not (frame[TICKET] == ticket_id).all():
        raise ValueError(f"Rows of other tickets in the '{table.name}' table of ticket {ticket_id}.")
    missing, extra = columns.keys() - set(frame.columns), set(frame.columns) - columns.keys()
    if missing or extra:
        raise ValueError(
            f"Table '{table.name}': missing columns {sorted(missing)}, extra columns {sorted(map(str, extra))}."
        )
    return pa.table({name: _array(table.name, name, column, frame[name]) for name, column in columns.items()})


def _array(table: str, name: str, column: Column, values: pd.Series) -> pa.Array:
    try:
        if column.kind == "rounded":
            values = pd.Series(round_mantissa(values.to_numpy(dtype="float32")))
        array = pa.array(values, type=KINDS[column.kind].arrow, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"Table '{table}', column '{name}' holds what is not {column.kind}: {error}.") from error
    if array.null_count and not column.is_float:
        raise ValueError(f"Table '{table}', column '{name}': {array.null_count} values are missing.")
    return array
