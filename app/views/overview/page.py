"""Overview: what the study is, what each ticket reached and costs, and how it was found."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.metrics.efficiency import Yardstick
from app import load
from app.load import StudyView
from app.shell import families, layout
from app.shell.pages import IMAGES, TICKETS, Page
from app.shell.sections import choose
from app.shell.selection import Selection
from app.views.overview import selected
from pruning.errors import UserError
from pruning.models.unpruned import Coverage, left_out_in_words, shares_in_words


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    study = selection.study
    layout.page_title(study.title, study.config.description.strip())
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption(" · ".join(_facts(study)), width="stretch")
        section = choose(selection, "overview", "overview")
    selected.show(selection)
    with st.container(key=f"overview-{section.key}"):
        section.show(selection)
    found = _coverage(study.path, study.stamp)
    layout.notes([*families.without_ticket(study), *(left_out_in_words(found) if found else ())])


def _facts(study: StudyView) -> list[str]:
    tickets = _many(len(study.tickets), "ticket", "tickets")
    of = (
        _many(len(study.methods), "method", "methods"),
        _many(len(study.sparsities), "sparsity", "sparsities"),
        _many(len(study.seeds), "seed", "seeds"),
    )
    return [_network(study), f"data **{layout.plain(study.config.data)}**", f"{tickets}: {', '.join(filter(None, of))}"]


def _many(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}" if count else ""


def _network(study: StudyView) -> str:
    """The network that is pruned, and how much of it can be."""
    total = study.tickets["total"].max()
    if pd.isna(total):
        return "Networks that were **recorded**, and stay elsewhere"
    share = _coverage(study.path, study.stamp)
    can = f" ({shares_in_words(share)})" if share else ""
    return f"Network **{layout.plain(study.config.model)}**, {int(total):,} prunable weights{can}"


@st.cache_resource(max_entries=8, show_spinner=False)
def _coverage(path: Path, stamp: str) -> Coverage | None:
    """What of the study's network can be pruned; None where there is no ticket, or the network cannot be built here."""
    study = load.folder(path)
    entry = next(iter(study.entries()), None)
    try:
        return Yardstick.build(study.config.model, entry.info).coverage if entry else None
    except UserError:
        return None


PAGE = Page(
    "overview",
    "Overview",
    ":material/table_chart:",
    10,
    show,
    uses=frozenset({TICKETS, IMAGES}),
    unused="over all corruptions",
)
