"""The tickets side by side, and what was measured of their images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons.local_geometry import with_relative_lengths
from app import load
from app.answers.columns import MOST, default
from app.memory.remembered import remembered
from app.shell import layout
from app.shell.left_out import is_packed
from app.shell.per_sample import COLUMNS, not_measured, without_classifier
from app.shell.selection import Chosen, Selection


def pick_columns(selection: Selection) -> list[Chosen]:
    """The tickets side by side, at most `MOST`; a menu says which where more are chosen at the left.

    Says what is missing where there is none.
    """
    if not selection.tickets:
        layout.empty("No ticket is chosen.", "Choose two to four in the grid at the left.")
        return []
    tickets = {ticket.key: ticket for ticket in selection.tickets}
    if len(tickets) <= MOST:
        return list(tickets.values())
    first = default(selection)
    keys = selection.pick_many(
        "columns",
        f"Side by side (at most {MOST} of the {len(tickets)} tickets chosen at the left)",
        {key: ticket.label for key, ticket in tickets.items()},
        default=first,
        kind="menu",
        max_selections=MOST,
    )
    if not keys and selection.option("columns") != "none":  # the link asks for tickets that are not chosen any more
        keys = first
    if not keys:
        layout.empty("No column is chosen.", "Choose above which tickets to put side by side.")
    return [tickets[key] for key in keys[:MOST]]


def samples_of(selection: Selection, chosen: list[Chosen], more: Sequence[str] = ()) -> pd.DataFrame:
    """Rows of `samples` with those of `geometry`, a row a ticket and clean image; says which tickets have none.

    `more` are ids of other trainings, whose rows come along where there are any.

    Lengths are there in units of the ticket's mean as well, by which tickets can be compared. The columns of
    `geometry` are NaN where the results are of a version that had none.
    """
    ids = list(dict.fromkeys([*(ticket.id for ticket in chosen), *more]))
    samples = load.table(selection.study, "samples", ids=ids, columns=COLUMNS)
    if not samples["ticket_id"].isin([ticket.id for ticket in chosen]).any():
        not_measured(selection)
        return samples.head(0)
    if samples["length"].isna().all():
        without_classifier()
        return samples.head(0)
    there = set(samples["ticket_id"].unique())
    unmeasured = [ticket.label for ticket in chosen if ticket.id not in there]
    if unmeasured:
        lacking = "Not packed" if is_packed(selection.study) else "Not measured yet"
        st.caption(f":material/info: {lacking}: {', '.join(unmeasured)}.")
    return _with_geometry(selection.study.path, selection.study.stamp, selection.study.name, tuple(ids))


@remembered()
def _with_geometry(path: Path, stamp: str, name: str, ids: tuple[str, ...]) -> pd.DataFrame:
    study = load.open_study(name, path)
    samples = load.table(study, "samples", ids=ids, columns=COLUMNS)
    rows = samples.merge(load.table(study, "geometry", ids=ids), on=["ticket_id", "sample"], how="left")
    return with_relative_lengths(rows, rows)


def of_classes(samples: pd.DataFrame, labels: list[int]) -> pd.DataFrame:
    """The samples of these classes; says so where there is none."""
    rows = samples[samples["label"].isin(labels)]
    if rows.empty:
        layout.empty("The test set has no image of these classes.", "Pick others, or none for all.")
    return rows
