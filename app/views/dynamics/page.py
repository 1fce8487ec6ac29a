"""Dynamics: training curves, sparsity levels, linear mode connectivity, stability, and training cost."""

from __future__ import annotations

import streamlit as st

from app.shell.pages import Page
from app.shell.sections import choose
from app.shell.selection import Selection


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    section = choose(selection, "dynamics", "dynamics", "Dynamics")
    with st.container(key=f"dynamics-{section.key}"):
        section.show(selection)


PAGE = Page("dynamics", "Dynamics", ":material/show_chart:", 30, show, unused="of training, on all images")
