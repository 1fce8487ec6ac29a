"""Clients' mixtures of classes as a heat map, and their own networks against the server's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import color_bar, figure, inks
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

WRITTEN = 400
"""Cells that numbers are written in, at most."""
ROW, MOST = 32, 900


@drawn
def mixtures(counts: np.ndarray, classes: Sequence[str], theme: Theme) -> go.Figure:
    """Draw a row a client, a column a class, coloured by the share of the client's images.

    Args:
        counts: images, [clients, classes].
        classes: names.
        theme: light or dark colours.
    """
    shares = 100 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [f"client {place + 1}" for place in range(len(counts))]
    chart = figure(theme, min(110 + ROW * len(counts), MOST), dragmode=False)
    chart.add_heatmap(
        z=shares, x=np.arange(len(classes)), y=names, xgap=2, ygap=2, coloraxis="coloraxis",
        customdata=np.dstack([counts, np.broadcast_to(np.array(classes, dtype=object), counts.shape)]),
        hovertemplate="<b>%{y}</b>, %{customdata[1]}<br>%{customdata[0]} images, %{z:.0f} % of its own<extra></extra>",
    )  # fmt: skip
    if counts.size <= WRITTEN:
        colours = iter(inks(shares.ravel(), (theme.sequential, 0.0, 100.0)))
        for place, own in enumerate(counts):
            for column, count in enumerate(own):
                colour = next(colours)
                if count:
                    chart.add_annotation(x=column, y=names[place], text=f"{count}", showarrow=False,
                                         font={"size": 12.5, "color": colour})  # fmt: skip
    chart.update_layout(
        coloraxis={"colorscale": theme.sequential, "cmin": 0, "cmax": 100, **color_bar("of the client's images (%)")}
    )
    few = len(classes) <= 30
    chart.update_xaxes(
        title_text="Class", showgrid=False, side="top",
        tickvals=list(range(len(classes))) if few else None, ticktext=list(classes) if few else None,
    )  # fmt: skip
    chart.update_yaxes(autorange="reversed", showgrid=False, tickfont={"color": theme.ink})
    return chart


@drawn
def personal(rows: pd.DataFrame, style: Style, theme: Theme) -> go.Figure:
    """Draw a dot a client, its own network against the server's, with a line down to its chance.

    Args:
        rows: of `comparisons.federated.clients`, of one ticket.
        style: of the ticket.
        theme: light or dark colours.
    """
    chart = figure(theme, 470, legend={"orientation": "h", "y": 1.1})
    rows = rows.dropna(subset=["personal", "global_personal"])
    across, up, chance = (100 * rows[name].to_numpy() for name in ("global_personal", "personal", "chance"))
    chart.add_scatter(x=[0, 100], y=[0, 100], mode="lines", name="as good as the server's", hoverinfo="skip",
                      line={"color": theme.muted, "width": 1.5, "dash": "dot"})  # fmt: skip
    stalks = np.column_stack([chance, up, np.full(len(up), np.nan)]).ravel()
    chart.add_scatter(x=np.repeat(across, 3), y=stalks, mode="lines", hoverinfo="skip", showlegend=False,
                      line={"color": fade(style.color, 0.35), "width": 1.5})  # fmt: skip
    chart.add_scatter(
        x=across, y=chance, mode="markers", name="always naming its most frequent class", hoverinfo="skip",
        marker={"symbol": "line-ew", "size": 12, "line": {"width": 2, "color": theme.muted}},
    )  # fmt: skip
    chart.add_scatter(
        x=across, y=up, mode="markers", name="client's own network",
        marker={"color": style.color, "size": 10, "symbol": style.symbol, "line": {"width": 1, "color": theme.surface}},
        customdata=np.column_stack([rows["client"] + 1, rows["seed"], chance, rows["images"]]),
        hovertemplate="<b>Client %{customdata[0]}</b>, seed %{customdata[1]}, %{customdata[3]} images<br>own network "
        "%{y:.1f} %, the server's %{x:.1f} %, chance %{customdata[2]:.1f} %<extra></extra>",
    )  # fmt: skip
    chart.update_xaxes(
        title_text="Server's network on the client's classes",
        ticksuffix=" %",
        range=[max(float(across.min(initial=100)) - 6, -3), 103],
    )
    chart.update_yaxes(title_text="Client's own network", ticksuffix=" %", range=[-3, 104])
    return chart
