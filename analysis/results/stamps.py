"""What tells whether files of a study changed: what is cached is keyed by it."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from analysis.results.packs import is_pack, made_in
from analysis.results.tables import TABLES
from pruning.errors import UserError
from pruning.study.folder import SUFFIX, TICKETS, TOML

ENDINGS = (SUFFIX, ".parquet")
RESTS = 50
"""A folder that seems unchanged is looked through again after so many times what looking through it took."""


@dataclass(frozen=True)
class Files:
    """The files of a study by name, each with a number that changes when it is replaced.

    Attributes:
        toml: of the study file; '' when there is none.
        tickets: by the id of the ticket.
        results: by table, then by the id of the ticket.
    """

    toml: str
    tickets: Mapping[str, int]
    results: Mapping[str, Mapping[str, int]]

    @cached_property
    def whole(self) -> str:
        """Changes when the study file, a ticket or a result is added, removed or replaced."""
        kinds = self.tickets, *self.results.values()
        return _digest([self.toml, *(sorted(own.items()) for own in kinds)])

    def of(self, tables: Iterable[str], ids: Collection[str] | None = None) -> str:
        """Changes when the rows of tickets, or of all, in some tables do."""
        found = ((name, self.results.get(name, {})) for name in tables)
        return _digest([(name, [(each, own[each]) for each in _of(own, ids)]) for name, own in found])

    def of_tickets(self, ids: Collection[str]) -> str:
        """Changes when tickets, or anything that was measured of them, do; or the study file."""
        own = [(each, self.tickets.get(each)) for each in ids]
        return _digest([self.toml, own, self.of(self.results, ids)])


def files(path: Path, fresh: bool = False) -> Files:
    """The files of the study in a folder.

    They come by being moved there, which the folder's own time of change tells; one that is written to in place is
    noticed a moment later, at once with `fresh`.
    """
    folders = {TICKETS: path / TICKETS} | {name: path / "results" / name for name in TABLES}
    toml, times = file_stamp(path / TOML), tuple(map(_time, folders.values()))
    known = _known.get(path)
    if known is None or fresh or (known.files.toml, known.times) != (toml, times) or time.monotonic() > known.until:
        began = time.monotonic()
        found = {name: _numbers(folder) for name, folder in folders.items()}
        seen = Files(toml, found.pop(TICKETS), found)
        if known is not None and known.files == seen:
            seen = known.files
        _known[path] = known = _Known(seen, times, time.monotonic() + RESTS * (time.monotonic() - began))
    return known.files


def file_stamp(file: Path) -> str:
    """Changes when the file does; empty for one that is not there."""
    try:
        stat = file.stat()
    except FileNotFoundError:
        return ""
    return f"{stat.st_mtime_ns} {stat.st_size}"


@dataclass(frozen=True)
class _Known:
    files: Files
    times: tuple[int, ...]
    until: float


_known: dict[Path, _Known] = {}


def _of(own: Mapping[str, int], ids: Collection[str] | None) -> Iterable[str]:
    return sorted(own) if ids is None else (each for each in ids if each in own)


def _time(folder: Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return 0


def _numbers(folder: Path) -> dict[str, int]:
    """Name without its ending -> a number of time of change and size; of a pack, the names of those that it holds."""
    found: dict[str, int] = {}
    packs: dict[str, int] = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name, ending = os.path.splitext(entry.name)
            if ending in ENDINGS and not name.startswith("."):
                with suppress(OSError):  # removed since
                    stat = entry.stat()
                    (packs if is_pack(entry.name) else found)[name] = hash((stat.st_mtime_ns, stat.st_size))
    if packs:
        with suppress(OSError, UserError):  # removed since, or damaged, which who reads it says
            for name in sorted(packs, reverse=True):
                found = dict.fromkeys(made_in(folder / f"{name}.parquet"), packs[name]) | found
    return found


def _digest(parts: object) -> str:
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()
