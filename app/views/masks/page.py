"""Masks: which weights the tickets keep, how far they agree, and when that was settled."""

from __future__ import annotations

from importlib import import_module

import streamlit as st

from app.shell import layout
from app.shell.pages import Page
from app.shell.selection import Selection

VIEWS = {"pairs": "Pairs", "many": "Many at once", "training": "Over training"}
"""Name of the module in `app.views.masks`, and in the URL -> title."""

LEADS = {
    "pairs": "Which weights each ticket keeps, how far two tickets agree, and in which layers.",
    "many": "Which weights do several tickets keep, and do they agree more than chance would have them?",
    "training": "When is it settled which weights a ticket keeps?",
}
ALONE = ("training",)
"""Views that need no second ticket."""


def show(selection: Selection) -> None:
    """Draw the page: one view of it at a time."""
    view = selection.option("masks", next(iter(VIEWS)))
    layout.page_title("Masks", LEADS.get(view, next(iter(LEADS.values()))))
    view = selection.pick("masks", "View", VIEWS, label_visibility="collapsed", width="content")
    if len(selection.tickets) < 2 and view not in ALONE:
        layout.empty(
            "Two tickets are needed to compare masks.",
            "Click dots under Tickets in the sidebar; a sparsity in its first line shows all methods at once.",
        )
        return
    with st.container(key=f"masks-{view}"):
        import_module(f"app.views.masks.{view}").show(selection)


PAGE = Page("masks", "Masks", ":material/grid_on:", 20, show)
