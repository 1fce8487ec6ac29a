"""Jobs: what the app does by itself, in processes that outlive it; and what of this study it could do next."""

from __future__ import annotations

import streamlit as st

from analysis.results.tables import TABLES
from app import load
from app.load import StudyView
from app.shell import job_list, layout
from app.shell.pages import Page
from app.shell.selection import Selection
from pruning.study.config import RECORDED


def show(selection: Selection) -> None:
    """Draw the page."""
    from app.views.jobs import more  # not before it is asked for: it knows every measure

    layout.page_title(
        "Jobs", "Import, prune and measure without a terminal: each job is the command that is shown with it."
    )
    st.markdown(done(selection.study, *counts(selection.study)))
    left, right = st.columns([1, 1.35], gap="large")
    with left:
        more.show(selection.study)
    with right:
        st.markdown(
            "**Queue**",
            help="Jobs go on when this page or the app is closed. One job of a study runs at a time; the others wait.",
        )
        job_list.show()


def counts(study: StudyView) -> tuple[int, int, int]:
    """How many tickets the study's file asks for; of these, how many are found, and how many of those were measured."""
    folder, results = load.folder(study.path), load.results(study.path)
    beside = {entry.id for entry in folder.elsewhere()}  # of another task, which are not measured
    found = set(study.tickets["ticket_id"])
    asked = {recipe.id for recipe in folder.recipes()} - beside | (found if study.config.model == RECORDED else set())
    measured = {ticket for table in TABLES for ticket in results.ids(table)}
    return len(asked), len(asked & found), len(asked & found & measured)


def done(study: StudyView, asked: int, found: int, measured: int) -> str:
    """What of a study is done, in a sentence that counts and claims nothing."""
    if not asked:
        return f"**{layout.plain(study.title)}** asks for no ticket yet."
    every = f"all {asked}" if found == asked else f"{found} of {asked}"
    verb = "is" if found == 1 else "are"
    said = f"Of **{layout.plain(study.title)}** **{every} {'tickets' if asked > 1 else 'ticket'}** {verb} found"
    if not found:
        return f"{said}."
    return f"{said}, and {'all' if measured == found else f'**{measured}**'} of these measured."


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
