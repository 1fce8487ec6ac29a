"""Robustness: which tickets survive corrupted images."""

from __future__ import annotations

import streamlit as st

from app.shell import layout
from app.shell.pages import Page
from app.shell.selection import Selection
from app.views.robustness import calibration, classes, corruptions, fourier, pairs, ranking, redundancy
from app.views.robustness.compared_tickets import FOURIER, compared_tickets
from app.views.robustness.pickers import not_measured

_MODULES = {
    module.__name__.rpartition(".")[2]: module
    for module in (ranking, corruptions, calibration, pairs, redundancy, classes, fourier)
}
SECTIONS = {name: module.TITLE for name, module in _MODULES.items()}
"""Name of a section's module, which is its place in the URL too -> title."""


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    asked = _MODULES.get(selection.option("section"), ranking)
    layout.page_title("Robustness", asked.LEAD)
    if not selection.keys:
        layout.empty("No ticket is chosen.", "Choose some in the grid at the left.")
        return
    section = selection.pick("section", "Section", SECTIONS, label_visibility="collapsed", width="content")
    compared = compared_tickets(selection)
    if not set(compared.measured) - {FOURIER} and section != FOURIER:
        not_measured(compared, "corrupted images")
        return
    with st.container(key=f"section-{section}"):
        _MODULES[section].show(compared)


PAGE = Page("robustness", "Robustness", ":material/blur_on:", 50, show)
