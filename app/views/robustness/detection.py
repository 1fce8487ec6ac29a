"""Of the section Calibration: whether tickets notice images of another kind (out-of-distribution detection)."""

from __future__ import annotations

import streamlit as st

from analysis.comparisons.detection import detection
from app import load
from app.shell import layout
from app.shell.theme import Style
from app.views.robustness.charts import detection as charts
from app.views.robustness.compared_tickets import ComparedTickets, named

RATES = {"auroc": "AUROC", "fpr95": "FPR95"}
HELP = (
    "Images of another data set, brought to the network's input size, are to get a lower score than the study's own "
    "test images. MSP: maximum softmax probability (Hendrycks & Gimpel 2017); energy: logsumexp of the logits (Liu et "
    "al. 2020). AUROC: the chance that an own image has the higher score, 50 % by chance. FPR95: foreign images that "
    "pass where 95 % of the own do. Foreign images that look like the own ones cannot be told apart by any score."
)


def show(compared: ComparedTickets, styles: dict[str, Style]) -> None:
    """Draw the card; nothing is drawn of a study that names no other data sets."""
    tickets = {key: ids for key, ids in compared.ids if key in styles}
    ids = tuple(ticket for each in tickets.values() for ticket in each)
    rows = load.table(compared.selection.study, "ood", ids=ids)
    if rows.empty:
        return
    selection, table = compared.selection, compared.computed(("ood", tuple(tickets)), lambda: detection(rows, tickets))
    kinds = list(dict.fromkeys(table["kind"]))
    kind, rate = selection.option("ood", kinds[0], kinds), selection.option("ood-rate", "auroc", list(RATES))
    own = table[table["kind"] == kind]
    there = {key: styles[key] for key in tickets if key in set(own["key"])}
    over = "seeds" if own["seeds"].min() > 1 else "images (of one seed they speak of this network alone)"

    def pick() -> None:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            if len(kinds) > 1:
                selection.pick("ood", "Foreign images", {name: name for name in kinds}, kind="select", width=200)
            selection.pick("ood-rate", "Rate", RATES, width="content")

    layout.card(
        f"Out-of-distribution detection: {kind}",
        compared.figure(("ood", kind, rate), there, lambda: charts.rates(own, rate, there, selection.theme)),
        lambda: named(table, styles),
        "ood",
        percent=True,
        help=HELP,
        controls=pick,
        caption=f"{own['n'].iloc[0]:,} own and {own['foreign'].iloc[0]:,} foreign test images. Bars: 95 % intervals "
        f"over {over}.",
    )
