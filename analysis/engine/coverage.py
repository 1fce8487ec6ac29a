"""Which results of a study are there, and which are still to be made.

A table of a ticket is made of parts: `conditions`, `reliability` and `corrupted` of conditions such as "fog 3", `maps`
of kinds of map, the others of one part. What is stored is compared with what the study's settings ask for, part by
part, so that a change of the settings leads to the work it asks for and to no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import get_args

import pandas as pd

from analysis.corruptions import family_of
from analysis.corruptions.conditions import CLEAN, Condition, in_order
from analysis.engine.settings import AnalysisConfig, Embedding
from analysis.engine.stability_pairs import Partner, Relation
from analysis.metrics.connectivity import ALPHAS
from analysis.metrics.embedding import MIN_SAMPLES
from analysis.results.store import Results
from analysis.results.tables import TABLES
from pruning.errors import UserError

Parts = dict[str, int]
"""Part -> number of samples it covers (rows, where a table is not about samples)."""

DETAILED = ("corrupted", "maps")
"""Tables that only tickets of the study's detail seed have."""

PAIRED: dict[str, tuple[Relation, ...]] = {"lines": ("order",), "stability": ("order", "pruning")}
"""Tables that only tickets with a partner have, and how these are related."""

BY_IMAGE = ("cifar_c", "mnist_c")
"""Families whose conditions `corrupted` holds image by image; of the others it would hold more than it tells."""

BY_CONDITION = ("conditions", "reliability", "corrupted")
"""Tables whose parts are conditions."""

# The columns whose values make the parts, and the one that says how many samples a row stands for (else it is one).
_KEYS: dict[str, tuple[str, ...]] = dict.fromkeys(BY_CONDITION, ("corruption", "severity")) | {"maps": ("kind",)}
_COUNTS = dict.fromkeys(("summary", "conditions", "reliability", "lines"), "n")


def part_name(condition: Condition) -> str:
    """The part that a condition is in the tables of conditions."""
    return f"{condition[0]} {condition[1]}"


@dataclass(frozen=True)
class Wanted:
    """What the settings ask for: table -> parts."""

    tables: Mapping[str, Parts]

    @classmethod
    def of(cls, config: AnalysisConfig, samples: int, given: Collection[Condition] | None = ()) -> Wanted:
        """What `config` asks for, on a test set of which `samples` images are used; `given` as for its `conditions`."""
        asked = config.conditions(given)
        conditions = {part_name(condition): samples for condition in asked}
        shown = min(samples, config.map_samples)
        kinds = [kind for kind in config.embeddings if kind == "pca" or shown >= MIN_SAMPLES]
        tables: dict[str, Parts] = {
            "summary": {"": samples},
            "layers": {},
            "weights": {},
            "efficiency": {},
            "lines": {"": ALPHAS * samples},
            "stability": {},
            "samples": {"": samples},
            "conditions": conditions,
            "reliability": conditions,
            "corrupted": {part_name(c): samples for c in asked if c != CLEAN and family_of(c[0]) in BY_IMAGE},
            "maps": dict.fromkeys(kinds, shown),
        }
        return cls({table: parts for table, parts in tables.items() if parts or table not in DETAILED})

    def for_ticket(self, detailed: bool, partner: Partner | None = None) -> list[str]:
        """The tables wanted of a ticket; `detailed` when it is of the study's detail seed."""
        relation = partner.relation if partner else None
        asked = [table for table in self.tables if table not in PAIRED or relation in PAIRED[table]]
        return [table for table in asked if detailed or table not in DETAILED]


