"""Which class stands for which, and the border that a ticket learnt around the picture."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import transfer_pictures
from analysis.comparisons.transfer_pictures import Mapping
from analysis.transfer.ways import MAPPING, PROMPT
from app.shell import families, layout
from app.shell.lacking import unmeasured
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.transfer import facts, words
from app.views.transfer.charts import mapping as charts
from app.views.transfer.charts import prompts as prompt_charts
from app.views.transfer.facts import Examples, View


def show(selection: Selection) -> None:
    """Draw the section."""
    view = facts.view(selection)
    rows = view.detail("transfer_mapping")
    rows = rows[rows["shots"] == view.shots]
    if rows.empty:
        unmeasured(
            selection.study,
            f"No ticket has its classes mapped to those of {view.kind}.",
            "A target with more classes than the network has neither prompt nor mapping; else measure the study anew: "
            "mappings are kept of the first seed.",
        )
        return
    labels = {key: view.styles[key].label for key in dict.fromkeys(rows["key"])}
    with st.container(horizontal=True, gap="medium"):
        key = selection.pick("transfer-of", "Ticket", labels, kind="select", width=320)
        way = selection.pick("under", "Under", {PROMPT: "its border", MAPPING: "no border"}, width="content")
    own = rows[(rows["key"] == key) & (rows["way"] == way)]
    found = transfer_pictures.mapping(own, len(selection.study.classes))
    source, target = facts.source_examples(selection.study), facts.target_examples(view.kind, len(found.chosen))
    st.markdown(words.mapped(found, labels[key], source.classes, target.classes, way == PROMPT))
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _matrix_card(view, found, source, target)
    with right:
        _prompts_card(view, target)
    if not (source.there and target.there):
        layout.notes(["Classes without a picture are of data that are not on this machine."])


def _matrix_card(view: View, found: Mapping, source: Examples, target: Examples) -> None:
    layout.card(
        "Which class stands for which",
        charts.matrix(found, source, target, view.selection.theme),
        lambda: _cells(found, source, target),
        "transfer-mapping",
        help="A column is a class of the target, a row a class of the network. A cell is the share of the column's "
        "training images that are predicted as the row's class. The most frequent pair is taken first, and its row and "
        "column are struck; ringed are the pairs taken, each class of the network at most once.",
        caption=f"Seed {view.selection.study.detail_seed}, first draw, given {words.budget(view.shots)}.",
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )


def _cells(found: Mapping, source: Examples, target: Examples) -> pd.DataFrame:
    row, column = (each.ravel() for each in np.indices(found.shares.shape))
    rings = set(found.rings)
    return pd.DataFrame(
        {
            "source": [source.classes[found.sources[each]] for each in row],
            "target": [target.classes[each] for each in column],
            "share": found.shares.ravel(),
            "chosen": [cell in rings for cell in zip(row.tolist(), column.tolist(), strict=True)],
        }
    )


def _prompts_card(view: View, target: Examples) -> None:
    rows = view.detail("transfer_prompt")
    if rows.empty:
        return
    there = families.entries(view.selection.study)
    shapes = {ticket: there[ticket].info.shape for ticket in rows["ticket_id"]}
    images = [image for image in target.images if image is not None][:1]
    picture = images[0][None] if images else None
    sheets = {
        (str(row["key"]), int(row["shots"])): transfer_pictures.around(row, shapes[row["ticket_id"]], picture)[0]
        for _, row in rows.iterrows()
    }
    layout.card(
        "The border around a picture",
        prompt_charts.prompts(sheets, view.styles, view.selection.theme),
        lambda: view.named(_borders(rows, shapes)),
        "transfer-prompts",
        help="What the network is shown: a picture of the target in the middle, and around it the border that was "
        "learnt, the same for all pictures; a row a ticket, a column a budget.",
        caption=f"Seed {view.selection.study.detail_seed}, first draw.",
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )


def _borders(rows: pd.DataFrame, shapes: dict[str, tuple[int, int, int]]) -> pd.DataFrame:
    border = [transfer_pictures.brightness(row, shapes[row["ticket_id"]]) for _, row in rows.iterrows()]
    return rows.drop(columns="pixels").assign(border=border)


SECTION = Section(
    "transfer",
    "mapping",
    "Mapping and prompt",
    20,
    show,
    "Which of its classes does a ticket use for the target's, and what border did it learn?",
)
