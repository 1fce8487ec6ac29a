"""The selected images against the rest: one sentence, ticket by ticket, that claims nothing beyond these images."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons.chosen_images import on_images
from analysis.comparisons.scores import Scores
from app.shell import families, layout
from app.shell.selection import Selection
from pruning.errors import UserError

MOST = 6
"""Tickets that the sentence names."""
NUMBERS = ("accuracy", "low", "high", "rest")


def show(selection: Selection) -> None:
    """Write the sentence, where images are selected and the tickets classify images."""
    marked = selection.samples
    if marked is None or not len(marked) or not selection.study.task.classifies_images:
        return
    right = families.outcomes(selection.study, "accuracy", selection.keys)
    if isinstance(right, Scores):
        return
    labels = {ticket.key: ticket.label for ticket in selection.tickets}
    try:
        table = on_images({key: right[key] for key in labels if key in right}, marked.tolist())
    except UserError as error:
        layout.notes([str(error)])
        return
    if len(table):
        st.markdown(sentence(table, labels))


def sentence(table: pd.DataFrame, labels: dict[str, str]) -> str:
    """Rows of `on_images` in words, as markdown; `labels`: key -> what the ticket is called."""
    shown = table.head(MOST)
    said = [
        f"{layout.plain(labels[str(key)])} **{accuracy:.1f} %** ({low:.1f} to {high:.1f})"
        + ("" if pd.isna(rest) else f" against {rest:.1f} %")
        for key, accuracy, low, high, rest in zip(shown["key"], *(100 * shown[name] for name in NUMBERS), strict=True)
    ]
    more = f"; and {len(table) - MOST} tickets more" if len(table) > MOST else ""
    rest = "" if table["rest"].isna().all() else ", against the rest"
    count = int(table["images"].max())
    which = f"{count:,} selected image{'' if count == 1 else 's'}"
    return (
        f"Clean accuracy on the {which}{rest}: {'; '.join(said)}{more}. Images are selected by looking at results, so "
        "the 95 % intervals describe these alone, and no difference is claimed."
    )