@dataclass
class Coverage:
    """What is stored: table -> ticket -> parts.

    `damaged` lists (table, ticket) of files that cannot be read, `outdated` those of files made by an earlier version,
    which have other columns; both count as not there.
    """

    stored: dict[str, dict[str, Parts]] = field(default_factory=dict)
    damaged: list[tuple[str, str]] = field(default_factory=list)
    outdated: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, results: Results, tables: Iterable[str] = ()) -> Coverage:
        """Look into every file of the tables."""
        coverage = cls()
        for table in tables or TABLES:
            coverage._read_table(results, table)
        return coverage

    def missing(self, table: str, ticket_id: str, wanted: Wanted) -> set[str]:
        """The parts that are wanted and not stored, or stored for another number of samples."""
        there = self.stored[table].get(ticket_id)
        if there is None:
            return set(wanted.tables[table]) or {""}
        return {part for part, covered in wanted.tables[table].items() if there.get(part) != covered}

    def complete(self, table: str, ticket_id: str, wanted: Wanted) -> bool:
        """Whether all parts that are wanted are stored; there may be others."""
        return ticket_id in self.stored[table] and not (wanted.tables[table] and self.missing(table, ticket_id, wanted))

    def sentences(self, results: Results, *, now: bool, known: Collection[str] | None = None) -> list[str]:
        """What is amiss with the files (of the tickets `known`), which are made anew `now` or by the next run."""
        found = [
            f"The result file {results.path / table / ticket_id}.parquet is damaged; "
            + ("it is made anew." if now else "the next run makes it anew.")
            for table, ticket_id in self.damaged
            if known is None or ticket_id in known
        ]
        outdated = Counter(table for table, ticket_id in self.outdated if known is None or ticket_id in known)
        for table, count in outdated.items():
            files = "1 file was" if count == 1 else f"{count} files were"
            found.append(
                f"In {results.path / table} {files} made by an earlier version; "
                + ("this run makes such files anew." if now else "the next run makes such files anew.")
            )
        return found

    def _read_table(self, results: Results, table: str) -> None:
        found = results.stored(table)
        self.damaged += [(table, ticket_id) for ticket_id in found.damaged]
        self.outdated += [(table, ticket_id) for ticket_id in found.lacking]
        self.stored[table] = {ticket_id: _parts(results, table, ticket_id) for ticket_id in found.made}


def _parts(results: Results, table: str, ticket_id: str) -> Parts:
    count = _COUNTS.get(table)
    columns = ["ticket_id", *_KEYS.get(table, ()), *([count] if count else [])]
    rows = results.table(table, ids=[ticket_id], columns=columns)
    return {str(part): int(n) for part, n in covered(table, rows).items()}


def part_of_rows(table: str, rows: pd.DataFrame) -> pd.Series:
    """The part each row belongs to."""
    keys = [rows[key].astype(str) for key in _KEYS.get(table, ())]
    return keys[0].str.cat(keys[1:], sep=" ") if keys else pd.Series("", index=rows.index)


def covered(table: str, rows: pd.DataFrame) -> pd.Series:
    """Part -> number of samples that the rows cover of it."""
    count = _COUNTS.get(table)
    counts = rows[count] if count else pd.Series(1, index=rows.index)
    return counts.groupby(part_of_rows(table, rows), sort=False).sum()


def store(results: Results, table: str, ticket_id: str, new: Sequence[pd.DataFrame]) -> None:
    """Write new parts of a ticket's table; the other parts that are stored stay, and all come in their order.

    Only for tables of several parts. Parts that cover another number of samples than the new ones are of another test
    set, cannot be compared with these, and go. So does what cannot be read.
    """
    rows = pd.concat(new, ignore_index=True)
    parts = covered(table, rows)
    with suppress(UserError):
        old = results.table(table, ids=[ticket_id]).drop(columns="ticket_id")
        there = covered(table, old)
        kept = there[there.isin(set(parts)) & ~there.index.isin(parts.index)].index
        if len(kept):
            rows = pd.concat([old[part_of_rows(table, old).isin(kept)], rows], ignore_index=True)
    _write_in_order(results, table, ticket_id, rows)


def cut(results: Results, table: str, ticket_id: str, wanted: Parts) -> None:
    """Take parts that are not wanted out of a ticket's table; nothing is written when there are none."""
    rows = results.table(table, ids=[ticket_id]).drop(columns="ticket_id")
    parts = part_of_rows(table, rows)
    if not parts.isin(set(wanted)).all():
        _write_in_order(results, table, ticket_id, rows[parts.isin(set(wanted))])


def _write_in_order(results: Results, table: str, ticket_id: str, rows: pd.DataFrame) -> None:
    parts = part_of_rows(table, rows)
    place = {part: position for position, part in enumerate(_ordered(table, rows))}
    results.write(table, ticket_id, rows.iloc[parts.map(place).argsort(kind="stable").to_numpy()])


def _ordered(table: str, rows: pd.DataFrame) -> Sequence[str]:
    if table not in BY_CONDITION:
        return get_args(Embedding)
    found = rows[["corruption", "severity"]].drop_duplicates().itertuples(index=False, name=None)
    return [part_name(condition) for condition in in_order((str(name), int(severity)) for name, severity in found)]
