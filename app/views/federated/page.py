"""Federated: tickets that clients found together, none of which showed its images; what it took, and who got what."""

from __future__ import annotations

import streamlit as st

from analysis.comparisons import federated
from app.load import StudyView
from app.shell import families, layout
from app.shell.pages import Page
from app.shell.sections import choose
from app.shell.selection import Selection


def shown(study: StudyView) -> bool:
    """Whether clients found any ticket of the study."""
    return any(federated.is_federated(entry) for entry in families.entries(study).values())


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    if not shown(selection.study):
        layout.page_title("Federated")
        layout.empty(
            "No ticket of this study was found by clients.",
            "This page is for tickets of the finder 'federated': choose such a study at the left.",
        )
        return
    section = choose(selection, "federated", "federated", "Federated")
    with st.container(key=f"federated-{section.key}"):
        section.show(selection)


PAGE = Page("federated", "Federated", ":material/hub:", 37, show, shown, unused="of all images, as noted in training")
