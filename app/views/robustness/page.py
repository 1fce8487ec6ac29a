"""Robustness: which tickets survive corrupted images."""

from __future__ import annotations

import streamlit as st

from app.shell import layout
from app.shell.left_out import wholly
from app.shell.pages import CONDITION, IMAGES, TICKETS, Page, needs_classifiers
from app.shell.sections import choose
from app.shell.selection import Selection
from app.views.robustness.compared_tickets import FOURIER, compared_tickets
from app.views.robustness.pickers import not_measured


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    section = choose(selection, "robustness", "section", "Robustness")
    selection = wholly(selection)
    if not selection.keys:
        layout.empty("No ticket is chosen.", "Choose some in the grid at the left.")
        return
    compared = compared_tickets(selection)
    if not set(compared.measured) - {FOURIER} and section.key != FOURIER:
        not_measured(compared, "corrupted images")
        return
    with st.container(key=f"section-{section.key}"):
        section.show(compared)


PAGE = Page(
    "robustness",
    "Robustness",
    ":material/blur_on:",
    50,
    show,
    unfit=needs_classifiers,
    uses=frozenset({TICKETS, IMAGES, CONDITION}),
)
