"""Linear interpolation: the error between two trainings of one ticket that saw the data in different orders."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import barriers
from analysis.comparisons.barriers import STABLE
from analysis.statistics.verdicts import CANNOT_TELL
from app import load
from app.answers.listed import listed
from app.shell import families, layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.dynamics import second_order
from app.views.dynamics.charts import lines as charts
from app.views.dynamics.charts.lines import Height


def show(selection: Selection) -> None:
    """Draw the section."""
    study = selection.study
    reordered = load.table(study, "stability", where="relation = 'order'")
    measured = load.table(study, "lines")
    rows = barriers.barriers(barriers.of_tickets(barriers.with_images(reordered, measured), study.tickets))
    lines = barriers.of_tickets(measured, study.tickets)
    lines = lines[lines["key"].isin(rows["key"])]
    if lines.empty:
        second_order.missing(study)
        return
    labels = dict(zip(study.tickets["key"], study.tickets["label"], strict=True))
    there = {key: labels[key] for key in families.ordered(study, list(lines["key"].unique()))}
    highest = str(rows.loc[rows["key"].isin(list(there)), ["key", "value"]].set_index("key")["value"].idxmax())
    key = selection.pick(
        "pair", "Trained again under another data order", there, default=highest, kind="select",
        width=420,
    )  # fmt: skip
    st.markdown(sentence(barriers.stability(rows[rows["key"].isin(list(there))]), labels))
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        _line_card(selection, lines[lines["key"] == key], rows, labels)
    with right:
        _barriers_card(selection, rows.assign(label=rows["key"].map(labels)), key)


def sentence(rows: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Between how many pairs of trainings no barrier lies, and between how many one does, as markdown."""
    limit, count = f"{100 * STABLE:g} points", len(rows)
    pairs = "The pair" if count == 1 else f"Of {count} pairs"
    said = []
    for verdict, words in (("stable", f"below {limit}"), ("unstable", f"not below {limit}")):
        own = rows[rows["verdict"] == verdict].sort_values("value", ascending=verdict == "stable", kind="stable")
        if len(own):
            first = own.iloc[0]
            which = "lowest" if verdict == "stable" else "highest"
            verb, whole = ("has", "its interval") if len(own) == 1 else ("have", "their intervals")
            said.append(
                f"**{len(own)}** {verb} a barrier {words} with all of {whole}, the "
                f"{which} as measured **{labels[first['key']]}** with {_points(first)}"
            )
    unknown = rows[rows["verdict"] == CANNOT_TELL]
    if len(unknown):
        said.append(f"of **{len(unknown)}** one cannot tell ({listed([labels[key] for key in unknown['key']])})")
    whose = "" if rows["seeds"].max() > 1 else " (these networks, one seed)"
    return f"{pairs} of trainings{whose}, each by itself: {'; '.join(said)}."


def _points(row: pd.Series) -> str:
    value, low, high = (100 * float(row[name]) for name in ("value", "low", "high"))
    return f"{value:.1f} points" + (f" ({low:.1f} to {high:.1f})" if np.isfinite(high) else "")


def _line_card(selection: Selection, rows: pd.DataFrame, every: pd.DataFrame, labels: dict[str, str]) -> None:
    key, other = str(rows["key"].iloc[0]), str(rows["other_key"].iloc[0])
    style = families.styles(selection, [key])[key]
    test = rows.assign(error=1 - rows["accuracy"])
    points = barriers.errors_along(rows)
    barrier = Height(*every.loc[every["key"] == key, ["value", "low", "high"]].iloc[0])
    seeds = int(rows["seed"].nunique())
    layout.card(
        f"Error along the line from {labels[other]} to its second training",
        charts.along(points, test[["seed", "alpha", "error"]], barrier, (labels[other], "second training"), style,
                     selection.theme),
        points[["split", "alpha", "mean", "low", "high", "n"]],
        "line",
        config=layout.QUIET,
        help="Both start from the same weights and masks and see the same images in another order. Their weights are "
        "interpolated linearly. The error barrier is the largest error on the way minus the mean of the errors at the "
        "ends; without one the two are linearly mode connected.",
        caption=(f"Means over {seeds} seeds with 95 % intervals, thin lines are single seeds; the barrier is the mean "
                 "of the seeds' own. " if seeds > 1 else "One seed; the barrier's interval is over test images. ")
        + "Statistics of batch normalisation, where there is any, are recomputed at each point of the line.",
    )  # fmt: skip


def _barriers_card(selection: Selection, rows: pd.DataFrame, key: str) -> None:
    rows = rows.sort_values("value", ascending=False, kind="stable")
    styles = families.styles(selection, list(rows["key"]))
    layout.card(
        "Error barriers",
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
    "Linear interpolation",
    30,
    show,
    "Are two trainings of one ticket linearly mode connected, or does an error barrier lie between them?",
    of_classifiers=True,
)
