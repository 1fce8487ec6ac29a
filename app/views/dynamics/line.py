"""Along the line: the error between two trainings of one ticket that saw the data in different orders."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons.replication import bands
from analysis.statistics.intervals import mean_interval
from app import load
from app.load import StudyView
from app.shell import layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.dynamics import view_data
from app.views.dynamics.charts import lines as charts
from app.views.dynamics.charts.lines import Height


def show(selection: Selection) -> None:
    """Draw the view."""
    study = selection.study
    rows = barriers(keyed(study, load.table(study, "stability", where="relation = 'order'")))
    lines = keyed(study, load.table(study, "lines"))
    lines = lines[lines["key"].isin(rows["key"])]
    if lines.empty:
        view_data.not_reordered(study)
        return
    labels = dict(zip(study.tickets["key"], study.tickets["label"], strict=True))
    there = {key: labels[key] for key in view_data.ordered(study, list(lines["key"].unique()))}
    highest = str(rows.loc[rows["key"].isin(list(there)), ["key", "value"]].set_index("key")["value"].idxmax())
    key = selection.pick(
        "pair", "Trained again under another order of the data", there, default=highest, kind="select",
        width=420,
    )  # fmt: skip
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        _line_card(selection, lines[lines["key"] == key], rows, labels)
    with right:
        _barriers_card(selection, rows.assign(label=rows["key"].map(labels)), key)


def keyed(study: StudyView, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with `key` and `seed` of their tickets, and the key of the other one as `other_key`."""
    tickets = study.tickets.set_index("ticket_id")
    rows = rows[rows["ticket_id"].isin(tickets.index) & rows["other"].isin(tickets.index)]
    return rows.assign(
        key=rows["ticket_id"].map(tickets["key"]),
        seed=rows["ticket_id"].map(tickets["seed"]),
        other_key=rows["other"].map(tickets["key"]),
    )


def barriers(rows: pd.DataFrame) -> pd.DataFrame:
    """The barrier of each pair of trainings: key, value, low, high, seeds. The interval is over seeds; of one seed, or
    of seeds that agree to the last image and so show no spread, it is the widest of theirs over test images."""
    found = []
    for key, own in rows.groupby("key", sort=False):
        value, low, high = mean_interval(own["barrier"])
        if own["barrier"].nunique() == 1:
            low, high = own["barrier_low"].min(), own["barrier_high"].max()
        found.append((key, value, max(low, 0.0), high, len(own)))
    return pd.DataFrame(found, columns=["key", "value", "low", "high", "seeds"])


def _line_card(selection: Selection, rows: pd.DataFrame, barriers: pd.DataFrame, labels: dict[str, str]) -> None:
    key, other = str(rows["key"].iloc[0]), str(rows["other_key"].iloc[0])
    style = view_data.styles(selection, [key])[key]
    test = rows.assign(error=1 - rows["accuracy"])
    training = rows.assign(error=1 - rows["train_accuracy"])
    points = pd.concat(
        [
            bands(each, ["alpha"], "error").assign(split=split)
            for split, each in (("test", test), ("training", training))
        ]
    )
    barrier = Height(*barriers.loc[barriers["key"] == key, ["value", "low", "high"]].iloc[0])
    seeds = int(rows["seed"].nunique())
    layout.card(
        f"Error between {labels[other]} and its second training",
        charts.along(points, test[["seed", "alpha", "error"]], barrier, (labels[other], "second training"), style,
                     selection.theme),
        points[["split", "alpha", "mean", "low", "high", "n"]],
        "line",
        config=layout.QUIET,
        help="Both start from the same weights and masks and see the same images in another order. The weights are "
        "mixed step by step. The barrier is the largest error on the way minus the mean of the errors at the ends; "
        "without one both lie in the same valley.",
        caption=(f"Means over {seeds} seeds with 95 % intervals, thin lines are single seeds; the barrier is the mean "
                 "of the seeds' own. " if seeds > 1 else "One seed; the barrier's interval is over test images. ")
        + "In networks with batch normalisation its statistics are measured anew at each point of the line.",
    )  # fmt: skip


def _barriers_card(selection: Selection, rows: pd.DataFrame, key: str) -> None:
    rows = rows.sort_values("value", ascending=False, kind="stable")
    styles = view_data.styles(selection, list(rows["key"]))
    layout.card(
        "The barrier of each",
        charts.barriers(rows, styles, key, selection.theme),
        rows[["label", "value", "low", "high", "seeds"]],
        "barriers",
        config=layout.QUIET,
        help="Points of error on test images. Frankle et al. (2020) call a training stable when its barrier is below 2 "
        "points.",
        caption="Bars: 95 % intervals over seeds (Student's); over test images where all seeds agree."
        if rows["seeds"].max() > 1
        else "Bars: 95 % intervals over test images, of one seed.",
    )


SECTION = Section(
    "dynamics",
    "line",
    "Along the line",
    30,
    show,
    "Do two trainings of one ticket end in the same valley, or does a barrier of error lie between them?",
)
