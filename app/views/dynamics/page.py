"""Dynamics: training curves, sparsity levels, linear mode connectivity, stability, and training cost."""

from __future__ import annotations

from importlib import import_module

import streamlit as st

from app.shell import layout
from app.shell.pages import Page
from app.shell.selection import Selection

VIEWS = {
    "training": "Training curves",
    "levels": "Sparsity levels",
    "line": "Linear interpolation",
    "stability": "Stability",
    "cost": "Training cost",
}
"""Name of the module in `app.views.dynamics`, and in the URL -> title."""

LEADS = {
    "training": "How do tickets learn, beside their controls and the dense network?",
    "levels": "Down to which sparsity is a ticket more accurate than its controls?",
    "line": "Are two trainings of one ticket linearly mode connected, or does an error barrier lie between them?",
    "stability": "From which iteration on is a training stable to the order of the data?",
    "cost": "How much training does each ticket's accuracy cost?",
}


def show(selection: Selection) -> None:
    """Draw the page: one view of it at a time."""
    view = selection.option("dynamics", next(iter(VIEWS)))
    layout.page_title("Dynamics", LEADS.get(view, next(iter(LEADS.values()))))
    view = selection.pick("dynamics", "View", VIEWS, label_visibility="collapsed", width="content")
    with st.container(key=f"dynamics-{view}"):
        import_module(f"app.views.dynamics.{view}").show(selection)


PAGE = Page("dynamics", "Dynamics", ":material/show_chart:", 30, show)
