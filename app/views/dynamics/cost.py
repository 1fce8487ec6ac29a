"""Cost: what each ticket's accuracy took in training and search, all it descends from included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import training_cost
from analysis.statistics.intervals import mean_interval
from app import load
from app.shell import layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import Style
from app.views.dynamics import view_data as dynamic
from app.views.dynamics.charts import search_cost as charts
from app.views.overview import view_data
from app.views.overview.lineage import entries
from app.views.overview.table import dot

MEASURES = {"epochs": "Epochs", "seconds": "Seconds"}


def show(selection: Selection) -> None:
    """Draw the view."""
    study = selection.study
    families = view_data.families(selection)
    if families["accuracy"].isna().all():
        layout.empty(
            "No ticket is measured yet.",
            "Measure the study; what is missing appears here at the next click.",
            f"python -m analysis run {study.path}",
        )
        return
    rows = families.dropna(subset=["accuracy"]).drop(columns="seconds")
    rows = rows.merge(_costs(study.path, study.stamp, study.name), on="key")
    chosen = [key for key in [*dynamic.dense_keys(study), *selection.keys] if key in set(rows["key"])]
    styles = dynamic.styles(selection, dynamic.ordered(study, chosen))
    _chart(selection, rows, styles)
    _table(rows[rows["key"].isin(list(styles))], styles)


@st.cache_data(max_entries=8, show_spinner="Adding up what was trained …")
def _costs(path: Path, stamp: str, name: str) -> pd.DataFrame:
    """A row a key: epochs (all), search (of these), seconds with its 95 % interval over seeds, own_seconds."""
    study = load.open_study(name, path)
    found = training_cost.cost(entries(study).values())
    found["key"] = found["ticket_id"].map(study.tickets.set_index("ticket_id")["key"])
    rows = []
    for key, own in found.groupby("key", sort=False):
        seconds, low, high = mean_interval(own["seconds"])
        search = own["search_epochs"].mean()
        rows.append((key, own["epochs"].mean() + search, search, seconds, low, high))
    return pd.DataFrame(rows, columns=["key", "epochs", "search", "seconds", "seconds_low", "seconds_high"])


def _chart(selection: Selection, rows: pd.DataFrame, styles: dict[str, Style]) -> None:
    measure = selection.option("cost", "epochs", list(MEASURES))
    names = ["label", "accuracy", "accuracy_low", "accuracy_high", "epochs", "search", "seconds"]
    layout.card(
        "Accuracy against what it cost to find",
        charts.against(rows, measure, styles, list(styles), selection.theme),
        rows[names],
        "cost",
        config=layout.QUIET,
        help="Up and to the left is better. Everything that a ticket descends from counts, once: the dense network, "
        "every level of an iterative one, the search for a mask. A broad bar to the left of a point: the epochs of its "
        "search. Faint points: tickets that are not chosen.",
        caption=dynamic.interval_words(selection) + " Tickets of one cost stand side by side. "
        + ("Epochs are counts, without an interval." if measure == "epochs" else
           "Seconds depend on the machine, and on what else it did."),
        controls=lambda: selection.pick("cost", "Cost in", MEASURES, label_visibility="collapsed", width="content"),
    )  # fmt: skip


def _table(rows: pd.DataFrame, styles: dict[str, Style]) -> None:
    number, written = st.column_config.NumberColumn, st.column_config.TextColumn
    dense = rows.loc[rows["method"] == "dense", "epochs"]
    once = float(dense.iloc[0]) if len(dense) and dense.iloc[0] > 0 else np.nan
    rows = rows.sort_values("epochs", kind="stable")
    frame = pd.DataFrame(
        {
            "colour": [dot(styles[key].color) for key in rows["key"]],
            "ticket": rows["label"],
            "epochs": rows["epochs"],
            "search": rows["search"],
            "times": rows["epochs"] / once,
            "seconds": rows["seconds"],
            "accuracy": 100 * rows["accuracy"],
            "interval": [_range(row.accuracy_low, row.accuracy_high) for row in rows.itertuples()],
        }
    )
    layout.table_card(
        "What each took",
        frame,
        "costs",
        columns={
            "colour": st.column_config.ImageColumn("", width=40),
            "ticket": written("Ticket", width="medium"),
            "epochs": number("Epochs in all", format="%.4g", help="Of training and search, all it descends from."),
            "search": number("Of these search", format="%.4g", help="Epochs in which only mask or signs are sought."),
            "times": number("Times dense", format="%.2f×"),
            "seconds": number("Seconds", format="%.1f", help="Of its line of descent, on the machine that found it."),
            "accuracy": number("Accuracy", format="%.1f %%"),
            "interval": written("95 % interval"),
        },
        caption="Means over seeds. Passes that only score weights are not counted as epochs; they are in the seconds.",
        data=lambda: frame.drop(columns="colour"),
        height="content",
    )


def _range(low: float, high: float) -> str:
    return f"{100 * low:.1f} – {100 * high:.1f} %" if np.isfinite(low) else "–"


SECTION = Section(
    "dynamics",
    "cost",
    "Cost",
    50,
    show,
    "What does each ticket's accuracy cost in training?",
)
