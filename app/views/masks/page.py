"""Masks: which weights the tickets keep, how far they agree, and when that was settled."""

from __future__ import annotations

import streamlit as st

from app.shell import layout
from app.shell.pages import Page
from app.shell.sections import choose
from app.shell.selection import Selection

ALONE = ("training",)
"""Sections that need no second ticket."""


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    section = choose(selection, "masks", "masks", "Masks")
    if len(selection.tickets) < 2 and section.key not in ALONE:
        layout.empty(
            "Two tickets are needed to compare masks.",
            "Click dots under Tickets in the sidebar; a sparsity in its first line shows all methods at once.",
        )
        return
    with st.container(key=f"masks-{section.key}"):
        section.show(selection)


PAGE = Page("masks", "Masks", ":material/grid_on:", 20, show)
