"""Robustness: which tickets survive corrupted images."""

from __future__ import annotations

import streamlit as st

from app.shell import layout
from app.shell.pages import Page
from app.shell.sections import choose
from app.shell.selection import Selection
from app.views.robustness.section_data import FOURIER, open_scope


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    section = choose(selection, "robustness", "section", "Robustness")
    if not selection.keys:
        layout.empty("No ticket is chosen.", "Choose some in the grid at the left.")
        return
    scope = open_scope(selection)
    if not set(scope.measured) - {FOURIER} and section.key != FOURIER:
        layout.empty(
            "No ticket has been measured on corrupted images yet.",
            "Measure the study; what is missing appears here at the next click.",
            f"python -m analysis run {selection.study.path}",
        )
        return
    with st.container(key=f"section-{section.key}"):
        section.show(scope)


PAGE = Page("robustness", "Robustness", ":material/blur_on:", 50, show)
