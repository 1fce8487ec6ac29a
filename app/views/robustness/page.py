"""Robustness: which tickets survive corrupted images."""

from __future__ import annotations

from importlib import import_module

import streamlit as st

from app.shell import layout
from app.shell.pages import Page
from app.shell.selection import Selection
from app.views.robustness.section_data import FOURIER, open_scope

SECTIONS = {
    "ranking": "Ranking",
    "corruptions": "Corruptions",
    "calibration": "Calibration",
    "pairs": "Pairs",
    "redundancy": "Redundancy",
    "classes": "Classes",
    "fourier": "Fourier",
}
"""Name of the module in `app.views.robustness`, and in the URL -> title."""

LEADS = {
    "ranking": "Which tickets still read the images when these are noisy, blurred or faded?",
    "corruptions": "Which corruption costs which ticket how much, and which of them go together?",
    "calibration": "Does a ticket know when it does not know?",
    "pairs": "Which tickets really differ, and on how many images do they disagree?",
    "redundancy": "What is redundant here: which corruptions, and which methods, tell the same story?",
    "classes": "Does pruning cost some classes more than others, and which images does it lose?",
    "fourier": "Which spatial frequencies is a ticket sensitive to?",
}


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    section = selection.option("section", next(iter(SECTIONS)))
    layout.page_title("Robustness", LEADS.get(section, next(iter(LEADS.values()))))
    if not selection.keys:
        layout.empty("No ticket is chosen.", "Choose some in the grid at the left.")
        return
    section = selection.pick("section", "Section", SECTIONS, label_visibility="collapsed", width="content")
    scope = open_scope(selection)
    if not set(scope.measured) - {FOURIER} and section != FOURIER:
        layout.empty(
            "No ticket has been measured on corrupted images yet.",
            "Measure the study; what is missing appears here at the next click.",
            f"python -m analysis run {selection.study.path}",
        )
        return
    with st.container(key=f"section-{section}"):
        import_module(f"app.views.robustness.{section}").show(scope)


PAGE = Page("robustness", "Robustness", ":material/blur_on:", 50, show)
