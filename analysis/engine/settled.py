"""Which tickets' tables were found complete before, so that their files need not be read to see it again.

For each result file the study's index (`pruning.study.index`) holds what tells that it changed, and for each ticket in
it a digest of what was asked for then. Who asks for the same of the same file knows the answer; whoever asks for
anything else, or of a file that changed, reads it. The rows are held to their own digest by whoever reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from analysis.results.store import Results
from pruning.study import index

INDEX = "results"

Told = Mapping[str, str]
"""Ticket -> digest of what was asked for."""


@dataclass
class Settled:
    """What the index of the study in `path` says of its results."""

    path: Path
    _seen: dict[Path, index.Seen] = field(default_factory=dict)

    @cached_property
    def _known(self) -> Mapping[str, Any]:
        return index.read(self.path, INDEX)

    def of(self, table: str, places: Mapping[str, Path]) -> dict[str, str]:
        """Of the tickets whose rows are in these files as they were: ticket -> digest of what was complete."""
        known = self._known.get(table)
        if not isinstance(known, dict):
            return {}
        whole = {path: self._told(known.get(path.name), path) for path in set(places.values())}
        return {key: whole[path][key] for key, path in places.items() if key in whole[path]}

    def _told(self, entry: Any, path: Path) -> Told:
        try:
            return entry["tickets"] if tuple(entry["seen"]) == self.seen(path) else {}
        except (KeyError, TypeError):
            return {}

    def seen(self, path: Path) -> index.Seen:
        """What tells that a file changed, as it was when it was first asked for."""
        if path not in self._seen:
            self._seen[path] = index.seen(path)
        return self._seen[path]

    def write(self, found: Mapping[str, Mapping[str, tuple[Path, str]]], tables: Iterable[str]) -> None:
        """Write what is complete: table -> ticket -> its file, and the digest of what is asked for.

        `tables` are those that were looked at; of the others stays what is known.
        """
        entries = {table: rows for table, rows in self._known.items() if table not in set(tables)}
        for table, tickets in found.items():
            own: dict[str, Any] = {}
            for key, (path, asked) in tickets.items():
                own.setdefault(path.name, {"seen": self.seen(path), "tickets": {}})["tickets"][key] = asked
            entries[table] = own
        index.write(self.path, INDEX, entries)


def places(results: Results, table: str) -> dict[str, Path]:
    """The file that holds each ticket's rows."""
    shelf = results.shelf(table)
    return {**shelf.packed, **shelf.own}
