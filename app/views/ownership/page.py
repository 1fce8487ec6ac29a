"""Ownership: whose a ticket is, and what a thief can do about it."""

from __future__ import annotations

import streamlit as st

from analysis.comparisons import ownership
from app.load import StudyView
from app.shell import layout
from app.shell.pages import Page
from app.shell.selection import Selection
from app.views.ownership import attacks, innocent, mark, words
from app.views.ownership.facts import signed, view

TITLE, LEAD = "Ownership", "Whose ticket is it, and what can a thief do about it?"


def shown(study: StudyView) -> bool:
    """Whether any ticket of the study is signed."""
    return bool(signed(study))


def show(selection: Selection) -> None:
    """Draw the page: whose ticket it is, the code in the mask, what attacks leave of it."""
    layout.page_title(TITLE, LEAD)
    if not shown(selection.study):
        layout.empty(
            "No ticket of this study is signed.",
            "Add a method with the finder `marked` to its study.toml; `python -m pruning finders` says what it does.",
        )
        return
    found = view(selection)
    if found is None:
        layout.empty(
            "Whose the tickets are is not measured yet.",
            "The tickets are signed; measuring them fills this page.",
            f"python -m analysis run {selection.study.path}",
        )
        return
    summary = ownership.by_attack(found.own)
    st.markdown(words.answer(found, summary))
    layout.tiles(words.tiles(found))
    mark.card(selection, found)
    attacks.card(selection, found, summary)
    innocent.card(selection, found)
    attacks.table(found, summary)


PAGE = Page("ownership", TITLE, ":material/approval:", 45, show, shown)
