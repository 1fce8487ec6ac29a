"""How many of its neighbours each image keeps: a distribution a ticket, in columns."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme
from app.views.geometry.charts.columns import Tickets, columns, title_across

BINS = 20


@drawn
def distribution(table: pd.DataFrame, tickets: Tickets, theme: Theme, chance: float) -> go.Figure:
    """Histograms of the Jaccard index, with the mean and the level by chance.

    Args:
        table: ticket_id, shared (0 to 1); those that are NaN are not drawn.
        tickets: id -> style, in the order shown.
        theme: light or dark colours.
        chance: the index of neighbourhoods drawn at random.
    """
    values = {ticket: table.loc[table["ticket_id"] == ticket, "shared"].dropna().to_numpy(float) for ticket in tickets}
    notes = {ticket: f"mean {own.mean():.2f}" if len(own) else "no neighbours" for ticket, own in values.items()}
    figure = columns(tickets, theme, height=230, notes=notes)
    edges = np.linspace(0, 1, BINS + 1)
    top = 0.0
    for column, (ticket, style) in enumerate(tickets.items(), 1):
        own = values[ticket]
        share = 100 * np.histogram(own, edges)[0] / max(len(own), 1)
        top = max(top, float(share.max()))
        figure.add_trace(
            go.Bar(
                x=(edges[:-1] + edges[1:]) / 2,
                y=share,
                width=0.9 / BINS,
                marker={"color": fade(style.color, 0.55), "line": {"color": style.color, "width": 1}},
                hovertemplate="%{y:.1f} % of the images keep %{x:.3f} ± 0.025<extra></extra>",
            ),
            1,
            column,
        )
        if len(own):
            figure.add_vline(own.mean(), line={"color": style.color, "width": 2}, row=1, col=column)
        figure.add_vline(chance, line={"color": theme.muted, "width": 1.5, "dash": "dot"}, row=1, col=column)
    figure.update_xaxes(range=(0, 1))
    title_across(figure, "neighbours kept (Jaccard index)", theme)
    figure.update_yaxes(range=(0, 1.08 * (top or 1)), showticklabels=False)
    figure.update_yaxes(title_text="images (%)", showticklabels=True, col=1)
    return figure
