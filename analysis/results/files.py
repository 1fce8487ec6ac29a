"""One file of results: parquet, with what made it and with a digest of all its bytes, so that any damage is noticed."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.results.tables import TICKET, Table
from pruning.errors import UserError
from pruning.files import leads_out, write_atomically
from pruning.study.commands import measuring

ROWS_PER_GROUP = 131_072
BYTES_PER_GROUP = 16_000_000
"""Of a pack, in memory: who asks for one ticket reads the groups that hold its rows."""

MADE, DIGEST = "made_by", "content_digest"
_MARK = "blake2b-128:"
_DIGEST = re.compile(rb"blake2b-128:([0-9a-f]{32})")
_BLANK = (_MARK + 32 * "0").encode()

_verified: dict[Path, tuple[int, int, int]] = {}
"""Files that were found whole in this process, as they were then: time of change, size, inode."""


class Damaged(UserError):
    """A result file is not as it was written."""


def write(path: Path, table: Table, rows: pa.Table, made: str) -> None:
    """Write a file, whole or not at all; equal rows made by the same give equal bytes.

    Raises:
        WriteError: the disk will not take it.
    """
    content = encode(table, rows, made)
    write_atomically(path, content)


def encode(table: Table, rows: pa.Table, made: str, by_ticket: bool = False) -> bytes:
    """The rows as a parquet file, in the form that is smallest for these tables (see tests/bench).

    `by_ticket`: of several tickets, whose rows are then found without reading those of others.
    """
    columns = table.all_columns
    # Measured on 51,000 rows of `corrupted`: bytes of floats side by side, 7.2 bytes a row, against 7.5 with a
    # dictionary; statistics and the Arrow schema would double the many files of one row.
    encodings = {name: "BYTE_STREAM_SPLIT" for name, column in columns.items() if column.is_float}
    if "sample" in columns:
        encodings["sample"] = "DELTA_BINARY_PACKED"
    plain = {name for name, column in columns.items() if column.kind == "blob"}
    buffer = io.BytesIO()
    with pq.ParquetWriter(
        buffer,
        rows.schema,
        compression="zstd",
        compression_level=9,
        use_dictionary=[name for name in columns if name not in encodings and name not in plain],
        column_encoding=encodings,
        write_statistics=_statistics(table, by_ticket) or False,
        store_schema=False,
    ) as writer:
        writer.write_table(rows, row_group_size=_group(rows) if by_ticket else ROWS_PER_GROUP)
        writer.add_key_value_metadata({MADE: made, DIGEST: _BLANK.decode()})
    content = buffer.getvalue()
    return content.replace(_BLANK, (_MARK + digest(content)).encode())


def _group(rows: pa.Table) -> int:
    """Rows of a group that is no larger than it may be."""
    return max(1, min(ROWS_PER_GROUP, BYTES_PER_GROUP * len(rows) // max(1, int(rows.nbytes))))


def _statistics(table: Table, by_ticket: bool) -> list[str]:
    """The columns by which rows are found: of what is asked for by condition and holds many rows, that."""
    found = ["corruption", "severity"] if {"corruption", "sample"} <= table.all_columns.keys() else []
    return [TICKET, *found] if by_ticket else found


def verify(path: Path, tickets: Collection[str] | None = None) -> None:
    """See whether a file is as it was written, for the ticket that it is named after; it is read until it changes.

    `tickets`: those that it holds, where it is a pack.

    A file of an earlier version carries no digest and is taken as it is.

    Raises:
        Damaged: it is not.
        FileNotFoundError: there is none.
    """
    if leads_out(path, path.parents[2]):
        raise Damaged(f"The result file {path} is a link that leads out of the study and is not read: delete it.")
    now = seen(path)
    if _verified.get(path) == now:
        return
    content = path.read_bytes()
    if not _is_whole(content):
        raise damaged(path)
    try:
        found = _tickets(content)
    except (OSError, pa.ArrowException) as error:
        raise damaged(path) from error
    if not found <= ({path.stem} if tickets is None else set(tickets)):
        raise Damaged(
            f"The result file {path} holds rows of ticket {min(found - {path.stem})}, not of the one that it is "
            f"named after: delete it and run `{measuring(path.parents[2])}` again."
        )
    _verified[path] = now


def seen(path: Path) -> tuple[int, int, int]:
    """What changes when a file is replaced. Raises FileNotFoundError when there is none."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def damaged(path: Path) -> Damaged:
    """The sentence for a file that cannot be used."""
    return Damaged(
        f"The result file {path} is damaged or cut short: delete it and run `{measuring(path.parents[2])}` again."
    )


def made_by(path: Path) -> str:
    """What made the file's parts, as `provenance.to_text` has it; "" for a file of an earlier version.

    Raises:
        Damaged: the file cannot be read.
        FileNotFoundError: there is none.
    """
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except FileNotFoundError:
        raise
    except (OSError, pa.ArrowException) as error:
        raise damaged(path) from error
    return str(metadata.get(MADE.encode(), b"").decode(errors="replace"))


def _tickets(content: bytes) -> set[str]:
    """Whose rows a file holds; nobody's where it has not the column."""
    buffer = pa.BufferReader(content)
    if TICKET not in pq.read_schema(buffer).names:
        return set()
    file = pq.ParquetFile(buffer, read_dictionary=[TICKET])
    groups = (file.read_row_group(number, columns=[TICKET]).column(0) for number in range(file.num_row_groups))
    return {ticket for group in groups for ticket in group.unique().to_pylist()}


def digest(content: bytes) -> str:
    """Of a file's bytes, with zeros in the digest's own place."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _is_whole(content: bytes) -> bool:
    found = list(_DIGEST.finditer(content))
    if not found:
        # Two marks, so that no single flaw makes a file look like one of an earlier version.
        return MADE.encode() not in content and DIGEST.encode() not in content
    start, stop = found[-1].span()
    return digest(content[:start] + _BLANK + content[stop:]) == found[-1][1].decode()
