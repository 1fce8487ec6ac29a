"""Jobs: what the app does by itself, in processes that outlive it; and what of this study it could do next."""

from __future__ import annotations

import streamlit as st

from app.load import StudyView
from app.shell import job_list, layout
from app.shell.pages import Page
from app.shell.selection import Selection


def show(selection: Selection) -> None:
    """Draw the page."""
    from app.views.jobs import more  # not before it is asked for: it knows every measure

    layout.page_title(
        "Jobs", "Import, prune and measure without a terminal: each job is the command that is shown with it."
    )
    left, right = st.columns([1, 1.35], gap="large")
    with left:
        more.show(selection.study)
    with right:
        st.markdown(
            "**Queue**",
            help="Jobs go on when this page or the app is closed. One job of a study runs at a time; the others wait.",
        )
        job_list.show()


def _never(study: StudyView) -> bool:
    return False  # the line in the sidebar leads here


PAGE = Page(
    "jobs",
    "Jobs",
    ":material/manufacturing:",
    95,
    show,
    shown=_never,
    uses=frozenset(),
    unused="of work, not of results",
)
