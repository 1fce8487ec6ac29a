"""Supernet: networks whose branches were cut while they were trained, and what else would have cost as much."""

from __future__ import annotations

import streamlit as st

from analysis.comparisons import supernets
from app.load import StudyView
from app.shell import families, layout
from app.shell.pages import Page
from app.shell.sections import choose
from app.shell.selection import Selection


def shown(study: StudyView) -> bool:
    """Whether any ticket of the study was searched for among branches."""
    return bool(supernets.searched({key: [entry] for key, entry in families.entries(study).items()}))


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    if not shown(selection.study):
        layout.page_title("Supernet")
        layout.empty(
            "No ticket of this study was searched for among branches.",
            "This page is for tickets of the finder 'supernet' in a network such as 'supernet_small': choose such a "
            "study at the left.",
        )
        return
    section = choose(selection, "supernet", "supernet", "Supernet")
    with st.container(key=f"supernet-{section.key}"):
        section.show(selection)


PAGE = Page("supernet", "Supernet", ":material/account_tree:", 36, show, shown, unused="of the search")
