"""Select images by a measure: a histogram to brush over, whose range becomes a query."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.comparisons.image_query import Within, text
from analysis.comparisons.queried_images import MEASURES, Asked
from analysis.corruptions.conditions import Condition
from analysis.statistics.histograms import histogram, round_range
from app.charts import histogram as charts
from app.condition import chosen_condition, condition_text
from app.selected.asked import asked
from app.shell import layout
from app.shell.selection import Chosen, Selection
from pruning.errors import UserError

CHART = "samples-brush"
TITLE = "Select by a measure"
LIVE = ("gap", "divergence", "agreement")
"""Measures that need the images, as the results do not hold them under every condition."""


def show(selection: Selection, chosen: list[Chosen], images: bool) -> None:
    """Draw the card, which is folded.

    Args:
        selection: the page's.
        chosen: the tickets that can be asked of.
        images: whether the study's images are on this machine.
    """
    offered = [name for name in MEASURES if images or name not in LIVE]
    measure = selection.option("brush", offered[0], offered)
    keys = {ticket.key: ticket.label for ticket in chosen}
    default = next((ticket.key for ticket in chosen if ticket.key != _base(selection)), chosen[0].key)
    key, condition = selection.option("brush-of", default, list(keys)), chosen_condition(selection)
    try:
        found = asked(selection)
        values = found.values(measure, key, condition)
    except UserError as error:
        layout.notes([str(error)])
        return
    marked = np.zeros(len(values), dtype=bool)
    if selection.samples is not None:
        marked[selection.samples[selection.samples < len(values)]] = True
    bars = histogram(values, marked)
    where = f"{keys[key]}, {_lower(condition_text(condition))}"
    layout.card(
        TITLE,
        lambda: charts.histogram(bars, f"{measure.capitalize()} ({where})", "images", selection.theme),
        bars.rename(columns={"chosen": "selected"}),
        CHART,
        folded=True,
        help=f"{measure.capitalize()}: {MEASURES[measure]}.",
        caption="Drag over the bars: the images within are selected. In colour: those that are selected now.",
        on_select=lambda: _brushed(selection, found, measure, key, condition),
        selection_mode=("points", "box"),
        config=layout.QUIET,
        controls=lambda: _controls(selection, offered, keys, default),
        meanings={
            "low": "lower end of the bar, in the unit of the measure",
            "high": "upper end of the bar, in the unit of the measure",
            "all": "images in the bar",
            "selected": "of these selected",
        },
    )


def _controls(selection: Selection, offered: list[str], keys: dict[str, str], default: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        selection.pick("brush", "Measure", {name: name.capitalize() for name in offered}, kind="select", width=170)
        selection.pick("brush-of", "Of ticket", keys, default=default, kind="select", width=220)


def _base(selection: Selection) -> str:
    return selection.baseline.key if selection.baseline else ""


def _brushed(selection: Selection, found: Asked, measure: str, key: str, condition: Condition) -> None:
    picked = layout.selected_range(CHART)
    if picked is None:
        return
    values = found.values(measure, key, condition)
    low, high = round_range(*picked, float(np.nanmax(values) - np.nanmin(values)))
    query = [Within(measure, key, condition, low, high)]
    selection.set_samples(np.flatnonzero(found.fits(query)), text(query))


def _lower(said: str) -> str:
    return said[:1].lower() + said[1:]
