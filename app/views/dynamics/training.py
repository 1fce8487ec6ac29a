"""Training curves: chosen tickets, their controls and the dense network, over epochs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from app.shell import layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import DENSE, Style
from app.views.dynamics import histories, view_data
from app.views.dynamics.charts import curve_panels
from app.views.dynamics.charts import curves as charts
from app.views.overview.table import dot

AS = {"together": "In one chart", "panels": "A panel each"}
TOGETHER = 8
"""Curves that one chart shows clearly; more have a panel each, unless asked otherwise."""
WITH = {"chosen": "Chosen tickets", "controls": "With their controls"}


def show(selection: Selection) -> None:
    """Draw the view."""
    study = selection.study
    wanted = [*view_data.dense_keys(study), *selection.keys]
    if selection.option("curves", "chosen", list(WITH)) == "controls":
        pruned = [ticket.key for ticket in selection.tickets if ticket.method != DENSE]
        wanted += view_data.controls(study, pruned or selection.keys)
    keys = view_data.ordered(study, wanted)
    rows = histories.rows(study, keys)
    there = {name: text for name, text in charts.MEASURES.items() if rows[name].notna().any()}
    if not there:
        layout.empty(
            "There are no training curves of these tickets.",
            "They were imported, or nothing was trained; choose others in the grid at the left.",
        )
        return
    styles = view_data.styles(selection, list(dict.fromkeys(rows["key"])))
    stops = histories.stops(rows)
    _curves_card(selection, rows, stops, styles, there)
    absent = [study.tickets.loc[study.tickets["key"] == key, "label"].iloc[0] for key in keys if key not in styles]
    if absent:
        layout.notes([f"Without a training of their own: {', '.join(absent)}."])
    if len(stops):
        _stops_card(rows, stops, styles)


def _curves_card(
    selection: Selection, rows: pd.DataFrame, stops: pd.DataFrame, styles: dict[str, Style], there: dict[str, str]
) -> None:
    measure = selection.option("curve", next(iter(there)), list(there))
    curves = histories.over_seeds(rows, measure)
    several = int(curves["seeds"].max()) > 1
    usual = "panels" if len(styles) > TOGETHER else "together"
    draw = curve_panels.panels if selection.option("as", usual, list(AS)) == "panels" else charts.training

    def controls() -> None:
        bare: dict[str, Any] = {"label_visibility": "collapsed", "width": "content"}
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            selection.pick("curve", "Measure", there, kind="select", label_visibility="collapsed", width=250)
            selection.pick("curves", "Lines", WITH, **bare)
            selection.pick("as", "Drawn", AS, default=usual, **bare)

    layout.card(
        f"{charts.MEASURES[measure]} while training",
        draw(curves, stops, styles, measure, selection.theme),
        lambda: view_data.named(curves, styles),
        "curves",
        config=layout.QUIET,
        help="Each ticket's own last training: of an iterative ticket the last level, of a searched mask the search. "
        "Panels show the other curves in grey; in one chart, symbols at the right are where each curve ends, and bands "
        f"are drawn for up to {charts.BANDS} lines.",
        caption=_caption(several, measure, len(stops) > 0),
        controls=controls,
    )


def _caption(several: bool, measure: str, stops: bool) -> str:
    said = ["Means over seeds with 95 % intervals (Student's)." if several else "One seed, so no intervals."]
    if measure in ("train_accuracy", "loss"):
        said.append("On training images as measured while they are learnt from.")
    if stops:
        said.append("Rings: the epoch at which the loss on test images is least, where training would stop early.")
    else:
        said.append("These tickets were found without noting the loss on test images, so no early stop is marked.")
    return " ".join(said)


def _stops_card(rows: pd.DataFrame, stops: pd.DataFrame, styles: dict[str, Style]) -> None:
    number, written = st.column_config.NumberColumn, st.column_config.TextColumn
    ends = histories.ends(rows).set_index("key").loc[stops["key"]]
    frame = pd.DataFrame(
        {
            "colour": [dot(styles[key].color) for key in stops["key"]],
            "ticket": [styles[key].label for key in stops["key"]],
            "epoch": stops["epoch"],
            "epoch interval": [_range(row.low, row.high) for row in stops.itertuples()],
            "share": 100 * stops["epoch"].to_numpy() / ends["epoch"].to_numpy(),
            "accuracy": 100 * stops["accuracy"],
            "interval": [
                _range(100 * row.accuracy_low, min(100 * row.accuracy_high, 100), " %") for row in stops.itertuples()
            ],
            "final": 100 * ends["test_accuracy"].to_numpy(),
            "at_end": [f"{row.at_end} of {row.seeds}" for row in stops.itertuples()],
        }
    )
    layout.table_card(
        "Where training would stop early",
        frame,
        "stops",
        columns={
            "colour": st.column_config.ImageColumn("", width=40),
            "ticket": written("Ticket", width="medium"),
            "epoch": number("Epoch", format="%.1f", help="At which the loss on test images is least."),
            "epoch interval": written("95 % interval"),
            "share": number("Of the training", format="%.0f %%"),
            "accuracy": number("Accuracy there", format="%.1f %%"),
            "interval": written("95 % interval "),
            "final": number("Accuracy at the end", format="%.1f %%"),
            "at_end": written("Still falling", help="Seeds whose loss is least at the very end of the training."),
        },
        caption="Frankle & Carbin (2019) stop at the least validation loss and find that tickets get there sooner. "
        "Here it is the loss on test images, so the accuracy there is a little flattered. Means over seeds; an epoch "
        f"is known to {stops['resolution'].max():.2g} at best, the distance between two points of the curve.",
        data=lambda: frame.drop(columns="colour"),
        height="content",
    )


def _range(low: float, high: float, unit: str = "") -> str:
    return f"{max(low, 0):.1f} – {high:.1f}{unit}" if np.isfinite(low) else "–"


SECTION = Section(
    "dynamics",
    "training",
    "Training",
    10,
    show,
    "How do tickets learn, beside their controls and the dense network?",
)
