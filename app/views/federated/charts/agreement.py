"""Agreement of clients' signs over rounds, a panel a layer."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.federated.charts.ends import at_the_end
from app.views.federated.words import share

ACROSS, MOST = 3, 9
MEANING = {"mean": "agreement of the clients' signs, mean over kept weights and seeds [fraction]"}


@drawn
def agreement(rows: pd.DataFrame, styles: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Draw a line a ticket in each layer's panel, and what clients that throw coins would agree to.

    Args:
        rows: key, layer, round, mean, low, high, by_chance.
        styles: key -> style.
        theme: light or dark colours.
    """
    layers = list(dict.fromkeys(rows["layer"]))
    down = -(-len(layers) // ACROSS)
    wide = min(len(layers), ACROSS)
    chart = make_subplots(down, wide, horizontal_spacing=0.05, vertical_spacing=0.2 / down, shared_yaxes=True)
    chart.update_layout(template=theme.template, height=120 + 290 * down, margin={"t": 84},
                        legend={"y": 1 + 0.2 / down, "yanchor": "bottom"})  # fmt: skip
    for place, layer in enumerate(layers):
        at = {"row": place // wide + 1, "col": place % wide + 1}
        own = rows[rows["layer"] == layer]
        for key, style in styles.items():
            _line(chart, own[own["key"] == key].sort_values("round"), key, style, place == 0, at)
        chance = own.groupby("round")["by_chance"].mean()
        chart.add_scatter(
            x=chance.index, y=100 * chance, mode="lines", name="by chance", legendgroup="chance", showlegend=place == 0,
            line={"color": theme.muted, "width": 1.5, "dash": "dot"},
            hovertemplate="by chance %{y:.1f} %<extra></extra>", **at,
        )  # fmt: skip
        axis = "" if place == 0 else str(place + 1)
        chart.add_annotation(
            text=f"<b>{layer}</b>", x=0, y=1, xref=f"x{axis} domain", yref=f"y{axis} domain", xanchor="left",
            yanchor="bottom", yshift=4, showarrow=False, font={"size": 13.5, "color": theme.ink},
        )  # fmt: skip
    chart.update_yaxes(range=[0, 103], ticksuffix=" %")
    for column in range(1, wide + 1):
        chart.update_xaxes(title_text="Round", row=down, col=column)
    return chart


def _line(chart: go.Figure, own: pd.DataFrame, key: str, style: Style, named: bool, at: Mapping[str, int]) -> None:
    if own.empty:
        return
    chart.add_scatter(
        x=own["round"], y=100 * own["mean"], mode="lines+markers", name=style.label, legendgroup=key, showlegend=named,
        line={"color": style.color, "width": 2, "dash": style.dash},
        marker={"color": style.color, "size": 6, "symbol": style.symbol},
        error_y=at_the_end(own, style.color),
        text=[share(row) for _, row in own.iterrows()],
        hovertemplate=f"<b>{style.label}</b>, round %{{x}}<br>%{{text}}<extra></extra>", **at,
    )  # fmt: skip
