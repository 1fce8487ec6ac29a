"""Pairs: the overlap of every two masks, layer by layer, and weight by weight."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import mask_pairs
from analysis.metrics import overlap
from analysis.metrics.overlap import Counts
from analysis.metrics.overlap_metrics import METRICS
from app import load
from app.answers import weights
from app.charts.texts import widest
from app.shell import layout
from app.shell.columns import REST, of_table
from app.shell.lacking import unmeasured
from app.shell.sections import Section
from app.shell.selection import Chosen, Selection
from app.shell.url import change
from app.views.masks.charts import cell_grid
from app.views.masks.charts import overlap as charts
from app.views.masks.charts.cell_grid import Grid
from app.views.masks.readable import at_least_two
from pruning.errors import UserError

METRIC = "adjusted"  # at first: what lies beyond chance


def show(chosen: Selection) -> None:
    """Draw the section."""
    selection = at_least_two(chosen)
    if selection is None:
        return
    counts = load.overlaps(selection.study, selection.ids)
    one, other = _pair(selection, counts)
    with suppress(UserError):  # a ticket of another seed that cannot be read; Intersections names it
        st.markdown(weights.said(selection, {each.key: each.label for each in selection.tickets}))
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        _matrix_card(selection, counts, one, other)
    with right:
        _pair_card(selection, one, other)
    _layers_card(selection)
    _cells_card(selection, one, other)


def _pair(selection: Selection, counts: Counts) -> tuple[Chosen, Chosen]:
    """The two tickets looked at: those of the URL, or the closest two that differ."""
    tickets = {ticket.key: ticket for ticket in selection.tickets}
    default = [selection.tickets[place] for place in mask_pairs.closest(counts)]
    known = list(selection.study.tickets["key"])  # one of the study that is not chosen any more is no reason for a note
    one = tickets.get(selection.option("a", allowed=known), default[0])
    other = tickets.get(selection.option("b", allowed=known), default[1])
    if one == other:
        other = next(ticket for ticket in [*default, *selection.tickets] if ticket != one)
    return one, other


def _matrix_card(selection: Selection, counts: Counts, one: Chosen, other: Chosen) -> None:
    metric = selection.option("metric", METRIC, list(METRICS))
    values = overlap.pairwise(counts, metric)
    pruned = [ticket.id for ticket in selection.tickets if ticket.key not in selection.study.dense]
    if len(pruned) > 1:  # all that another keeps the dense network keeps too, which says nothing
        values = values.loc[pruned, pruned]
    by_id = {ticket.id: ticket for ticket in selection.tickets}
    labelled = values.rename(index=lambda key: by_id[key].label, columns=lambda key: by_id[key].label)

    def clicked() -> None:
        points = [point for point in layout.selected_points("matrix") if point.get("customdata")]
        if points:
            value = points[-1]["customdata"]
            first, second = str(value[0] if isinstance(value, list) else value).split()
            if first != second:
                change({"a": by_id[first].key, "b": by_id[second].key})

    def controls() -> None:
        labels = {name: known.label for name, known in METRICS.items()}
        selection.pick("metric", "Metric", labels, default=METRIC, label_visibility="collapsed")
        st.caption(METRICS[metric].help)

    layout.card(
        "Pairwise mask overlap",
        charts.matrix(values, selection.styles, metric, (one.id, other.id), selection.theme),
        labelled.reset_index(names="ticket"),
        "matrix",
        meanings={REST: METRICS[metric].label},
        help="Click a cell to compare its two tickets beside and below; they are framed. The dense "
        "network keeps all that another keeps, so that it is left out. A dash: not defined.",
        config=layout.QUIET,
        on_select=clicked,
        selection_mode="points",
        controls=controls,
    )


def _pair_card(selection: Selection, one: Chosen, other: Chosen) -> None:
    metric = selection.option("metric", METRIC, list(METRICS))
    layers = mask_pairs.layers_of_pair(load.overlaps(selection.study, [one.id, other.id]), metric)
    options = {ticket.key: ticket.label for ticket in selection.tickets}

    def controls() -> None:
        first, second = st.columns(2)
        with first:
            _menu("a", "Ticket A", one, other, options)
        with second:
            _menu("b", "Ticket B", other, one, options)

    layout.card(
        "Layer-wise overlap",
        charts.pair_by_layer(
            layers, metric, one.style, other.style, selection.theme, charts.matrix_height(len(selection.tickets)) + 20
        ),
        layers,
        "pair",
        help="Bars: the overlap in each layer. Orange marks: what two masks that share nothing but these layers' "
        "sparsities would have in common on average. Only what lies beyond the mark is agreement.",
        config=layout.QUIET,
        controls=controls,
    )


def _menu(name: str, label: str, ticket: Chosen, partner: Chosen, options: dict[str, str]) -> None:
    """A menu for one of the two tickets. Choosing the partner's ticket swaps the two."""
    key = f"pick {name}"

    def store() -> None:
        chosen = st.session_state[key]
        others = ticket.key if chosen == partner.key else partner.key
        change({name: chosen, "b" if name == "a" else "a": others})

    st.session_state[key] = ticket.key
    st.selectbox(label, list(options), key=key, on_change=store, format_func=lambda value: options.get(value, value))


