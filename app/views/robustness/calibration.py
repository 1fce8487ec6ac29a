"""Calibration: whether a ticket's confidence can be trusted, and what corruption does to that."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from analysis.comparisons.outcomes import MEAN
from analysis.metrics.calibration import merge, summary
from analysis.metrics.corruption_error import COUNTED
from app import load
from app.charts.names import name
from app.shell import layout
from app.shell.sections import Section
from app.views.robustness.charts import calibration as charts
from app.views.robustness.charts import severity as curves
from app.views.robustness.section_data import Scope, named

COLUMNS = ["ticket_id", "corruption", "severity", "accuracy", "mean_confidence", "ece", "brier", "nll"]
MEASURES = ["ece", "brier", "nll"]


def show(scope: Scope) -> None:
    """Draw the section."""
    ids = tuple(ticket for _, each in scope.ids for ticket in each)
    conditions = load.table(scope.selection.study, "conditions", ids=ids, columns=COLUMNS)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        family = scope.pick_family()
        corruption = scope.pick_corruption(family, width=280)
        level = _pick_severity(scope, conditions, corruption)
    scope.missing(family)
    styles = scope.there(family)
    table = scope.computed(("calibration", family, corruption), lambda: _summary(scope, conditions, family, corruption))
    here = table[table["severity"] == level]
    bins = scope.computed(("bins", family, corruption, level), lambda: _bins(scope, family, corruption, level))
    if bins.empty:
        layout.empty("There are no reliability diagrams of these tickets yet.", "Measure the study anew.",
                     f"python -m analysis run {scope.selection.study.path}")  # fmt: skip
        return
    _diagrams(scope, bins, here, styles, family, corruption, level)
    _measures(scope, table, styles, family, corruption)
    _table(scope, conditions, here, styles, corruption, level)


def _pick_severity(scope: Scope, conditions: pd.DataFrame, corruption: str) -> int:
    names = COUNTED if corruption == MEAN else (corruption,)
    levels = sorted(conditions.loc[conditions["corruption"].isin(names), "severity"].unique())
    options = {"clean": "clean"} | {str(level): str(level) for level in levels}
    default = str(levels[len(levels) // 2]) if levels else "clean"
    picked = scope.selection.pick("level", "Severity", options, default=default, width="content")
    return 0 if picked == "clean" else int(picked)


def _summary(scope: Scope, conditions: pd.DataFrame, family: str, corruption: str) -> pd.DataFrame:
    """ECE, Brier score and NLL of each ticket on clean images and under the corruption, or the mean of those that
    count."""
    rows = conditions[conditions["corruption"].isin(COUNTED if corruption == MEAN else [corruption])]
    if corruption == MEAN:
        rows = rows.groupby(["ticket_id", "severity"], sort=False)[MEASURES].mean().reset_index()
    rows = pd.concat([rows.assign(corruption=corruption), conditions[conditions["corruption"] == "clean"]])
    there = scope.there(family)
    return summary(rows, {key: ids for key, ids in scope.ids if key in there})


def _bins(scope: Scope, family: str, corruption: str, level: int) -> pd.DataFrame:
    """Merged reliability bins of each ticket under the condition chosen, or under all that count at that severity."""
    names = [one for one in scope.measured[family] if one in COUNTED] if corruption == MEAN else [corruption]
    if level == 0:
        names = ["clean"]
    listed = ", ".join("'" + one.replace("'", "''") + "'" for one in names)
    ids = {ticket: key for key, each in scope.ids for ticket in each}
    where = f"corruption IN ({listed}) AND severity = {level} AND bin >= 0"
    rows = load.table(scope.selection.study, "reliability", ids=tuple(ids), where=where)
    return merge(rows.assign(key=rows["ticket_id"].map(ids)), by=("key",))


def _under(corruption: str, level: int) -> str:
    if level == 0:
        return "clean images"
    return f"{'the common corruptions' if corruption == MEAN else name(corruption)}, severity {level}"


def _diagrams(
    scope: Scope, bins: pd.DataFrame, here: pd.DataFrame, styles: dict[str, Any], family: str, corruption: str,
    level: int,
) -> None:  # fmt: skip
    errors = here[here["measure"] == "ece"].set_index("key")["value"]
    notes = {key: f"ECE {100 * errors[key]:.1f}" for key in styles if key in errors}
    theme = scope.selection.theme
    layout.card(
        f"How often right when so sure: {_under(corruption, level)}",
        scope.figure(
            ("reliability", family, corruption, level), styles,
            lambda: charts.reliability(bins, styles, theme, notes),
        ),
        lambda: named(bins, styles),
        "reliability",
        help="15 bins with equally many images each, the least confident first. Below the diagonal a ticket is surer "
        "than it is right. Bars on the points: 95 % intervals, over seeds where there are several. Grey: the share of "
        "the images in each tenth of the confidence, from the means of the bins. ECE: the mean distance from the "
        "diagonal, in points; of several corruptions it is the mean of theirs, so it can be large where too sure under "
        "one and too unsure under another bring the common curve near the diagonal.",
    )  # fmt: skip


def _measures(scope: Scope, table: pd.DataFrame, styles: dict[str, Any], family: str, corruption: str) -> None:
    words = "mean of the common corruptions" if corruption == MEAN else name(corruption)
    theme = scope.selection.theme
    layout.card(
        f"Calibration as severity rises: {words}",
        scope.figure(("measures", family, corruption), styles, lambda: curves.measures(table, styles, theme)),
        lambda: named(table, styles),
        "measures",
        help="Means over seeds with 95 % intervals; with a single seed there is none. The Brier score (0 to 2) and the "
        "NLL judge confidence and accuracy together: lower is better.",
    )


def _table(
    scope: Scope, conditions: pd.DataFrame, here: pd.DataFrame, styles: dict[str, Any], corruption: str, level: int
) -> None:
    names = ["clean"] if level == 0 else list(COUNTED) if corruption == MEAN else [corruption]
    rows = conditions[conditions["corruption"].isin(names) & (conditions["severity"] == level)]
    ids = {ticket: key for key, each in scope.ids for ticket in each}
    means = rows.groupby(rows["ticket_id"].map(ids))[["accuracy", "mean_confidence"]].mean()
    wide = here.pivot(index="key", columns="measure", values=["value", "low", "high"])
    keys = [key for key in styles if key in wide.index]
    table = pd.DataFrame({"ticket": [styles[key].label for key in keys]})
    table["accuracy"] = 100 * means["accuracy"].reindex(keys).to_numpy()
    table["confidence"] = 100 * means["mean_confidence"].reindex(keys).to_numpy()
    for measure in MEASURES:
        scale = 100 if measure == "ece" else 1
        for part in ("value", "low", "high"):
            column = measure if part == "value" else f"{measure}_{part}"
            table[column] = scale * wide[part, measure].reindex(keys).to_numpy()
    number = st.column_config.NumberColumn
    hidden = {f"{measure}_{part}": None for measure in MEASURES for part in ("low", "high")}
    layout.table_card(
        f"Calibration: {_under(corruption, level)}",
        table,
        "calibration-table",
        columns={
            "ticket": st.column_config.TextColumn("Ticket"),
            "accuracy": number("Accuracy (%)", format="%.1f"),
            "confidence": number("Mean confidence (%)", format="%.1f"),
            "ece": number("ECE (points)", format="%.1f", help="Mean distance of confidence and accuracy."),
            "brier": number("Brier", format="%.3f", help="0 is best, 2 the worst."),
            "nll": number("NLL (nats)", format="%.3f", help="0 is best."),
            **hidden,
        },
        paper={"intervals": {measure: (f"{measure}_low", f"{measure}_high") for measure in MEASURES}},
    )


SECTION = Section(
    "robustness",
    "calibration",
    "Calibration",
    30,
    show,
    "Does a ticket know when it does not know?",
)
