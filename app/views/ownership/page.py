"""Ownership: whose a ticket is, and what a thief can do about it."""

from __future__ import annotations

import streamlit as st

from analysis.comparisons import ownership
from app.load import StudyView
from app.shell import layout
from app.shell.lacking import unmeasured
from app.shell.pages import Page
from app.shell.selection import Selection
from app.views.ownership.facts import locked, signed, view

TITLE, LEAD = "Ownership", "Whose ticket is it, and what can a thief do about it?"


def shown(study: StudyView) -> bool:
    """Whether any ticket of the study is signed or lacks a key."""
    return bool(signed(study)) or locked(study)


def show(selection: Selection) -> None:
    """Draw the page: whose ticket it is, the code in the mask, what attacks leave of it."""
    from app.views.ownership import attacks, innocent, keys, mark, triggers, words  # not before they are asked for

    layout.page_title(TITLE, LEAD)
    if not shown(selection.study):
        layout.empty(
            "No ticket of this study is signed.",
            "Add a method with the finder `marked`, `triggered` or `locked` to its study.toml.",
        )
        return
    found, asked = view(selection), view(selection, ownership.TRIGGERS)
    if found is None and asked is None and signed(selection.study):
        unmeasured(
            selection.study,
            "Whose the tickets are is not measured yet.",
            "The tickets are signed; measuring them fills this page.",
        )
    if found is not None:
        summary = ownership.by_attack(found.own)
        st.markdown(words.answer(found, summary))
        layout.tiles(words.tiles(found))
        mark.card(selection, found)
        attacks.card(selection, found, summary)
        innocent.card(selection, found)
        attacks.table(found, summary)
    if asked is not None:
        triggers.card(selection, asked)
    keys.card(selection)


PAGE = Page("ownership", TITLE, ":material/approval:", 45, show, shown, unused="of marks in weights")
