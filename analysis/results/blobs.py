"""Blobs of many rows, a run at a time, as they lie in the files: a frame would hold all at once, each as an object."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.results import files
from analysis.results.store import Results
from analysis.results.tables import TICKET


@dataclass(frozen=True)
class Run:
    """Rows of one ticket that follow one another in a file, and whose blobs are of one length.

    Attributes:
        ticket: its id.
        keys: by column a value a row.
        blobs: uint8 [rows, bytes], only to be read, and gone with the next run.
    """

    ticket: str
    keys: Mapping[str, Sequence[Any]]
    blobs: np.ndarray


def runs(results: Results, table: str, ids: Collection[str], keys: Sequence[str], blob: str) -> Iterator[Run]:
    """The rows of tickets, file after file; those of a file that is gone meanwhile, or lacks a column, are left out.

    Raises:
        UserError: a file is damaged, unless the results are forgiving.
    """
    for path, own in results.places(table, ids).items():
        try:
            with pq.ParquetFile(path) as file:
                schema = file.schema_arrow
                if {*keys, blob} <= set(schema.names):
                    if schema.field(blob).type != pa.binary():  # whose buffers are read as they lie
                        raise pa.ArrowInvalid(f"'{blob}' holds no blobs")
                    yield from _of_file(file, own, keys, blob)
        except FileNotFoundError:
            continue
        except (OSError, pa.ArrowException) as error:
            raise files.damaged(path) from error


def _of_file(file: pq.ParquetFile, ids: Sequence[str], keys: Sequence[str], blob: str) -> Iterator[Run]:
    wanted, ordered = set(ids), sorted(ids)
    place = file.schema_arrow.names.index(TICKET)
    for group in range(file.num_row_groups):
        told = file.metadata.row_group(group).column(place).statistics
        if told is not None and told.has_min_max:
            first = bisect_left(ordered, told.min)
            if first == len(ordered) or ordered[first] > told.max:
                continue
        rows = file.read_row_group(group, columns=[TICKET, *keys, blob], use_threads=False)
        for batch in rows.to_batches():
            yield from _of_batch(batch, wanted, keys, blob)


def _of_batch(rows: pa.RecordBatch, wanted: Collection[str], keys: Sequence[str], blob: str) -> Iterator[Run]:
    tickets, blobs = rows[TICKET].to_pylist(), rows[blob]
    columns = {key: rows[key].to_pylist() for key in keys}
    _, ends, content = blobs.buffers()
    edges = np.frombuffer(ends, dtype=np.int32)[blobs.offset : blobs.offset + len(blobs) + 1]
    bytes_of = np.frombuffer(content, dtype=np.uint8) if content is not None else np.zeros(0, np.uint8)
    sizes = np.diff(edges).tolist()
    first = 0
    for last in range(1, len(tickets) + 1):
        if last < len(tickets) and (tickets[last], sizes[last]) == (tickets[first], sizes[first]):
            continue
        if tickets[first] in wanted:
            own = bytes_of[edges[first] : edges[last]].reshape(last - first, sizes[first])
            yield Run(tickets[first], {key: each[first:last] for key, each in columns.items()}, own)
        first = last
