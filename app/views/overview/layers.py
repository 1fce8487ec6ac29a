"""What each chosen ticket keeps of each layer, for studies whose tickets no images were shown."""

from __future__ import annotations

import streamlit as st

from analysis.comparisons.kept_layers import kept_layers
from app.shell import families, layout, theme
from app.shell.selection import Selection
from app.views.overview.charts import layers as charts

TITLE = "Weights kept by layer"


def card(selection: Selection) -> None:
    """Draw the card."""
    keys = [ticket.key for ticket in selection.tickets if ticket.method != theme.DENSE]
    rows = kept_layers(families.entries_of(selection.study, keys))
    if rows.empty:
        with st.container(border=True):
            st.markdown(f"**{TITLE}**")
            layout.empty("No pruned ticket is chosen.", "Click a dot under Tickets in the sidebar.")
        return
    styles = families.styles(selection, [key for key in keys if key in set(rows["key"])])
    layout.card(
        TITLE,
        charts.by_layer(rows, styles, selection.theme),
        rows.assign(ticket=rows["key"].map({key: style.label for key, style in styles.items()})).drop(columns="key"),
        "kept",
        config=layout.QUIET,
        help="The share of each layer's prunable weights that a ticket keeps, the first layer at the top. A cross at "
        "the left: nothing of the layer is kept.",
        caption="Means over seeds." if rows["seeds"].max() > 1 else "One seed.",
        meanings={"share": "share of the layer's prunable weights that is kept [fraction]"},
    )
