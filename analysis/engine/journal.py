"""What a run has measured and not yet put into the results: a file a condition, so that a kill loses no more than one.

A ticket's results are one file a table, which would have to be written anew for every condition. So each condition goes
into a small file of its own first, in the study's `cache/`, whole or not at all; when a group of tickets is done, or
when the next run begins, `merge` brings them into the results. The files are Arrow streams, one after the other, each
with what made its rows. A file's name has the digest of what is in it.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa

from analysis.engine.parts import store
from analysis.results.provenance import Made, Provenance, from_text, to_text
from analysis.results.store import Results
from analysis.results.tables import TABLES, TICKET, to_arrow
from pruning.files import alone_in, leads_out, remove_leftovers, write_atomically
from pruning.study.folder import CACHE
from pruning.study.opened import refuse_writing

FOLDER = "measured"
SUFFIX = ".arrows"


@dataclass(frozen=True)
class Rows:
    """Rows of one ticket's table, without the ticket's id, and what made their parts."""

    frame: pd.DataFrame
    made: Made


@dataclass
class _Pieces:
    """What several files hold of one ticket's table."""

    frames: list[pd.DataFrame] = field(default_factory=list)
    made: dict[str, Provenance] = field(default_factory=dict)


class Journal:
    """The journal of the study in `study_path`."""

    def __init__(self, study_path: Path) -> None:
        self.path = study_path / CACHE / FOLDER

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the journal; a process that dies lets go of it by itself. Raises UserError when another run holds it."""
        study = self.path.parents[1]
        refuse_writing(study)
        with alone_in(self.path, f"Another run is measuring {study}; wait for it or stop it first."):
            remove_leftovers(self.path)
            yield

    def write(self, rows: Mapping[tuple[str, str], Rows]) -> Path:
        """Keep what was measured under one condition: (table, ticket id) -> rows.

        Raises:
            WriteError: the disk will not take it.
        """
        content = _written(rows)
        target = self.path / f"{uuid.uuid4().hex}.{_digest(content)}{SUFFIX}"
        write_atomically(target, content)
        return target

    def merge(
        self, results: Results, files: Sequence[Path] | None = None, *, ticket_ids: Collection[str] | None = None
    ) -> list[tuple[str, str]]:
        """Bring some of the files, or all that are there, into the results, and remove them.

        Tickets that are not among `ticket_ids` are forgotten. A kill in between loses nothing: what is merged twice is
        the same. Returns (table, ticket id) of what was written.
        """
        files = sorted(self.path.glob(f"*{SUFFIX}")) if files is None else files
        found: dict[tuple[str, str], _Pieces] = {}
        for file in files:
            for key, rows in _read(file):
                pieces = found.setdefault(key, _Pieces())
                pieces.frames.append(rows.frame)
                pieces.made.update(rows.made)
        merged = [key for key in sorted(found) if ticket_ids is None or key[1] in ticket_ids]
        for table, ticket_id in merged:
            pieces = found[table, ticket_id]
            _store(results, table, ticket_id, Rows(pd.concat(pieces.frames, ignore_index=True), pieces.made))
        for file in files:
            file.unlink(missing_ok=True)
        return merged


def _store(results: Results, table: str, ticket_id: str, rows: Rows) -> None:
    store(results, table, ticket_id, rows.frame, rows.made)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _written(rows: Mapping[tuple[str, str], Rows]) -> bytes:
    """The content of a file."""
    tables: dict[str, dict[str, Rows]] = {}
    for (table, ticket_id), each in rows.items():
        tables.setdefault(table, {})[ticket_id] = each
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.BufferOutputStream() as file:
        for table, tickets in tables.items():
            parts = [to_arrow(TABLES[table], ticket_id, each.frame) for ticket_id, each in tickets.items()]
            made = {ticket_id: [[*each.made], to_text(each.made)] for ticket_id, each in tickets.items()}
            named = parts[0].schema.with_metadata({"table": table, "made": json.dumps(made)})
            with pa.ipc.new_stream(file, named, options=options) as stream:
                stream.write_table(pa.concat_tables(parts).cast(named).combine_chunks())
        return bytes(file.getvalue())


def _read(file: Path) -> list[tuple[tuple[str, str], Rows]]:
    """What a file holds; nothing of one that is damaged or was not written by this version."""
    found = []
    if leads_out(file, file.parents[2]):
        return []
    try:
        content = file.read_bytes()
        if _digest(content) != file.name.removesuffix(SUFFIX).rpartition(".")[2]:
            return []
        with pa.BufferReader(content) as source:
            size = source.size()
            while source.tell() < size:
                with pa.ipc.open_stream(source) as stream:
                    rows = stream.read_all()
                table = rows.schema.metadata[b"table"].decode()
                if rows.schema.names != list(TABLES[table].all_columns):
                    return []
                whole = dict(list(rows.to_pandas().groupby(TICKET, sort=False)))
                for ticket_id, (parts, text) in json.loads(rows.schema.metadata[b"made"]).items():
                    frame = whole.get(ticket_id, rows.slice(0, 0).to_pandas()).drop(columns=TICKET)
                    found.append(((table, ticket_id), Rows(frame, from_text(text, parts))))
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
        return []
    return found
