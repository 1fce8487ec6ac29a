"""Masks: which weights the tickets keep, how much masks overlap, and when they settle."""

from __future__ import annotations

import streamlit as st

from app.shell import families, layout
from app.shell.pages import Page
from app.shell.sections import choose
from app.shell.selection import Selection


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    section = choose(selection, "masks", "masks", "Masks")
    with st.container(key=f"masks-{section.key}"):
        section.show(selection)
    layout.notes(families.without_ticket(selection.study))


PAGE = Page("masks", "Masks", ":material/grid_on:", 20, show, unused="of weights")
