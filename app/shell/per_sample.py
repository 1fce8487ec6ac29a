"""What pages that show single samples share: the class picker, and what to say without results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from app.shell import layout
from app.shell.lacking import unmeasured
from app.shell.left_out import packed_without
from app.shell.selection import Chosen, Selection

COLUMNS = ["ticket_id", "sample", "label", "prediction", "confidence", "angle", "length", "margin"]
MOST_PILLS = 20


def pick_classes(selection: Selection, classes: Sequence[str], **widget: Any) -> list[int]:
    """The class picker, the same on every page; nothing picked means all classes."""
    names = {str(number): name for number, name in enumerate(classes)}
    kind: Any = "pills" if len(names) <= MOST_PILLS else "menu"
    picked = selection.pick_many("classes", "Classes (none picked: all)", names, kind=kind, **widget)
    return [int(number) for number in picked] or list(range(len(classes)))


def not_measured(selection: Selection) -> None:
    """Says why there are no per-sample results, and what to do."""
    study = selection.study
    if packed_without(study, "results of single images"):
        return
    if selection.detail:
        unmeasured(study, "These tickets have not been measured yet.")
        return
    layout.empty(
        f"Results for single images are kept for seed {study.detail_seed} only; seed {selection.seed} is selected.",
        "The other seeds count in the means and intervals of the pages Overview and Robustness.",
    )
    st.button(f"Show seed {study.detail_seed}", on_click=lambda: selection.set(seed=None), type="primary")


def without_classifier() -> None:
    """Says why a network's images have no geometry."""
    layout.empty(
        "These networks have no linear classifier that was found, so their images have no angles, lengths and margins.",
        "Everything else is shown. Where there is one, name the layer whose output is the logits as `classifier` in "
        "study.toml and measure again.",
    )


def with_labels(rows: pd.DataFrame, chosen: Sequence[Chosen]) -> pd.DataFrame:
    """The rows with a column `ticket`, the tickets' names, in front."""
    rows = rows.copy()
    rows.insert(0, "ticket", rows["ticket_id"].map({ticket.id: ticket.label for ticket in chosen}))
    return rows
