"""A study's results: a folder a table, a parquet file a ticket, asked through DuckDB.

A file is there whole or not at all, so a run may be killed at any moment, and readers may read while it runs. It
carries a digest of all its bytes, which is checked before it is read.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.results import files
from analysis.results.columns import KINDS
from analysis.results.files import Damaged
from analysis.results.provenance import Made, Provenance, from_text, to_text
from analysis.results.tables import TABLES, TICKET, Table, to_arrow
from pruning.errors import UserError, unknown
from pruning.files import remove_leftovers

__all__ = ["Results", "Stored"]

Parameters = Sequence[object] | Mapping[str, object] | None
"""What fills `?` or `$name` in an SQL text."""


@dataclass(frozen=True)
class Stored:
    """What is stored of a table: ticket -> part -> what made it, None where a file of an earlier version does not say.

    `damaged` names tickets whose file cannot be used, `lacking` those whose file has not all of the table's columns,
    with the columns that it lacks.
    """

    made: dict[str, dict[str, Provenance | None]] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    lacking: dict[str, list[str]] = field(default_factory=dict)


def tables_in(sql: str) -> list[str]:
    """The tables that an SQL text names."""
    return [table for table in TABLES if re.search(rf"\b{table}\b", sql, re.IGNORECASE)]


class Results:
    """The results of the study in `study_path`. Tables and columns are those of `tables.TABLES`.

    Cheap to open, safe to share between threads, and safe to read while another process writes. One that is `forgiving`
    answers without the rows of damaged files, which `found_damaged` then names.
    """

    def __init__(self, study_path: str | Path, forgiving: bool = False) -> None:
        self.path = Path(study_path) / "results"
        self.forgiving = forgiving

    def write(self, table: str, ticket_id: str, frame: pd.DataFrame, made: Made | None = None) -> Path:
        """Store the rows of one ticket, replacing those it had, and return the file.

        The frame has the table's columns in any order, `ticket_id` optional; `made` says what made its parts.

        Raises:
            ValueError: columns or types are not the table's.
            WriteError: the disk will not take the file.
        """
        target = self._file(table, ticket_id)
        files.write(target, TABLES[table], to_arrow(TABLES[table], ticket_id, frame), to_text(made or {}))
        return target

    def has(self, table: str, ticket_id: str) -> bool:
        """Whether the ticket's rows of this table are stored."""
        return self._file(table, ticket_id).is_file()

    def ids(self, table: str) -> list[str]:
        """The ids of the tickets with rows in this table, sorted."""
        return sorted(name.removesuffix(".parquet") for name in _names(self._folder(table)) if _is_result(name))

    def stored(self, table: str) -> Stored:
        """What is stored of a table, and what is amiss with its files."""
        found = Stored()
        texts, whole = {}, []
        for path in self._files(table):
            try:
                files.verify(path)
                texts[path.stem] = files.made_by(path)
                lacking = _lacking(TABLES[table], path)
            except FileNotFoundError:
                continue  # removed since
            except UserError:
                found.damaged.append(path.stem)
                continue
            if lacking:
                found.lacking[path.stem] = lacking
            else:
                whole.append(path.stem)
        parts = self._parts(table, whole)
        for ticket_id in whole:
            made = from_text(texts[ticket_id], parts[ticket_id]) if texts[ticket_id] else {}
            found.made[ticket_id] = {part: made.get(part) for part in parts[ticket_id]}
        return found

    def made(self, table: str, ticket_id: str) -> dict[str, Provenance]:
        """What made the parts of a ticket's table, as far as its file says.

        Raises:
            UserError: the file is damaged.
        """
        text = files.made_by(self._file(table, ticket_id))
        return from_text(text, self._parts(table, [ticket_id])[ticket_id]) if text else {}

    def remove(self, ticket_id: str) -> None:
        """Remove the ticket's rows from every table; no error when there are none."""
        for table in TABLES:
            self._file(table, ticket_id).unlink(missing_ok=True)

    def remove_leftovers(self) -> None:
        """Remove what a killed run left behind; the caller sees to it that no other writes."""
        for table in TABLES:
            remove_leftovers(self.path / table)

    def query(self, sql: str, params: Parameters = None) -> pd.DataFrame:
        """What the SQL answers; the tables are there under their names, empty when nothing is stored yet.

        `params` fill `?` or `$name`. Only the tables named in the SQL are opened.

        Raises:
            UserError: a result file is damaged, unless forgiven.
            duckdb.Error: the SQL is wrong.
        """
        return self._ask(sql, params, {table: self._files(table) for table in tables_in(sql)})

    def table(
        self,
        name: str,
        ids: Iterable[str] | None = None,
        columns: Sequence[str] | None = None,
        where: str | None = None,
        params: Parameters = None,
    ) -> pd.DataFrame:
        """Rows of one table, ticket by ticket: in the order of `ids`, or of all ids sorted; within one, as written.

        Only the files of `ids` are opened; an id without rows gives none. `where` is an SQL condition whose `?` or
        `$name` are filled from `params`. A column that a file of an earlier version lacks is missing in its rows.

        Raises:
            UserError: the table or a column is unknown, or a file is damaged, unless forgiven.
        """
        known = TABLES.get_known(name).all_columns
        for column in columns or ():
            if column not in known:
                raise unknown("column", column, known)
        selected = ", ".join(f'"{column}"' for column in columns) if columns else "*"
        condition = f" WHERE {where}" if where else ""
        return self._ask(f"SELECT {selected} FROM {name}{condition}", params, {name: self._files(name, ids)})

    def fingerprint(self) -> str:
        """16 hex characters that change whenever a result file is added, removed or replaced; reads no file."""
        digest = hashlib.blake2b(digest_size=8)
        for table in TABLES:
            for name in _names(self.path / table):
                if _is_result(name):
                    with suppress(FileNotFoundError):
                        stat = (self.path / table / name).stat()
                        digest.update(f"{table}/{name} {stat.st_mtime_ns} {stat.st_size}\n".encode())
        return digest.hexdigest()

    def found_damaged(self) -> list[str]:
        """Sentences on the files that a forgiving reader has left out in this process, and that are as they were."""
        return [
            sentence
            for path, (seen, sentence) in sorted(_left_out.items())
            if path.is_relative_to(self.path) and _seen(path) == seen
        ]

    def _ask(self, sql: str, params: Parameters, tables: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
        there = {table: [path for path in paths if self._is_there(path)] for table, paths in tables.items()}
        try:
            return _answer(sql, params, {table: _view(table, paths) for table, paths in there.items()})
        except duckdb.Error:
            if not any(_check(table, path) for table, paths in there.items() for path in paths):
                raise
        # Some file is of an earlier version, with fewer columns.
        return _answer(sql, params, {table: _view(table, paths, by_name=True) for table, paths in there.items()})

    def _is_there(self, path: Path) -> bool:
        """Whether a file is there to be read. Raises Damaged when it is not as it was written, unless forgiven."""
        try:
            files.verify(path)
        except FileNotFoundError:
            return False
        except Damaged as error:
            if not self.forgiving:
                raise
            _left_out[path] = _seen(path), str(error)
            return False
        return True

    def _folder(self, table: str) -> Path:
        return self.path / TABLES.get_known(table).name

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

    def _parts(self, table: str, ids: Sequence[str]) -> dict[str, list[str]]:
        """The parts that each file holds; a table of one part holds it also where it has no rows."""
        keys = TABLES[table].keys
        found: dict[str, list[str]] = {ticket_id: [] if keys else [""] for ticket_id in ids}
        if keys and ids:
            part = " || ' ' || ".join(f'"{key}"' for key in keys)
            rows = self._ask(f"SELECT DISTINCT {TICKET}, {part} FROM {table}", None, {table: self._files(table, ids)})
            for ticket_id, name in rows.itertuples(index=False, name=None):
                found[ticket_id].append(name)
        return found


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_result(name: str) -> bool:
    return name.endswith(".parquet") and not name.startswith(".")


_left_out: dict[Path, tuple[tuple[int, int] | None, str]] = {}
"""Damaged files that a forgiving reader came upon: time of change and size then, and the sentence."""


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One database in memory for the process; every query gets a cursor of its own, whose views no other sees."""
    connection = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}  # asks no host for anything
    )
    # A result file may be replaced within the clock's step by one of the same size: never answer from an old copy.
    connection.execute("SET enable_external_file_cache = false")
    return connection


def _listed(paths: Iterable[Path]) -> str:
    """The files as a list in SQL, each by its name alone: DuckDB takes `*`, `?` and `[` in a path for a pattern."""
    literal = (re.sub(r"([*?\[])", r"[\1]", str(path)).replace("'", "''") for path in paths)
    return "[" + ", ".join(f"'{path}'" for path in literal) + "]"


def _answer(sql: str, params: Parameters, views: Mapping[str, str]) -> pd.DataFrame:
    with _database().cursor() as cursor:
        for table, select in views.items():
            cursor.execute(f"CREATE TEMP VIEW {table} AS {select}")
        return cursor.execute(sql, params).df()


def _view(table: str, paths: Sequence[Path], by_name: bool = False) -> str:
    """What the view of a table selects. `by_name`: files may lack columns."""
    columns = TABLES[table].all_columns
    there = {name for path in paths for name in pq.read_schema(path).names} if by_name else set(columns)
    selected = ", ".join(
        f"CAST({_quoted(name) if paths and name in there else 'NULL'} AS {KINDS[column.kind].sql}) AS {_quoted(name)}"
        for name, column in columns.items()
    )
    if not paths:
        return f"SELECT {selected} WHERE false"
    return f"SELECT {selected} FROM read_parquet({_listed(paths)}{', union_by_name = true' if by_name else ''})"


def _quoted(column: str) -> str:
    return f'"{column}"'


def _check(table: str, path: Path) -> list[str]:
    """The columns that a file lacks. Raises UserError when it cannot be read or is of another table."""
    try:
        pq.ParquetFile(path).read()
    except FileNotFoundError:
        return []  # removed since: not damaged
    except (OSError, pa.ArrowException) as error:
        raise files.damaged(path) from error
    return _lacking(TABLES[table], path)


def _lacking(table: Table, path: Path) -> list[str]:
    try:
        found = pq.read_schema(path).names
    except (OSError, pa.ArrowException) as error:
        raise files.damaged(path) from error
    if TICKET not in found:
        raise Damaged(
            f"The result file {path} has not the columns of the table '{table.name}': delete it and run "
            f"`python -m analysis run {path.parents[2]}` again."
        )
    return [name for name in table.all_columns if name not in found]
