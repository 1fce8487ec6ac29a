"""Asks DuckDB about result files: a view for each table, over the files that hold its rows."""

from __future__ import annotations

import atexit
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.results import files
from analysis.results.columns import KINDS
from analysis.results.files import Damaged
from analysis.results.tables import TABLES, TICKET, Table
from pruning.study.commands import measuring

Parameters = Sequence[object] | Mapping[str, object] | None
"""What fills `?` or `$name` in an SQL text."""


@dataclass(frozen=True)
class Part:
    """A file, and the tickets whose rows are taken from it; None: all that it holds."""

    path: Path
    only: Sequence[str] | None = None


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One database in memory for the process; every query gets a cursor of its own, whose views no other sees."""
    connection = duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}  # asks no host for anything
    )
    # A result file may be replaced within the clock's step by one of the same size: never answer from an old copy.
    connection.execute("SET enable_external_file_cache = false")
    # One that outlives its modules, as what a library still holds at the end may, has DuckDB print all that leaks.
    atexit.register(_database.cache_clear)
    return connection


def _listed(paths: Iterable[Path]) -> str:
    """The files as a list in SQL, each by its name alone: DuckDB takes `*`, `?` and `[` in a path for a pattern."""
    literal = (re.sub(r"([*?\[])", r"[\1]", str(path)).replace("'", "''") for path in paths)
    return "[" + ", ".join(f"'{path}'" for path in literal) + "]"


def answer(sql: str, params: Parameters, views: Mapping[str, str]) -> pd.DataFrame:
    """What the SQL answers, with these views."""
    with _database().cursor() as cursor:
        for table, select in views.items():
            cursor.execute(f"CREATE TEMP VIEW {table} AS {select}")
        return cursor.execute(sql, params).df()


def view(table: str, parts: Sequence[Part], by_name: bool = False) -> str:
    """What the view of a table selects. `by_name`: files may lack columns."""
    paths = [part.path for part in parts]
    columns = TABLES[table].all_columns
    there = {name for path in paths for name in pq.read_schema(path).names} if by_name else set(columns)
    selected = ", ".join(
        f"CAST({_quoted(name) if paths and name in there else 'NULL'} AS {KINDS[column.kind].sql}) AS {_quoted(name)}"
        for name, column in columns.items()
    )
    if not paths:
        return f"SELECT {selected} WHERE false"
    whole = [part.path for part in parts if part.only is None]
    picked = [(f"read_parquet({_listed([part.path])})", part.only) for part in parts if part.only is not None]
    sources = [f"read_parquet({_listed(whole)}{', union_by_name = true' if by_name else ''})"] if whole else []
    sources += [f"(FROM {source} WHERE {TICKET} IN ({_texts(only)}))" for source, only in picked]
    every = " UNION ALL BY NAME ".join(f"FROM {source}" for source in sources)
    return f"SELECT {selected} FROM {sources[0] if len(sources) == 1 else f'({every})'}"


def in_order(rows: pd.DataFrame, ids: Sequence[str] | None) -> pd.DataFrame:
    """Ticket by ticket in an order, or sorted; those of one as they are."""
    codes, found = pd.factorize(rows[TICKET])
    place = {key: number for number, key in enumerate(sorted(found) if ids is None else dict.fromkeys(ids))}
    ranks = np.array([place[key] for key in found], dtype=np.int64)[codes]
    if len(ranks) < 2 or (np.diff(ranks) >= 0).all():
        return rows
    return rows.iloc[np.argsort(ranks, kind="stable")].reset_index(drop=True)


def _texts(values: Iterable[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


def _quoted(column: str) -> str:
    return f'"{column}"'


def check(table: str, path: Path) -> list[str]:
    """The columns that a file lacks. Raises UserError when it cannot be read or is of another table."""
    try:
        pq.ParquetFile(path).read()
    except FileNotFoundError:
        return []  # removed since: not damaged
    except (OSError, pa.ArrowException) as error:
        raise files.damaged(path) from error
    return lacking(TABLES[table], path)


def lacking(table: Table, path: Path) -> list[str]:
    """The columns of a table that a file lacks. Raises UserError when it cannot be read or is of another table."""
    try:
        found = pq.read_schema(path).names
    except (OSError, pa.ArrowException) as error:
        raise files.damaged(path) from error
    if TICKET not in found:
        raise Damaged(
            f"The result file {path} has not the columns of the table '{table.name}': delete it and run "
            f"`{measuring(path.parents[2])}` again."
        )
    return [name for name in table.all_columns if name not in found]
