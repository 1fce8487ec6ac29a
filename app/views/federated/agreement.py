"""Agreement: how far clients' signs agree, layer by layer, over the rounds."""

from __future__ import annotations

import streamlit as st

from analysis.comparisons import federated
from analysis.statistics.replication import bands
from app.shell import layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.federated import facts, words
from app.views.federated.charts import agreement as charts


def show(selection: Selection) -> None:
    """Draw the section."""
    view = facts.view(selection)
    rows = federated.agreement(view.found)
    if rows.empty:
        layout.empty("Nothing was noted of clients' signs.", "Every client was lost in every round.")
        return
    means = bands(rows, ["key", "layer", "round"], "agreement", (0, 1))
    chance = rows.groupby(["key", "layer", "round"], sort=False)["by_chance"].mean()
    means = means.join(chance, on=["key", "layer", "round"])
    key = view.pick()
    own = means[means["key"] == key]
    if len(own):
        st.markdown(words.agree(view.labels[key], own[own["round"] == own["round"].max()]))
    drawn = list(dict.fromkeys(own["layer"] if len(own) else means["layer"]))[: charts.MOST]
    more = means["layer"].nunique() - len(drawn)
    layout.card(
        "How far clients agree on signs",
        charts.agreement(means[means["layer"].isin(drawn)], view.styles, selection.theme),
        lambda: view.named(means),
        "federated-agreement",
        help="|sum of signs, weighted by images| / images, mean over the weights kept: 100 % where all clients send "
        "the same sign, 0 where halves stand against each other. FedAvg's are the signs of its weights; FedPM votes on "
        "masks. Dotted: what clients that throw coins would agree to.",
        caption=f"Means over seeds; {view.interval_words()}"
        + (f" {more} more layers are in the table." if more else ""),
        config=layout.QUIET,
        meanings=facts.COLUMNS | charts.MEANING,
    )


SECTION = Section(
    "federated", "agreement", "Agreement", 30, show, "Do clients want the same signs, and in which layers?"
)
