"""What happens to the geometry of clean images, against the baseline: what Geometry, Local, says of them at first."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from analysis.comparisons.local_changes import moves_of_trainings
from analysis.comparisons.local_geometry import with_relative_lengths
from app import load
from app.answers.columns import side_by_side
from app.answers.moves import Changes
from app.shell.selection import Selection

COLUMNS = ["ticket_id", "sample", "label", "length"]


def against_baseline(selection: Selection) -> Changes | None:
    """The changes of the tickets side by side; None where no image's geometry is stored, or nothing is compared."""
    if selection.baseline is None:
        return None
    keys = [ticket.key for ticket in side_by_side(selection)]
    if not set(keys) - {selection.baseline.key}:
        return None
    study = selection.study
    return _changes(study.path, study.stamp, study.name, tuple(keys), selection.baseline.key)


@st.cache_data(max_entries=16, show_spinner=False)
def _changes(path: Path, stamp: str, name: str, keys: tuple[str, ...], baseline: str) -> Changes | None:
    study = load.open_study(name, path)
    trainings = study.tickets[study.tickets["key"].isin([*keys, baseline])]
    ids = trainings["ticket_id"].tolist()
    samples, centred = load.table(study, "samples", ids, COLUMNS), load.table(study, "geometry", ids)
    if samples.empty or centred.empty or samples["length"].isna().all():
        return None
    rows = samples.merge(centred, on=["ticket_id", "sample"], how="left")
    rows = with_relative_lengths(rows, rows)
    moved = moves_of_trainings(rows, rows, "relative_length", "gap", trainings, baseline)
    moved = moved[moved["key"].isin(keys)]
    return None if moved.empty else Changes.of(moved)