def _layers_card(selection: Selection) -> None:
    rows = load.table(selection.study, "layers", selection.ids)
    styles = {ticket.id: ticket.style for ticket in selection.tickets}
    if rows.empty:
        unmeasured(
            selection.study,
            "The layers of these tickets are not measured yet.",
            "Measure the study to see the density of each layer.",
        )
        return
    rows.insert(1, "ticket", rows["ticket_id"].map({ticket: style.label for ticket, style in styles.items()}))
    collapsed = rows.loc[rows["collapsed"], "ticket"].unique()
    layout.card(
        "Layer-wise density",
        lambda: charts.kept_by_layer(rows, styles, selection.theme),
        rows,
        "layers",
        folded=True,
        meanings=of_table("layers"),
        config=layout.QUIET,
        help="Density: the share of a layer's weights that is kept. A cross at the bottom: layer collapse, nothing of "
        "the layer is kept.",
        caption=f"Layer collapse in: {', '.join(collapsed)}." if len(collapsed) else "",
    )


def _cells_card(selection: Selection, one: Chosen, other: Chosen) -> None:
    masks_a, masks_b = load.masks(selection.study, one.id), load.masks(selection.study, other.id)
    layers = list(masks_a)
    usual = _first_to_show(masks_a, masks_b)
    layer = selection.option("layer", usual, layers)
    a, b = masks_a[layer], masks_b[layer]
    ranges = cell_grid.parts(a.shape)
    names = [f"{start}-{stop - 1}" for start, stop in ranges]
    part = selection.option("part", names[0])
    start, stop = ranges[names.index(part) if part in names else 0]
    view = selection.option("view", "beside", ["beside", "over"])
    states = mask_pairs.agreement(a, b)
    grid = cell_grid.lay_out(states[start:stop], start)

    def controls() -> None:
        bare: dict[str, Any] = {"label_visibility": "collapsed"}
        with st.container(horizontal=True, vertical_alignment="center"):
            texts = {name: f"{charts.short(name)}  ({' × '.join(map(str, masks_a[name].shape))})" for name in layers}
            width = min(max(220, widest(texts.values(), 7, 62)), 560)  # of a menu, with its arrow
            selection.pick("layer", "Layer", texts, default=usual, kind="select", width=width, **bare)
            selection.pick("view", "View", {"beside": "Side by side", "over": "Overlaid"}, **bare)
            if len(ranges) > 1:
                texts = {name: f"Filters {name.replace('-', ' to ')}" for name in names}
                selection.pick("part", "Part", texts, kind="select", width=200, **bare)

    counts = np.bincount(states.reshape(-1), minlength=4)
    layout.card(
        f"Masks of {charts.short(layer)}: {one.label} and {other.label}",
        charts.cells(grid, one.style, other.style, view == "beside", selection.theme),
        lambda: _cells_table(grid),
        "cells",
        config=layout.QUIET,
        help="Each cell is a weight. Drag to zoom, double-click to see all again; both pictures move together.",
        caption=f"{grid.about} {_in_words(counts, one.label, other.label)}",
        controls=controls,
    )


def _first_to_show(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> str:
    """A layer with enough to see: the first convolution with several inputs, else the first, of those that differ."""
    different = [name for name in one if not np.array_equal(one[name], other[name])] or list(one)
    return next((name for name in different if one[name].ndim == 4 and one[name].shape[1] > 1), different[0])


def _cells_table(grid: Grid) -> pd.DataFrame:
    rows, columns = np.nonzero(grid.states >= 0)
    return pd.DataFrame(
        {
            "row": np.array(grid.rows)[rows],
            "column": np.array(grid.columns)[columns],
            "state": np.array(mask_pairs.STATES)[grid.states[rows, columns]],
        }
    )


def _in_words(counts: np.ndarray, one: str, other: str) -> str:
    """How many weights of a layer are kept by whom."""
    kept = [counts[state] for state in (mask_pairs.BOTH, mask_pairs.ONLY_A, mask_pairs.ONLY_B, mask_pairs.NEITHER)]
    return (
        f"In the whole layer: {kept[0]:,} kept by both, {kept[1]:,} only by {one}, {kept[2]:,} only by {other}, "
        f"{kept[3]:,} by neither."
    )


SECTION = Section(
    "masks",
    "pairs",
    "Pairs",
    10,
    show,
    "Which weights does each ticket keep, how much do two masks overlap, and in which layers?",
)
