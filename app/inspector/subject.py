"""What the inspector looks at: an image, under one corruption at every severity, as the chosen tickets see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.fragility import hardest_corruption
from analysis.comparisons.one_image import see
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from analysis.engine.live import Features
from app import live, load
from app.condition import chosen_condition, measured_conditions, usual
from app.shell.selection import Chosen, Selection

MOST_TICKETS = 10
"""Tickets side by side at most: more bars could not be told apart."""


@dataclass(frozen=True, eq=False)
class Subject:
    """An image and what is made of it.

    Attributes:
        selection: what the user has selected.
        sample: the image's place among the test images.
        label: its true class.
        tickets: the baseline, then the chosen ones, `MOST_TICKETS` at most.
        images: the test images.
        condition: what it is looked at under; clean where the study was measured under nothing else.
        views: clean, then the corruption at each severity.
        pictures: uint8 [views, C, H, W].
        seen: ticket id -> what it makes of them.
    """

    selection: Selection
    sample: int
    label: int
    tickets: tuple[Chosen, ...]
    images: TestImages
    condition: Condition
    views: tuple[Condition, ...]
    pictures: np.ndarray
    seen: dict[str, Features]

    @property
    def place(self) -> int:
        """The place of `condition` among the views."""
        return self.views.index(self.condition)

    @property
    def shown(self) -> list[int]:
        """The places of the views that stand side by side: clean, and the condition."""
        return list(dict.fromkeys([0, self.place]))


def compared(selection: Selection) -> tuple[Chosen, ...]:
    """The baseline, then the chosen tickets; without those whose networks stay elsewhere."""
    tickets = selection.study.tickets
    elsewhere = set(tickets.loc[tickets["recorded"].astype(bool), "ticket_id"]) if "recorded" in tickets else set()
    there = [*([selection.baseline] if selection.baseline else []), *selection.tickets]
    return tuple({ticket.id: ticket for ticket in there if ticket.id not in elsewhere}.values())


def subject(selection: Selection, images: TestImages, sample: int) -> Subject:
    """Show the image to the tickets.

    Raises:
        UserError: there is no such image, or a ticket's file is damaged.
    """
    tickets = compared(selection)[:MOST_TICKETS]
    ids = tuple(ticket.id for ticket in tickets)
    condition = condition_of(selection, images, ids, sample)
    levels = measured_conditions(selection.study).get(condition[0], [])
    views = (CLEAN, *((condition[0], level) for level in levels))
    study = selection.study
    pictures, seen = _seen(str(study.path), study.stamp, ids, sample, views, selection, images)
    label = int(images.labels[sample])
    return Subject(selection, sample, label, tickets, images, condition, views, pictures, seen)


def condition_of(selection: Selection, images: TestImages, ids: Sequence[str], sample: int) -> Condition:
    """The condition chosen; where that is the clean images, the corruption that tickets mind most on this image."""
    found = chosen_condition(selection)
    measured = offered(selection, images)
    if found[0] in measured:
        return found
    if not measured:
        return CLEAN
    rows = load.table(selection.study, "corrupted", ids=ids, columns=["corruption", "severity", "prediction"],
                      where=f"sample = {sample}")  # fmt: skip
    rows = rows[rows["corruption"].isin(list(measured))]
    hardest = hardest_corruption(rows, int(images.labels[sample])) if len(rows) and sample < len(images) else None
    corruption = hardest or next(iter(measured))
    return corruption, usual(measured[corruption])


def offered(selection: Selection, images: TestImages) -> dict[str, list[int]]:
    """Corruption -> severities that the image can be looked at under."""
    return {
        corruption: levels
        for corruption, levels in measured_conditions(selection.study).items()
        if all(live.can_show(images, (corruption, each)) and not images.attacks((corruption, each)) for each in levels)
    }


def stored(selection: Selection, sample: int) -> pd.DataFrame:
    """What the results say of the image where the images are not here, under every condition, of each ticket."""
    ids = [ticket.id for ticket in compared(selection)[:MOST_TICKETS]]
    columns = ["ticket_id", "sample", "prediction", "confidence", "margin"]
    where = f"sample = {sample}"
    clean = load.table(selection.study, "samples", ids=ids, columns=[*columns, "label"], where=where)
    under = load.table(selection.study, "corrupted", ids=ids, columns=[*columns, "corruption", "severity"], where=where)
    return pd.concat([clean.assign(corruption=CLEAN[0], severity=0), under], ignore_index=True)


@st.cache_resource(max_entries=64, show_spinner=False)
def _seen(
    path: str,
    stamp: str,
    ids: tuple[str, ...],
    sample: int,
    views: tuple[Condition, ...],
    _selection: Selection,
    _images: TestImages,
) -> tuple[np.ndarray, dict[str, Features]]:
    with live.working("Showing the image to the tickets"):
        networks = {ticket: live.network(_selection.study, ticket) for ticket in ids}
        return see(networks, _images, sample, views)
