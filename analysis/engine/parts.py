"""Puts parts of a ticket's table into its file, beside those that are there, and takes parts out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress

import pandas as pd

from analysis.corruptions.conditions import in_order
from analysis.results.provenance import Made, Provenance
from analysis.results.store import Results
from analysis.results.tables import TABLES, TICKET, Table
from pruning.errors import UserError


def store(results: Results, table: str, ticket_id: str, rows: pd.DataFrame, made: Made) -> None:
    """Write new parts of a ticket's table; others that are stored stay, and all come in their order.

    Parts of another ticket or of other images than the new ones cannot be compared with these, and go, as do those that
    do not say what made them, and a file that cannot be read.
    """
    found = dict(made)
    with suppress(UserError):
        if results.has(table, ticket_id):
            same = {_subject(provenance) for provenance in made.values()}
            old = {
                part: provenance
                for part, provenance in results.made(table, ticket_id).items()
                if part not in made and _subject(provenance) in same
            }
            if old:
                there = results.table(table, ids=[ticket_id]).drop(columns=TICKET)
                kept = TABLES[table].part_of(there).isin(old.keys())
                rows, found = pd.concat([there[kept], rows], ignore_index=True), found | old
    results.write(table, ticket_id, _ordered(TABLES[table], rows), found)


def cut(results: Results, table: str, ticket_id: str, wanted: Collection[str]) -> None:
    """Take parts that are not wanted out of a ticket's table; nothing is written when there are none."""
    rows = results.table(table, ids=[ticket_id]).drop(columns=TICKET)
    keep = TABLES[table].part_of(rows).isin(set(wanted))
    if not keep.all():
        made = {part: each for part, each in results.made(table, ticket_id).items() if part in wanted}
        results.write(table, ticket_id, rows[keep], made)


def _subject(provenance: Provenance) -> tuple[str, str]:
    return provenance.ticket, provenance.images


def _ordered(table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows, part after part in their order; inside a part as they are."""
    if not table.keys:
        return rows
    ranks = pd.DataFrame({key: _ranks(table, key, rows) for key in table.keys if key != "severity"}, index=rows.index)
    return rows.loc[ranks.sort_values(list(ranks.columns), kind="stable").index]


def _ranks(table: Table, key: str, rows: pd.DataFrame) -> Sequence[int]:
    """The place of each row's value among those of a key."""
    values: list[object] = rows[key].tolist()
    order: list[object] = list(table.kinds) if key == "kind" else []
    if key == "corruption":
        pairs = [(str(name), int(severity)) for name, severity in zip(values, rows["severity"], strict=True)]
        values, order = list(pairs), list(in_order(pairs))
    place = {value: rank for rank, value in enumerate(dict.fromkeys([*order, *values]))}
    return [place[value] for value in values]
