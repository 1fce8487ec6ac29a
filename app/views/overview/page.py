"""Overview: what the study is, what each ticket reached and costs, and how it was found."""

from __future__ import annotations

import streamlit as st

from app.load import StudyView
from app.shell import families, layout
from app.shell.pages import Page
from app.shell.sections import choose
from app.shell.selection import Selection


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    study = selection.study
    layout.page_title(study.title, study.config.description.strip())
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption(" · ".join(_facts(study)), width="stretch")
        section = choose(selection, "overview", "overview")
    with st.container(key=f"overview-{section.key}"):
        section.show(selection)
    layout.notes(families.without_ticket(study))


def _facts(study: StudyView) -> list[str]:
    config, found = study.config, study.tickets
    weights = f"{int(found['total'].max()):,} prunable weights"
    tickets = f"{len(found)} tickets: {len(study.methods)} methods, {len(study.sparsities)} sparsities"
    seeds = f"{len(study.seeds)} seed{'s' if len(study.seeds) != 1 else ''}"
    return [f"Network **{config.model}**, {weights}", f"data **{config.data}**", f"{tickets}, {seeds}"]


PAGE = Page("overview", "Overview", ":material/table_chart:", 10, show)
