"""Generated: what tickets of generative networks make, and how good it is."""

from __future__ import annotations

import streamlit as st

from app.load import StudyView
from app.shell import layout
from app.shell.pages import Page
from app.shell.sections import choose
from app.shell.selection import Selection

TASKS = frozenset({"autoencoder", "vae", "gan"})


def shown(study: StudyView) -> bool:
    """Whether the study's networks make images."""
    return study.task.name in TASKS


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    if not shown(selection.study):
        layout.page_title("Generated")
        layout.empty(
            "The networks of this study make no images.",
            "This page is for autoencoders, variational autoencoders and GANs: choose such a study at the left.",
        )
        return
    section = choose(selection, "generated", "generated", "Generated")
    with st.container(key=f"generated-{section.key}"):
        section.show(selection)


PAGE = Page("generated", "Generated", ":material/brush:", 25, show, shown, unused="of images that networks make")
