"""A study's results: a folder a table, a parquet file a ticket, asked through DuckDB.

A file is there whole or not at all: it is written beside its place, flushed to the disk, and renamed. So a run may be
killed at any moment, and readers may read while it runs.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.results.schemas import FLOATS, KINDS, SCHEMAS, to_arrow
from pruning.errors import UserError, unknown

__all__ = ["SCHEMAS", "Outdated", "Results"]

TEMPORARY = ".tmp"
ROWS_PER_GROUP = 131_072


class Outdated(UserError):
    """A result file has the columns of an earlier version."""


class Results:
    """The results of the study in `study_path`. Tables and columns are those of `SCHEMAS`.

    Cheap to open, safe to share between threads, and safe to read while another process writes.
    """

    def __init__(self, study_path: str | Path) -> None:
        self.path = Path(study_path) / "results"
        self._remove_leftovers()

    def write(self, table: str, ticket_id: str, frame: pd.DataFrame) -> Path:
        """Stores the rows of one ticket, replacing those it had, and returns the file.

        The frame has the table's columns in any order, `ticket_id` optional. Raises ValueError when columns or types
        are not the table's, UserError when the disk will not take the file.
        """
        target = self._file(table, ticket_id)
        content = _encode(table, to_arrow(table, ticket_id, frame))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                _replace(target, content)
            except FileNotFoundError:  # another process took it for a leftover in the instant before it was locked
                _replace(target, content)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UserError(
                f"Cannot write {target}: {reason}; mend that and run again, finished results are kept."
            ) from error
        return target

    def has(self, table: str, ticket_id: str) -> bool:
        """Whether the ticket's rows of this table are stored."""
        return self._file(table, ticket_id).is_file()

    def ids(self, table: str) -> list[str]:
        """The ids of the tickets with rows in this table, sorted."""
        return sorted(name.removesuffix(".parquet") for name in _names(self._folder(table)) if _is_result(name))

    def outdated(self, table: str) -> bool:
        """Whether any file of the table has other columns than the table has today.

        Raises UserError when a file is damaged.
        """
        files = self._files(table)
        if not files:
            return False
        names = "SELECT DISTINCT list_sort(list(name)) AS names"
        sql = f"{names} FROM parquet_schema({_listed(files)}) WHERE type IS NOT NULL GROUP BY file_name"
        try:
            found = _ask(sql, None, {})["names"]
        except duckdb.Error:
            for file in files:
                _check(table, file)
            raise
        return [sorted(names) for names in found] != [sorted(SCHEMAS[table])]

    def remove(self, ticket_id: str) -> None:
        """Removes the ticket's rows from every table; no error when there are none."""
        for table in SCHEMAS:
            self._file(table, ticket_id).unlink(missing_ok=True)

    def query(self, sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> pd.DataFrame:
        """What the SQL answers; the tables are there under their names, empty when nothing is stored yet.

        `params` fill `?` or `$name`. Only the tables named in the SQL are opened. Raises UserError when a result file
        is damaged, `duckdb.Error` when the SQL is wrong.
        """
        named = {table: self._files(table) for table in SCHEMAS if re.search(rf"\b{table}\b", sql, re.IGNORECASE)}
        return _ask(sql, params, named)

    def table(
        self,
        name: str,
        ids: Iterable[str] | None = None,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        params: Sequence[Any] | Mapping[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Rows of one table, ticket by ticket: in the order of `ids`, or of all ids sorted; within one, as written.

        Only the files of `ids` are opened; an id without rows gives none. `where` is an SQL condition whose `?` or
        `$name` are filled from `params`. Raises UserError for an unknown table or column, or a damaged file.
        """
        for column in columns or ():
            if column not in SCHEMAS[self._folder(name).name]:
                raise unknown("column", column, SCHEMAS[name])
        selected = ", ".join(f'"{column}"' for column in columns) if columns else "*"
        condition = f" WHERE {where}" if where else ""
        return _ask(f"SELECT {selected} FROM {name}{condition}", params, {name: self._files(name, ids)})

    def fingerprint(self) -> str:
        """16 hex characters that change whenever a result file is added, removed or replaced; reads no file."""
        digest = hashlib.blake2b(digest_size=8)
        for table in SCHEMAS:
            for name in _names(self.path / table):
                if _is_result(name):
                    with suppress(FileNotFoundError):
                        stat = (self.path / table / name).stat()
                        digest.update(f"{table}/{name} {stat.st_mtime_ns} {stat.st_size}\n".encode())
        return digest.hexdigest()

    def _folder(self, table: str) -> Path:
        if table not in SCHEMAS:
            raise unknown("table", table, SCHEMAS)
        return self.path / table

    def _file(self, table: str, ticket_id: str) -> Path:
        if not re.fullmatch(r"\w[\w.-]*", ticket_id):
            raise ValueError(f"'{ticket_id}' is no ticket id: letters, digits, '_', '-' and '.' only.")
        return self._folder(table) / f"{ticket_id}.parquet"

    def _files(self, table: str, ids: Iterable[str] | None = None) -> list[Path]:
        stored = self.ids(table)
        if ids is not None:
            known = set(stored)
            stored = [ticket_id for ticket_id in dict.fromkeys(ids) if ticket_id in known]
        return [self._file(table, ticket_id) for ticket_id in stored]

    def _remove_leftovers(self) -> None:
        for table in SCHEMAS:
            for name in _names(self.path / table):
                if name.endswith(TEMPORARY):
                    _remove_unless_in_use(self.path / table / name)


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_result(name: str) -> bool:
    return name.endswith(".parquet") and not name.startswith(".")


def _encode(table: str, rows: pa.Table) -> bytes:
    """The rows as a parquet file: the form that is smallest for these tables (see tests/bench)."""
    kinds = SCHEMAS[table]
    floats = [column for column, kind in kinds.items() if kind in FLOATS]
    # Measured on 51,000 rows of `corrupted`: bytes of floats side by side, 7.2 bytes a row, against 7.5 with a
    # dictionary; statistics and the Arrow schema would double the many files of one row.
    encodings = dict.fromkeys(floats, "BYTE_STREAM_SPLIT")
    if "sample" in kinds:
        encodings["sample"] = "DELTA_BINARY_PACKED"
    buffer = io.BytesIO()
    pq.write_table(
        rows,
        buffer,
        compression="zstd",
        compression_level=9,
        use_dictionary=[column for column in kinds if column not in encodings and kinds[column] != "blob"],
        column_encoding=encodings,
        row_group_size=ROWS_PER_GROUP,
        write_statistics=["corruption", "severity"] if table == "corrupted" else False,
        store_schema=False,
    )
    return buffer.getvalue()


def _replace(target: Path, content: bytes) -> None:
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex}{TEMPORARY}")
    try:
        with temporary.open("xb") as file:
            # The lock tells other processes that this is a file being written, not one a killed run left behind.
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove_unless_in_use(temporary: Path) -> None:
    with suppress(OSError), temporary.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        temporary.unlink()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One database in memory for the process; every query gets a cursor of its own, whose views no other sees."""
    connection = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}  # asks no host for anything
    )
    # A result file may be replaced within the clock's step by one of the same size: never answer from an old copy.
    connection.execute("SET enable_external_file_cache = false")
    return connection


def _listed(files: Iterable[Path]) -> str:
    """The files as a list in SQL."""
    return "[" + ", ".join("'" + str(file).replace("'", "''") + "'" for file in files) + "]"


def _ask(sql: str, params: Sequence[Any] | Mapping[str, Any] | None, tables: dict[str, list[Path]]) -> pd.DataFrame:
    with _database().cursor() as cursor:
        try:
            for table, files in tables.items():
                cursor.execute(f"CREATE TEMP VIEW {table} AS {_select(table, files)}")
            return cursor.execute(sql, params).df()
        except duckdb.Error:
            for table, files in tables.items():
                for file in files:
                    _check(table, file)
            raise


def _select(table: str, files: list[Path]) -> str:
    source = '"{0}"' if files else "NULL"
    columns = ", ".join(
        f'CAST({source.format(column)} AS {KINDS[kind].sql}) AS "{column}"' for column, kind in SCHEMAS[table].items()
    )
    if not files:
        return f"SELECT {columns} WHERE false"
    return f"SELECT {columns} FROM read_parquet({_listed(files)})"


def _check(table: str, file: Path) -> None:
    """Raises UserError when the file cannot be read or has not the table's columns."""
    again = f"delete it and run `python -m analysis run {file.parents[2]}` again."
    try:
        found = pq.ParquetFile(file).read().schema
    except FileNotFoundError:
        return  # removed since: not damaged
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"The result file {file} is damaged or cut short: {again}") from error
    if [(field.name, field.type) for field in found] != [
        (column, KINDS[kind].arrow) for column, kind in SCHEMAS[table].items()
    ]:
        if "ticket_id" not in found.names:
            raise UserError(f"The result file {file} has not the columns of the table '{table}': {again}")
        raise Outdated(
            f"The result file {file} was made by an earlier version: run `python -m analysis run {file.parents[2]}` to "
            "make it anew."
        )
