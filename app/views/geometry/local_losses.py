"""Who turns, who shortens, and which class suffers: the answer of Local, and the two charts that show it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from app.answers.moves import Changes, answer
from app.condition import condition_text
from app.memory.remembered import computed
from app.shell import layout
from app.shell.selection import Chosen
from app.shell.theme import Style
from app.views.geometry.charts import suffering as charts
from app.views.geometry.local_images import Panel

MEANINGS = {
    "before": "mean gap before [degrees]",
    "after": "mean gap after [degrees]",
    "turn": "mean change of the gap [degrees]",
    "turns": "whether a change of the gap is shown",
    "length": "relative change of the mean length, each ticket's in units of its clean images",
    "stretches": "whether a change of the length is shown",
    "change": "mean change of the gap of the class's images [degrees]",
    "below": "whether the mean gap after is shown to be below 0",
}


@dataclass(frozen=True)
class Losses:
    """The changes shown; `reference` is the ticket that the others are compared with, None for the clean images."""

    panel: Panel
    reference: Chosen | None
    changes: Changes

    @classmethod
    def of(cls, panel: Panel, reference: Chosen | None) -> Losses | None:
        """Of all classes, whichever are shown; None where nothing is compared."""

        def make() -> Changes | None:
            moved = panel.images.gap_moves(panel.measured, reference.key if reference else "")
            if moved is None:
                return None
            moved = moved[moved["key"].isin([ticket.key for ticket in panel.shown])]
            return None if moved.empty else Changes.of(moved)

        changes = computed(panel.key("changes", _id(reference)), make)
        return None if changes is None else cls(panel, reference, changes)

    def answer(self) -> str:
        """The sentences above the charts."""
        condition = self.panel.images.condition
        where = f"Under **{condition_text(condition).lower()}**" if self.panel.images.corrupted else "On clean images"
        labels = {ticket.key: ticket.label for ticket in self.panel.chosen}
        against = self.reference.label if self.reference else ""
        classes = self.panel.selection.study.classes
        return answer(self.changes, labels, classes, where, against, self.panel.images.corrupted)

    def cards(self) -> None:
        """The charts: tickets at the left, classes at the right."""
        if not self.panel.images.corrupted:
            # Clean images have a length of 1 on average in every ticket: there is nothing to set the gap against.
            self._classes_card()
            return
        left, right = st.columns([1, 1.35], gap="medium")
        with left:
            self._tickets_card()
        with right:
            self._classes_card()

    @property
    def _against(self) -> str:
        return self.reference.label if self.reference else ""

    @property
    def _styles(self) -> dict[str, Style]:
        there = set(self.changes.tickets["key"])
        return {ticket.key: ticket.style for ticket in self.panel.shown if ticket.key in there}

    def _named(self, table: pd.DataFrame) -> pd.DataFrame:
        """The rows with the tickets' names in front, in place of their keys."""
        labels = {ticket.key: ticket.label for ticket in self.panel.chosen}
        return table.assign(key=table["key"].map(labels)).rename(columns={"key": "ticket"})

    def _caption(self, images: str) -> str:
        if self.changes.seeds:
            return f"95 % intervals over {self.changes.seeds} and the {images}."
        return f"95 % intervals over the {images}, of these networks (seed {self.panel.selection.seed})."

    def _tickets_card(self) -> None:
        layout.card(
            f"Turned or shortened, against {self._against}?" if self._against else "Turned or shortened?",
            charts.turn_and_length(self.changes.tickets, self._styles, self.panel.selection.theme, self._against),
            lambda: self._named(self.changes.tickets),
            "turned",
            meanings=MEANINGS,
            help="Upwards: the mean change of the gap, which turning makes. Across: that of the mean length, in units "
            "of each ticket's clean images. Intervals are one family over all tickets and both measures (Holm).",
            caption=self._caption("images"),
            config=layout.QUIET,
        )

    def _classes_card(self) -> None:
        layout.card(
            f"Which class is behind {self._against}?" if self._against else "Which class suffers?",
            charts.by_class(self.changes.classes, self._styles, self.panel.selection.study.classes,
                            self.panel.selection.theme),
            lambda: self._named(self.changes.classes),
            "suffering",
            meanings=MEANINGS,
            help="The mean change of the gap of each class's images, the class that loses most on top. Intervals are "
            "one family over all classes and tickets (Holm). The page Robustness has what it costs in accuracy.",
            caption=self._caption("class's images"),
            config=layout.QUIET,
        )  # fmt: skip


def _id(ticket: Chosen | None) -> str:
    return ticket.id if ticket else ""
