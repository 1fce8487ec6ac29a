"""What a run has measured and not yet put into the results: a file a condition, so that a kill loses no more than one.

A ticket's results are one file a table, which would have to be written anew for every condition. So each condition goes
into a small file of its own first, in the study's `cache/`, whole or not at all; when a group of tickets is done, or
when the next run begins, `merge` brings them into the results. The files are Arrow streams, one after the other.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from analysis.engine.coverage import BY_CONDITION, store
from analysis.results.store import Results
from analysis.results.tables import TABLES as ALL
from analysis.results.tables import to_arrow
from pruning.files import alone_in, remove_leftovers, write_atomically
from pruning.study.folder import CACHE

FOLDER = "measured"
SUFFIX = ".arrows"
TABLES = (*BY_CONDITION, "samples", "summary")
"""In the order in which they are merged: a ticket that has a summary has the others."""

Rows = Mapping[tuple[str, str], pd.DataFrame]
"""(table, ticket id) -> rows, without the ticket's id."""


class Journal:
    """The journal of the study in `study_path`."""

    def __init__(self, study_path: Path) -> None:
        self.path = study_path / CACHE / FOLDER

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the journal; a process that dies lets go of it by itself. Raises UserError when another run holds it."""
        study = self.path.parents[1]
        with alone_in(self.path, f"Another run is measuring {study}; wait for it or stop it first."):
            remove_leftovers(self.path)
            yield

    def write(self, rows: Rows) -> Path:
        """Keep what was measured under one condition. Raises WriteError when the disk will not take it."""
        target = self.path / f"{uuid.uuid4().hex}{SUFFIX}"
        write_atomically(target, lambda path: _write(path, rows))
        return target

    def merge(
        self, results: Results, files: Sequence[Path] | None = None, *, ticket_ids: Collection[str] | None = None
    ) -> None:
        """Bring some of the files, or all that are there, into the results, and remove them.

        Tickets that are not among `ticket_ids` are forgotten. A kill in between loses nothing: what is merged twice is
        the same.
        """
        files = sorted(self.path.glob(f"*{SUFFIX}")) if files is None else files
        found: dict[str, list[pa.Table]] = {}
        for file in files:
            for table, rows in _read(file).items():
                found.setdefault(table, []).append(rows)
        whole = {table: pa.concat_tables(parts) for table, parts in found.items()}
        there = {ticket_id for rows in whole.values() for ticket_id in rows["ticket_id"].unique().to_pylist()}
        for ticket_id in sorted(there if ticket_ids is None else there.intersection(ticket_ids)):
            for table in TABLES:
                if table in whole:
                    _store(results, table, ticket_id, whole[table])
        for file in files:
            file.unlink(missing_ok=True)


def _write(path: Path, rows: Rows) -> None:
    tables: dict[str, list[pa.Table]] = {}
    for (table, ticket_id), frame in rows.items():
        tables.setdefault(table, []).append(to_arrow(ALL[table], ticket_id, frame))
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.OSFile(str(path), "wb") as file:
        for table, parts in tables.items():
            named = parts[0].schema.with_metadata({"table": table})
            with pa.ipc.new_stream(file, named, options=options) as stream:
                stream.write_table(pa.concat_tables(parts).cast(named).combine_chunks())


def _read(file: Path) -> dict[str, pa.Table]:
    """The tables that a file holds; none of a file that is damaged or was not written by this version."""
    found = {}
    try:
        with pa.OSFile(str(file), "rb") as source:
            size = source.size()
            while source.tell() < size:
                with pa.ipc.open_stream(source) as stream:
                    rows = stream.read_all()
                table = rows.schema.metadata[b"table"].decode()
                if rows.schema.names != list(ALL[table].all_columns):
                    return {}
                found[table] = rows.replace_schema_metadata()
    except (pa.ArrowException, OSError, KeyError):
        return {}
    return found


def _store(results: Results, table: str, ticket_id: str, rows: pa.Table) -> None:
    own = rows.filter(pc.equal(rows["ticket_id"], ticket_id)).drop_columns("ticket_id").to_pandas()
    if not len(own):
        return
    if table in BY_CONDITION:
        store(results, table, ticket_id, [own])
    else:
        results.write(table, ticket_id, own)
