"""Whether the confidence on the target can be trusted: reliability diagrams, before temperature scaling and after."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import calibration, transfer
from app.charts.texts import dot, spread
from app.shell import layout
from app.shell.folds import fold
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.transfer import facts, words
from app.views.transfer.charts import reliability as charts
from app.views.transfer.facts import View

ERRORS = {"ece": "ECE", "scaled_ece": "ECE, scaled"}
OTHERS = {"brier": "Brier", "nll": "NLL"}
MEANINGS = {
    "value": "what is measured: ece and scaled_ece, calibration errors [fraction]; brier, 0 (best) to 2; nll [nats]",
    "mean": "its mean over seeds of the means over draws, in the unit of what is measured",
}
"""Of the table to download."""

MOST = 4
"""Curves of a panel that can be told apart."""


def show(selection: Selection) -> None:
    """Draw the section."""
    view = facts.view(selection)
    found = {value: transfer.curves(view.given, value) for value in (*ERRORS, *OTHERS)}
    rows = view.detail("transfer_reliability", view.chosen[:MOST])
    rows = rows[(rows["shots"] == view.shots) & (rows["way"] != "mapping")]
    own = {value: found[value][found[value]["key"] == view.baseline] for value in ERRORS}
    st.markdown(words.calibrated(own["ece"], own["scaled_ece"], view.styles[view.baseline].label))
    if rows.empty:
        layout.empty("There are no reliability diagrams of these tickets.", "They are kept of the first seed.")
    else:
        _diagrams(view, rows)
    with fold("Every ticket in numbers", expanded=rows.empty) as opened:
        if opened:
            _table(view, found)


def _diagrams(view: View, rows: pd.DataFrame) -> None:
    bins = calibration.reliability(rows, by=("key", "way", "scaled"))
    left_out = len(view.chosen) - MOST
    more = f" {left_out} more tickets are left out." if left_out > 0 else ""
    layout.card(
        "Confidence against accuracy",
        charts.reliability(bins, view.styles, view.selection.theme),
        lambda: view.named(bins),
        "transfer-reliability",
        help="15 bins of equally many test images. Below the diagonal a ticket is too sure, above not sure enough. "
        "Scaled: logits divided by one number, fitted on each half of the test images for the other.",
        caption=f"Seed {view.selection.study.detail_seed}, first draw, given {words.budget(view.shots)}. Bars: 95 % "
        f"intervals over test images (Wilson's).{more}",
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )


def _table(view: View, found: dict[str, pd.DataFrame]) -> None:
    first = found["ece"]
    first = first[first["way"] != "mapping"]
    frame = pd.DataFrame(
        {
            "colour": [dot(view.styles[key].color) for key in first["key"]],
            "ticket": [view.styles[key].label for key in first["key"]],
            "way": first["way"].map(facts.WAYS),
        }
    )
    columns: dict[str, object] = {
        "colour": st.column_config.ImageColumn("", width=40),
        "ticket": st.column_config.TextColumn("Ticket"),
        "way": st.column_config.TextColumn("By"),
    }
    for value, name in (ERRORS | OTHERS).items():
        own = found[value].set_index(["key", "way"]).loc[list(zip(first["key"], first["way"], strict=True))]
        factor, form, unit = (100.0, "%.1f %%", " %") if value in ERRORS else (1.0, "%.3f", "")
        frame[value] = factor * own["value"].to_numpy()
        columns[value] = st.column_config.NumberColumn(name, format=form)
        if value in ERRORS:
            frame[f"{value} interval"] = [spread(row.low, row.high, unit=unit) for row in own.itertuples()]
            columns[f"{value} interval"] = st.column_config.TextColumn("95 % interval")
    layout.table_card(
        f"Calibration on {view.kind}, given {words.budget(view.shots)}",
        frame,
        "transfer-calibration",
        columns=columns,
        caption=f"{words.over(first)}.",
        data=lambda: view.named(pd.concat([rows.rename(columns={"value": "mean"}).assign(value=value)
                                           for value, rows in found.items()])),
        meanings=facts.COLUMNS | MEANINGS,
        height="content",
    )  # fmt: skip


SECTION = Section(
    "transfer",
    "calibration",
    "Calibration",
    30,
    show,
    "Does its confidence on other images say how likely a ticket is right?",
)
