"""Dynamics: how tickets came to be what they are: training, levels, stability, and what the search cost."""

from __future__ import annotations

from importlib import import_module

import streamlit as st

from app.shell import layout
from app.shell.pages import Page
from app.shell.selection import Selection

VIEWS = {
    "training": "Training",
    "levels": "Levels",
    "line": "Along the line",
    "stability": "Stability",
    "cost": "Cost",
}
"""Name of the module in `app.views.dynamics`, and in the URL -> title."""

LEADS = {
    "training": "How do tickets learn, beside their controls and the dense network?",
    "levels": "Down to which sparsity does a ticket do better than its controls?",
    "line": "Do two trainings of one ticket end in the same valley, or does a barrier of error lie between them?",
    "stability": "From which iteration on does a training no longer depend on the order of the data?",
    "cost": "What does each ticket's accuracy cost in training?",
}


def show(selection: Selection) -> None:
    """Draw the page: one view of it at a time."""
    view = selection.option("dynamics", next(iter(VIEWS)))
    layout.page_title("Dynamics", LEADS.get(view, next(iter(LEADS.values()))))
    view = selection.pick("dynamics", "View", VIEWS, label_visibility="collapsed", width="content")
    with st.container(key=f"dynamics-{view}"):
        import_module(f"app.views.dynamics.{view}").show(selection)


PAGE = Page("dynamics", "Dynamics", ":material/show_chart:", 30, show)
