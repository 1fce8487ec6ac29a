"""What the section Lost images looks at: against whom, under which corruption, of which tickets; and its flows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.lost_images import samples_between
from analysis.comparisons.outcomes import MEAN
from analysis.corruptions import FAMILIES
from analysis.corruptions.conditions import CLEAN, Condition
from app.charts.names import name, ordered
from app.shell import layout
from app.shell.images_behind import select
from app.shell.links import corruption_option
from app.shell.theme import Style
from app.views.robustness.charts import lost as charts
from app.views.robustness.compared_tickets import ComparedTickets, named

USUAL = 3
"""The severity while none is chosen, as on the page Geometry, with which the choice is shared."""
MOST_FLOWS = 8


@dataclass(frozen=True)
class View:
    """A family's condition, and the tickets measured under it.

    `corruption` is "clean", with severity 0, for the clean images.
    """

    compared: ComparedTickets
    family: str
    corruption: str
    severity: int
    styles: dict[str, Style]

    @property
    def condition(self) -> Condition:
        """Corruption and severity."""
        return self.corruption, self.severity

    @property
    def words(self) -> str:
        """The condition for people: `Fog 3`, `clean images`."""
        return "clean images" if self.condition == CLEAN else f"{name(self.corruption)} {self.severity}"

    def images_of(self, key: str, words: str) -> str:
        """What is said of images that were selected here: `lost by IMP 90 % under Fog 3`."""
        on = f"on {self.words}" if self.condition == CLEAN else f"under {self.words}"
        return f"{words.format(self.compared.label(key))} {on}"


def image_by_image(compared: ComparedTickets) -> dict[str, list[str]]:
    """Family -> its corruptions measured, of families that change images alike for all networks and are few."""
    return {
        family: names
        for family, names in compared.measured.items()
        if family not in FAMILIES or FAMILIES[family].image_by_image
    }


def pick_corruption(compared: ComparedTickets, family: str, corruptions: Sequence[str], default: str) -> str:
    """The chooser of the corruption: one choice with the sections beside and with the page Geometry.

    The default may be the clean images, which stand at the top then, and which the URL does not name.
    """
    standard, extra = ordered(corruptions)
    options = [*([CLEAN[0]] if default == CLEAN[0] else []), *standard, *extra]
    option, key = corruption_option(family), "pick lost-corruption"
    asked = compared.selection.option(option, default, [*options, MEAN, CLEAN[0]])
    st.session_state[key] = asked if asked in options else default

    def store() -> None:
        value = st.session_state.get(key)
        compared.selection.set(**{option: None if value == CLEAN[0] else value})

    return st.selectbox("Images", options, key=key, on_change=store, width=250, format_func=_text)


def pick_severity(compared: ComparedTickets, levels: Sequence[int]) -> int:
    """The chooser of the severity, shared likewise."""
    usual = min(levels, key=lambda level: (abs(level - USUAL), level))
    picked = compared.selection.pick("severity", "Severity", list(map(str, levels)), default=str(usual),
                                     width="content")  # fmt: skip
    return int(picked)


def _text(corruption: str) -> str:
    return "Clean images" if corruption == CLEAN[0] else name(corruption)


def flows_card(
    view: View, what: str, make: Callable[[str], pd.DataFrame], pair_of: Callable[[str], tuple[np.ndarray, np.ndarray]]
) -> None:
    """Towards whom images are lost, a panel a ticket; a cell marks its images.

    Args:
        view: what is looked at.
        what: stands for the two states in the title and in what is kept.
        make: key -> rows of `lost_images.flows`.
        pair_of: key -> the classes given before and after by the selected training, [images].
    """
    compared, classes = view.compared, view.compared.selection.study.classes
    styles = dict(list(view.styles.items())[:MOST_FLOWS])
    kept = ("flows", what, view.family, view.condition, tuple(styles))
    found = compared.computed(kept, lambda: {key: make(key) for key in styles})
    layout.card(
        f"Towards whom: own class and winner, {what}",
        lambda: compared.figure(kept, styles, lambda: charts.towards(found, styles, classes, compared.selection.theme)),
        lambda: named(pd.concat([rows.assign(key=key) for key, rows in found.items()]), styles),
        "flows",
        folded=True,
        help="Of the images that each ticket loses: from which class, and to which. Means over seeds.",
        caption=("" if len(styles) == len(view.styles) else f"The first {MOST_FLOWS} of the tickets chosen. ")
        + "Click a cell to select its images on every page.",
        on_select=lambda: _mark(view, pair_of),
        selection_mode="points",
        config=layout.QUIET,
        meanings={"label": "the true class, by number", "winner": "the class that wins, by number",
                  "images": "lost images, the mean over seeds",
                  "of_lost": "share of the ticket's lost images [fraction]"},
    )  # fmt: skip


def _mark(view: View, pair_of: Callable[[str], tuple[np.ndarray, np.ndarray]]) -> None:
    """Mark the images of the cell that was clicked."""
    clicked = layout.picked("flows", 3)
    if clicked is None or clicked[0] not in view.styles:
        return
    before, after = pair_of(clicked[0])
    compared = view.compared
    labels = compared.predictions(view.family).labels
    found = samples_between(before, after, labels, int(clicked[1]), int(clicked[2]))
    own, winner = (compared.selection.study.classes[int(each)] for each in clicked[1:])
    select(compared.selection, compared.places(found), view.images_of(clicked[0], f"{own} lost to {winner} by {{}}"))
