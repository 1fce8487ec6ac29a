"""Global: for which classes a ticket takes which, and where their images lie to the class directions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.comparisons.confusion import confusions, sinks, sufferers
from analysis.comparisons.images_behind import taken_for
from analysis.corruptions.conditions import CLEAN
from app import live
from app.condition import condition_text, pick_condition
from app.shell import layout
from app.shell.images_behind import select
from app.shell.lacking import unmeasured
from app.shell.sections import Section
from app.shell.selection import Chosen, Selection
from app.shell.theme import Style
from app.views.geometry import class_words, measures
from app.views.geometry.charts.class_matrices import Panel, matrices
from app.views.geometry.class_details import MEANINGS, show_evidence, show_profiles
from app.views.geometry.class_panels import KINDS, QUANTITIES, panel_of, strips_of
from app.views.geometry.class_view import MOST_CLASSES, OPEN, View, opened, order_of, written
from app.views.geometry.columns_choice import pick_columns

ABOUT = {
    "errors": "Of the images of the true class (row), the share that is wrongly taken for each other class (column).",
    "angles": "Where the images of a class (row) lie to the direction of another class (column), the mean over images. "
    "Angle less own: the angle to that direction minus the angle to the image's own; below 0 the other is nearer. "
    "Lengths of directions and biases, at the right, decide too; where all images move alike, the class of the "
    "greatest mean logit takes those that are lost.",
    "cosines": "The cosine between the directions of two classes. Directions as far apart as can be are a simplex, all "
    "cosines -1 / (K - 1) (Papyan et al. 2020).",
}
BESIDE = ("angles", "errors", "cosines")
"""The matrices of one ticket, from left to right."""


def show(selection: Selection) -> None:
    """Draw the section."""
    tickets = pick_columns(selection)
    if not tickets:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        condition = pick_condition(selection)
        baseline = _pick_baseline(selection)
        with st.popover("Angles", icon=":material/tune:", help="What is shown of images and class directions."):
            quantity = selection.pick("global-of", "Of images to each direction", QUANTITIES)
            centred = selection.pick("vectors", "Features and directions", measures.VECTORS,
                                     help=measures.ABOUT_VECTORS) == "centred"  # fmt: skip
    said = st.container()
    ordered_by = selection.baseline or tickets[0]
    tree = order_of(selection, ordered_by)
    rows, columns = opened(tree, selection.option(OPEN) if len(tree.leaves) > MOST_CLASSES else "")
    images = live.images(selection.study)
    view = View(selection, tickets, condition, quantity, centred, baseline, tree, ordered_by, rows, columns, images)
    with said:
        tables = _answer(view)
    _clusters(view)
    _one_ticket(view, folded=_side_by_side(view))
    if tables:
        show_evidence(view, *tables)


def _pick_baseline(selection: Selection) -> Chosen | None:
    """The baseline, where the matrices are less its own."""
    if selection.baseline is None:
        return None
    options = {"plain": "As they are", "less": f"Minus {selection.baseline.label}"}
    picked = selection.pick("global-less", "Matrices", options, width="content")
    return selection.baseline if picked == "less" else None


def _answer(view: View) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """The sentences, over all trainings of the tickets side by side; returns what they rest on."""
    stored, keys = view.stored, tuple(ticket.key for ticket in view.tickets)
    there = [key for key in keys if stored is not None and key in stored.predicted]
    if stored is None or not there:
        return None

    def make() -> tuple[dict[str, np.ndarray], pd.DataFrame, pd.DataFrame]:
        own, classes = stored.chosen(names=there), len(view.classes)
        counts = confusions(own, classes, view.condition)
        return counts, sinks(counts), sufferers(own, classes, view.condition)

    counts, taken, wrong = view.computed(("answer", tuple(there), view.condition), make)
    styles = _styles(view)
    clean, text = view.condition == CLEAN, condition_text(view.condition)
    where = "On **clean images**" if clean else f"Under **{text[0].lower()}{text[1:]}**"
    st.markdown(class_words.answer(taken, wrong, counts, styles, view.classes, where))
    st.caption(class_words.spoken_of(taken))
    return taken, wrong


def _styles(view: View) -> dict[str, Style]:
    return {ticket.key: ticket.style for ticket in view.tickets}


def _clusters(view: View) -> None:
    """Where classes are shown by cluster: what that means, and the way in and out."""
    if view.whole:
        return
    selection, tree = view.selection, view.tree
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if selection.option(OPEN):
            st.button(f"All {len(view.classes):,} classes by cluster", icon=":material/arrow_back:",
                      on_click=lambda: selection.set(**{OPEN: None}))  # fmt: skip
            st.caption("Rows: " + _named(view.names[0]) + (". Columns: " + _named(view.names[1]) if
                       view.rows != view.columns else ""))  # fmt: skip
        else:
            ranges, _ = opened(tree, "")
            options = {"": "All"} | {
                written(each, each): f"{name} ({each[1] - each[0]} classes)"
                for each, name in zip(ranges, view.names[0], strict=True)
            }
            selection.pick(OPEN, "Open a cluster of classes, or click a cell below", options, kind="select", width=420)


def _named(names: Sequence[str]) -> str:
    return layout.plain(", ".join(names[:6])) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _side_by_side(view: View) -> bool:
    """One of the matrices, ticket beside ticket; whether there is one."""
    if len(view.tickets) < 2:
        return False
    kind = view.selection.option("global-matrix", "errors", list(KINDS))
    shown = [ticket for ticket in view.tickets if view.baseline is None or ticket.id != view.baseline.id]
    panels = panel_of(kind, view, shown)
    if not panels:
        return False
    minus = f" minus {view.baseline.label}" if view.baseline else ""
    rows, columns = view.names
    layout.card(
        f"{KINDS[kind]}{minus}, ticket beside ticket: {condition_text(view.condition)}",
        matrices(list(panels.values()), rows, columns, view.selection.theme),
        lambda: _long(view, {kind: panels}),
        "global-tickets",
        help=ABOUT[kind],
        caption=_caption(view),
        controls=lambda: view.selection.pick("global-matrix", "Matrix", KINDS, label_visibility="collapsed",
                                             width="content"),
        on_select=lambda: _clicked(view, "global-tickets"),
        selection_mode="points",
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip
    return True


def _caption(view: View) -> str:
    seed = f"Seed {view.selection.seed}; rows and columns in the order of {view.ordered_by.label}'s class directions."
    several = "and the trainings " if len(view.selection.study.seeds) > 1 else ""
    faded = f" Paler: within noise over the images {several}(all cells one family)." if view.baseline else ""
    click = (
        "Click a cell to open its clusters." if view.by_cluster else "Click a cell to select its images on every page."
    )
    return f"{seed}{faded} {click}"


def _one_ticket(view: View, folded: bool) -> None:
    """All three matrices of a ticket, with the lengths of its directions and its biases; and its images by class."""
    options = {ticket.key: ticket.label for ticket in view.tickets}
    usual = next((ticket.key for ticket in view.tickets if ticket.id != view.ordered_by.id), view.tickets[0].key)
    key = view.selection.option("global-ticket", usual, list(options))
    ticket = next(each for each in view.tickets if each.key == key)

    @cache
    def panels(kind: str) -> dict[str, Panel]:
        return panel_of(kind, view, [ticket])

    if not any(map(panels, reversed(BESIDE))):  # angles, the dearest, come last
        todo = "Measure the study, or bring its images here."
        unmeasured(view.selection.study, "Nothing is known of this ticket's classes yet.", todo)
        return
    rows, columns = view.names

    def shown() -> dict[str, dict[str, Panel]]:
        return {kind: panels(kind) for kind in BESIDE if panels(kind)}

    def figure() -> go.Figure:
        titled = [_titled(each[ticket.id], KINDS[kind]) for kind, each in shown().items()]
        strips = [] if view.baseline else strips_of(view, ticket)
        return matrices(titled, rows, columns, view.selection.theme, strips, view.tree.linkage if view.whole else None)

    less = f" minus {view.baseline.label}" if view.baseline else ""
    layout.card(
        f"{ticket.label}{less}, angles beside confusion: {condition_text(view.condition)}",
        figure,
        lambda: _long(view, shown()),
        "global-ticket",
        folded=folded,
        help=" ".join(ABOUT[kind] for kind in BESIDE),
        caption=lambda: _missing(view, ticket) + _caption(view),
        controls=lambda: view.selection.pick("global-ticket", "Ticket", options, default=usual, width="content",
                                             label_visibility="collapsed"),
        on_select=lambda: _clicked(view, "global-ticket"),
        selection_mode="points",
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip
    show_profiles(view, ticket)


def _titled(panel: Panel, title: str) -> Panel:
    return Panel(**{**vars(panel), "heading": f"<b>{title}</b>"})


def _missing(view: View, ticket: Chosen) -> str:
    """Why there is no matrix of angles, where there is none."""
    if view.images is None:
        return "Angles need the images, which are not on this machine. "
    for each in filter(None, (ticket, view.baseline)):
        seen = view.seen(each)
        if seen is not None and seen.without:
            return f"{seen.without} "
    return ""


def _long(view: View, found: dict[str, dict[str, Panel]]) -> pd.DataFrame:
    """The cells of matrices as rows."""
    labels = {ticket.id: ticket.label for ticket in view.tickets}
    rows, columns = view.names
    lines, places = np.indices((len(rows), len(columns))).reshape(2, -1)
    frames: dict[str, pd.DataFrame] = {}
    for kind, panels in found.items():
        for ticket, panel in panels.items():
            same = {"ticket": labels[ticket], "true": np.array(rows)[lines], "other": np.array(columns)[places]}
            frames.setdefault(ticket, pd.DataFrame(same))[kind] = panel.values.ravel()
    return pd.concat(frames.values(), ignore_index=True)


def _clicked(view: View, card: str) -> None:
    """Mark the images of the cell that was clicked, or open its clusters."""
    points = layout.selected_points(card)
    data = points[-1].get("customdata") if points else None
    told = (data[0] if isinstance(data, (list, tuple)) and data else data or "").split()
    if len(told) != 4:
        return
    ticket_id, kind, row, column = told[0], told[1], int(told[2]), int(told[3])
    if view.by_cluster:
        view.selection.set(**{OPEN: written(view.rows[row], view.columns[column])})
        return
    ticket = next((each for each in view.tickets if each.id == ticket_id), None)
    given = view.predicted(ticket) if ticket else None
    if ticket is None or given is None:
        return
    predicted, labels = given
    own, other = view.names[0][row], view.names[1][column]
    on = "on clean images" if view.condition == CLEAN else f"under {condition_text(view.condition)}"
    if kind == "errors":
        found = taken_for(labels, predicted, view.row_groups[row], view.column_groups[column])
        select(view.selection, found, f"{own} taken for {other} by {ticket.label} {on}")
    else:
        select(view.selection, taken_for(labels, predicted, view.row_groups[row]), f"class {own}")


SECTION = Section(
    "geometry",
    "global",
    "Global",
    20,
    show,
    "Which class does a ticket take for which, and do the angles to the class directions say why?",
)
