"""Transfer: tickets on other data sets, by a linear probe and by a visual prompt."""

from __future__ import annotations

import streamlit as st

from app.shell import layout
from app.shell.lacking import unmeasured
from app.shell.pages import Page, needs_classifiers
from app.shell.sections import choose
from app.shell.selection import Selection
from app.views.transfer.facts import any_transferred


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    if not any_transferred(selection.study):
        layout.page_title("Transfer")
        unmeasured(
            selection.study,
            "No ticket of this study was shown another data set.",
            'Write `transfer = ["digits"]` below `[analysis]` in its study.toml, and measure it again.',
        )
        return
    section = choose(selection, "transfer", "transfer", "Transfer")
    with st.container(key=f"transfer-{section.key}"):
        section.show(selection)


PAGE = Page(
    "transfer",
    "Transfer",
    ":material/move_down:",
    55,
    show,
    shown=any_transferred,
    unfit=needs_classifiers,
    unused="of other data",
)
