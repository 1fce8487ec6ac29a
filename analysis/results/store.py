"""A study's results: a folder a table, a parquet file a ticket or a pack of many, asked through DuckDB.

A file is there whole or not at all, so a run may be killed at any moment, and readers may read while it runs. It
carries a digest of all its bytes, which is checked before it is read.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pandas as pd

from analysis.results import files, packs
from analysis.results.asking import Parameters, Part, answer, check, in_order, lacking, view
from analysis.results.files import Damaged
from analysis.results.held import held
from analysis.results.packs import Shelf
from analysis.results.provenance import Made, Provenance, from_text, to_text
from analysis.results.tables import TABLES, TICKET, Table, to_arrow
from pruning.errors import UserError, unknown
from pruning.files import remove_leftovers

__all__ = ["Results", "Stored"]

TRIES = 3
"""How often files are looked for while others bring them together."""


@dataclass(frozen=True)
class Stored:
    """What is stored of a table: ticket -> part -> what made it, None where a file of an earlier version does not say.

    `damaged` names tickets, or packs, whose file cannot be used, `lacking` tickets whose file has not all of the
    table's columns, with the columns that it lacks.
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
        return self._file(table, ticket_id).is_file() or ticket_id in self.shelf(table).packed

    def ids(self, table: str) -> list[str]:
        """The ids of the tickets with rows in this table, sorted."""
        shelf = self.shelf(table)
        return sorted([*shelf.own, *shelf.packed])

    def stored(self, table: str, but: Collection[str] = ()) -> Stored:
        """What is stored of a table, and what is amiss with its files; without files of `but` alone."""
        for _ in range(TRIES):
            with suppress(FileNotFoundError):  # removed since: others bring files together
                return self._stored(TABLES[table], but)
        return self._stored(TABLES[table], but, last=True)

    def _stored(self, table: Table, but: Collection[str], last: bool = False) -> Stored:
        found, shelf = Stored(), self.shelf(table.name)
        found.damaged.extend(path.stem for path in shelf.damaged)
        for path, every in [*((path, [key]) for key, path in shelf.own.items()), *shelf.by_pack().items()]:
            ids = [key for key in every if key not in but] if but else every
            if not ids:
                continue
            try:
                packs.verify(path)
                own = packs.made_in(path) if packs.is_pack(path.name) else {path.stem: files.made_by(path)}
                missing = lacking(table, path)
                parts = {} if missing else held(table, path)
            except FileNotFoundError:
                if not last:
                    raise
                continue
            except UserError:
                found.damaged.append(path.stem)
                continue
            if missing:
                found.lacking.update(dict.fromkeys(ids, missing))
            for key in ids if not missing else ():
                mine = parts.get(key, [] if table.keys else [""])
                made = from_text(own[key], mine) if own[key] else {}
                found.made[key] = {part: made.get(part) for part in mine}
        return found

    def made(self, table: str, ticket_id: str) -> dict[str, Provenance]:
        """What made the parts of a ticket's table, as far as its file says.

        Raises:
            UserError: the file is damaged, or there is none.
        """
        pack = self.shelf(table).packed.get(ticket_id)
        path = pack or self._file(table, ticket_id)
        try:
            text = packs.made_in(path)[ticket_id] if pack else files.made_by(path)
        except FileNotFoundError:
            raise files.damaged(path) from None
        known = TABLES[table]
        return from_text(text, held(known, path).get(ticket_id, [] if known.keys else [""])) if text else {}

    def remove(self, ticket_id: str) -> None:
        """Remove the ticket's rows from every table; no error when there are none."""
        for table in TABLES:
            for path in packs.packs_in(self._folder(table)):
                with suppress(UserError, FileNotFoundError):
                    if ticket_id in packs.made_in(path):
                        packs.without(TABLES[table], path, ticket_id)
            self._file(table, ticket_id).unlink(missing_ok=True)

    def compact(self, least: int = 2) -> dict[str, int]:
        """Bring small files together, table by table (see `packs`); how many of each were.

        The caller sees to it that nobody writes meanwhile; readers may read.

        Args:
            least: of fewer files, none are.

        Raises:
            WriteError: the disk will not take it; nothing is lost then.
        """
        found = {}
        for name in TABLES:
            count = packs.compact(TABLES[name], self._folder(name), least)
            if count:
                found[name] = count
        return found

    def remove_damaged_packs(self) -> None:
        """Remove packs that cannot be used, so that what is measured anew stands alone; the caller is who writes."""
        for name in TABLES:
            packs.remove_damaged(self._folder(name))

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
        return self._ask(sql, params, lambda: {table: self._sources(table) for table in tables_in(sql)})

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
        wanted = list(ids) if ids is not None else None
        shown = list(columns or known)
        read = shown if TICKET in shown else [TICKET, *shown]
        selected = ", ".join(f'"{column}"' for column in read)
        condition = f" WHERE {where}" if where else ""
        rows = self._ask(
            f"SELECT {selected} FROM {name}{condition}", params, lambda: {name: self._sources(name, wanted)}
        )
        return in_order(rows, wanted)[shown]

    def fingerprint(self) -> str:
        """16 hex characters that change whenever a result file is added, removed or replaced; reads no file."""
        digest = hashlib.blake2b(digest_size=8)
        for table in TABLES:
            for name in packs.names(self.path / table):
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

    def _ask(self, sql: str, params: Parameters, look: Callable[[], Mapping[str, Sequence[Part]]]) -> pd.DataFrame:
        """What the SQL answers of the files that `look` finds, once more where some have gone meanwhile."""
        for _ in range(TRIES):
            tables = look()
            there = {table: [part for part in parts if self._is_there(part.path)] for table, parts in tables.items()}
            if all(part.path.exists() for parts in tables.values() for part in parts):
                with suppress(_Changed):
                    return self._answer(sql, params, there)
        return self._answer(sql, params, there, last=True)

    def _answer(
        self, sql: str, params: Parameters, there: Mapping[str, Sequence[Part]], last: bool = False
    ) -> pd.DataFrame:
        every = [(table, part.path) for table, parts in there.items() for part in parts]
        try:
            return answer(sql, params, {table: view(table, parts) for table, parts in there.items()})
        except duckdb.Error:
            if not last and not all(path.exists() for _, path in every):
                raise _Changed from None
            if not any(check(table, path) for table, path in every):
                raise
        # Some file is of an earlier version, with fewer columns.
        return answer(sql, params, {table: view(table, parts, by_name=True) for table, parts in there.items()})

    def _is_there(self, path: Path) -> bool:
        """Whether a file is there to be read. Raises Damaged when it is not as it was written, unless forgiven."""
        try:
            packs.verify(path)
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

    def shelf(self, table: str) -> Shelf:
        """Where the rows of each ticket are."""
        return Shelf.of(self._folder(table))

    def places(self, table: str, ids: Iterable[str]) -> dict[Path, list[str]]:
        """The files that hold the rows of these tickets, each with its tickets; those without rows are in none.

        Raises:
            UserError: a file is damaged, unless forgiven.
        """
        shelf = self.shelf(table)
        found: dict[Path, list[str]] = {path: [] for path in shelf.damaged}
        for key in dict.fromkeys(ids):
            path = shelf.own.get(key) or shelf.packed.get(key)
            if path is not None:
                found.setdefault(path, []).append(key)
        return {path: own for path, own in found.items() if self._is_there(path)}

    def _sources(self, table: str, ids: Iterable[str] | None = None) -> list[Part]:
        """The files that hold the rows of tickets, or of all."""
        return self.shelf(table).parts(ids)


class _Changed(Exception):
    """Files went while they were asked."""


_left_out: dict[Path, tuple[tuple[int, int] | None, str]] = {}
"""Damaged files that a forgiving reader came upon: time of change and size then, and the sentence."""


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
