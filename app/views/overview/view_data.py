"""What every view of the page Overview starts from: families of tickets with what was measured of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import costs, family_means
from app import load
from app.shell import theme
from app.shell.selection import Selection
from app.shell.theme import Style


def families(selection: Selection) -> pd.DataFrame:
    """Rows of `analysis.comparisons.family_means.by_family` for all tickets of the study."""
    study = selection.study
    return _families(study.path, study.stamp, study.name)


@st.cache_data(max_entries=8, show_spinner="Summing up the study …")
def _families(path: Path, stamp: str, name: str) -> pd.DataFrame:
    study = load.open_study(name, path)
    conditions = load.table(study, "conditions", columns=["ticket_id", "corruption", "severity", "accuracy"])
    return family_means.by_family(family_means.measured(study.tickets, load.table(study, "summary"), conditions))


def efficiency(selection: Selection) -> pd.DataFrame:
    """Rows of `analysis.comparisons.costs.by_family` for all tickets of the study; none where nothing was measured."""
    table = load.table(selection.study, "efficiency")
    if table.empty:
        return pd.DataFrame(columns=["key", *costs.MEANS, "shrunk"])
    found = costs.by_family(selection.study.tickets, table)
    return found[found["macs"].notna()]


def machines(selection: Selection) -> str:
    """Where times were measured, for a caption."""
    return costs.machines(load.table(selection.study, "efficiency", columns=["machine", "threads", "batch"]))


def correct(selection: Selection, measure: str) -> dict[str, dict[int, np.ndarray]]:
    """Key -> seed -> which images are seen rightly, bool [conditions, N]; measure is `accuracy` or `corrupted`."""
    study = selection.study
    return _correct(study.path, study.stamp, study.name, measure)


@st.cache_resource(max_entries=4, show_spinner=False)
def _correct(path: Path, stamp: str, name: str, measure: str) -> dict[str, dict[int, np.ndarray]]:
    study = load.open_study(name, path)
    conditions = load.table(study, "conditions", columns=["ticket_id", "corruption", "severity", "n", "offsets"])
    rows = (
        conditions[conditions["corruption"] == "clean"] if measure == "accuracy" else family_means.counted(conditions)
    )
    return family_means.by_seed(study.tickets, rows)


def all_styles(selection: Selection) -> dict[str, Style]:
    """Key -> style of every ticket of the study; chosen ones look as they do on every page."""
    study = selection.study
    first = study.tickets.drop_duplicates("key")
    every = [(row.key, row.method, float(row.sparsity), row.label) for row in first.itertuples()]
    chosen = {ticket.key: ticket.style for ticket in selection.tickets}
    return theme.styles(every, study.methods, selection.theme.mode, study.originals) | chosen


def percent(value: float) -> str:
    """An accuracy for people; a dash where it was not measured."""
    return f"{100 * value:.1f} %" if pd.notna(value) else "–"
