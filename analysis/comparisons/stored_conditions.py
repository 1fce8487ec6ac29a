"""What a study's results hold of tickets under corruption, as the comparisons take it: outcomes and predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import Outcomes, collect
from analysis.comparisons.predictions import Predictions, collect_predictions
from analysis.corruptions import family_of
from analysis.corruptions.conditions import CLEAN, in_order
from analysis.metrics.corruption_error import COUNTED
from analysis.results.store import Results
from pruning.errors import UserError

COLUMNS = ["ticket_id", "corruption", "severity", "n", "offsets"]

Tickets = Mapping[str, Sequence[str]]
"""Name of a ticket -> ids of its seeds."""


def by_family(corruptions: Iterable[str]) -> dict[str, list[str]]:
    """Family -> its corruptions among those given, both in their order; the clean images belong to none."""
    found: dict[str, list[str]] = {}
    for name, _ in in_order((str(corruption), 1) for corruption in corruptions if corruption != CLEAN[0]):
        found.setdefault(family_of(name), []).append(name)
    return found


def averaged_corruptions(corruptions: Sequence[str]) -> list[str]:
    """Those of the corruptions that their mean is over: the ones that count, or all where none does."""
    return [name for name in corruptions if name in COUNTED] or list(corruptions)


def stored_outcomes(
    results: Results, tickets: Tickets, corruptions: Sequence[str], seeds: Mapping[str, int] | None = None
) -> Outcomes:
    """Who is right under these corruptions and on the clean images, of the tickets measured under all of them.

    `seeds`: id -> number of the seed, by which tickets are paired; else in their order.

    Raises UserError when tickets were measured under different conditions, or on different images.
    """
    return collect(_rows(results, tickets, corruptions), tickets, seeds)


def stored_predictions(results: Results, tickets: Tickets, corruptions: Sequence[str], classes: int) -> Predictions:
    """Which of so many classes these tickets give each image, under the same conditions as `stored_outcomes`.

    Raises UserError as that, and when the true classes are not stored.
    """
    return collect_predictions(_rows(results, tickets, corruptions), tickets, true_classes(results), classes)


def true_classes(results: Results) -> np.ndarray:
    """The true classes of the test images, int64 [images]. Raises UserError when they are not stored."""
    rows = results.table("samples", ids=results.ids("samples")[:1], columns=["sample", "label"]).sort_values("sample")
    if rows.empty:
        study = results.path.parent
        raise UserError(f"The true classes are not stored yet; measure the study: python -m analysis run {study}")
    return np.asarray(rows["label"], dtype=np.int64)


def _rows(results: Results, tickets: Tickets, corruptions: Sequence[str]) -> pd.DataFrame:
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in [*corruptions, CLEAN[0]])
    wanted = [ticket for ids in tickets.values() for ticket in ids]
    rows = results.table("conditions", ids=wanted, where=f"corruption IN ({names})", columns=COLUMNS)
    count = rows.groupby("ticket_id", sort=False).size()
    return rows[rows["ticket_id"].isin(count.index[count == count.max()])].reset_index(drop=True)
