"""Which parts of which tickets a result file holds, read where the few columns that say it change their values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.results.columns import KINDS
from analysis.results.files import damaged
from analysis.results.tables import TICKET, Table


def held(table: Table, path: Path) -> dict[str, list[str]]:
    """Ticket -> its parts, as `Table.part_of` names them; {} of a table of one part, or without rows.

    Raises:
        Damaged: the file cannot be read.
        FileNotFoundError: there is none.
    """
    if not table.keys:
        return {}
    columns = [TICKET, *table.keys]
    texts = [name for name in columns if KINDS[table.all_columns[name].kind].arrow == pa.string()]
    found: dict[str, dict[str, None]] = {}
    try:
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            for group in range(file.num_row_groups):
                rows = _changes(file.read_row_group(group, columns=columns)).select(columns)
                for ticket, *keys in zip(*(rows.column(name).to_pylist() for name in columns), strict=True):
                    found.setdefault(ticket, {})[" ".join(map(str, keys))] = None
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise damaged(path) from error
    return {ticket: list(parts) for ticket, parts in found.items()}


def _changes(rows: pa.Table) -> pa.Table:
    """The rows that differ from the one before, once each."""
    if not len(rows):
        return rows
    apart = np.zeros(len(rows), dtype=bool)
    apart[0] = True
    for column in rows.columns:
        codes = pa.chunked_array([_codes(chunk) for chunk in column.unify_dictionaries().chunks]).to_numpy()
        apart[1:] |= codes[1:] != codes[:-1]
    few = rows.take(np.flatnonzero(apart))
    plain = [column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in few.columns]
    return pa.table(plain, names=rows.column_names).group_by(rows.column_names).aggregate([])


def _codes(chunk: pa.Array) -> pa.Array:
    return chunk.indices if pa.types.is_dictionary(chunk.type) else chunk
