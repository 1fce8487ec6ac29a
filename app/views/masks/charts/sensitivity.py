"""What layers cost when they are pruned alone: at one sparsity, over all of them, and what a suggestion removes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from analysis.statistics.verdicts import DIFFERS
from app.charts.base import figure, percent_axis
from app.charts.error_bars import error_bars
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme

MOST = 26  # characters of a name on an axis


def brief(name: str) -> str:
    """A group's name, short: the first of coupled layers and how many there are more."""
    first, *more = name.split(" + ")
    text = first if len(first) <= MOST else "…" + first[-MOST:]
    return f"{text} + {len(more)} more" if more else text


@drawn
def costs(rows: pd.DataFrame, theme: Theme) -> go.Figure:
    """Draw each group's cost with its interval, in the order of the network from top to bottom.

    Args:
        rows: of `comparisons.sensitivity.costs`.
        theme: light or dark colours.
    """
    chart = figure(theme, max(260, 70 + 34 * len(rows)), showlegend=False)
    told = (rows["verdict"] == DIFFERS).to_numpy()
    low, high, middle = (100 * rows[name].to_numpy(float) for name in ("low", "high", "difference"))
    chart.add_scatter(
        x=middle, y=[brief(each) for each in rows["layers"]], mode="markers",
        error_x=error_bars(middle, low, high, fade(theme.ink, 0.55)),
        marker={"size": 11, "color": [theme.ink if each else theme.surface for each in told],
                "line": {"width": 2, "color": theme.ink}},
        customdata=[[row.layers, f"{100 * row.difference:.1f} points {bracket(row.low, row.high).strip()}", row.verdict]
                    for row in rows.itertuples()],
        hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{customdata[2]}<extra></extra>",
    )  # fmt: skip
    span = [min(float(low.min()), 0.0), max(float(high.max()), 1.0)] if len(rows) else [0.0, 1.0]
    air = 0.04 * (span[1] - span[0])
    chart.add_vline(x=0, line={"color": theme.muted, "width": 1})
    chart.update_xaxes(title={"text": "Points of accuracy lost"}, range=[span[0] - air, span[1] + air])
    chart.update_yaxes(autorange="reversed", type="category")
    return chart


@drawn
def curves(
    rows: pd.DataFrame, conditions: Sequence[str], layers: Sequence[str], level: float, theme: Theme
) -> go.Figure:
    """Draw a panel a condition, a line a group, the chosen sparsity marked.

    Args:
        rows: of `comparisons.sensitivity.curves`, with the condition's name in `condition`.
        conditions: in order.
        layers: in the order of the network, which the colours follow.
        level: the chosen sparsity.
        theme: light or dark colours.
    """
    wide = 2 if len(conditions) > 1 else 1
    chart = make_subplots(-(-len(conditions) // wide), wide, shared_yaxes=True, shared_xaxes=True,
                          subplot_titles=list(conditions), horizontal_spacing=0.04, vertical_spacing=0.11)  # fmt: skip
    legend = {"orientation": "v", "x": 1.01, "xanchor": "left", "y": 1, "yanchor": "top"}
    chart.update_layout(template=theme.template, height=430, legend=legend, margin={"t": 34})
    shades = np.linspace(1.0, 0.52, len(layers))  # the faintest is still seen on the page
    inks = dict(zip(layers, sample_colorscale([list(step) for step in theme.sequential], shades), strict=True))
    dashes, symbols = ("solid", "dash", "dot", "dashdot"), ("circle", "square", "diamond", "cross", "x")
    for place, condition in enumerate(conditions):
        own = rows[rows["condition"] == condition]
        for number, name in enumerate(layers):
            line = own[own["layers"] == name]
            chart.add_scatter(
                x=100 * (1 - line["removed"]), y=100 * line["difference"], mode="lines+markers", name=brief(name),
                line={"color": inks[name], "width": 2.2, "dash": dashes[number % 4]},
                marker={"size": 6, "symbol": symbols[number % 5]},
                legendgroup=name, showlegend=place == 0,
                hovertemplate=f"<b>{brief(name)}</b><br>%{{x:.3g}} % kept: %{{y:.1f}} points<extra></extra>",
                row=place // wide + 1, col=place % wide + 1,
            )  # fmt: skip
        chart.add_vline(x=100 * (1 - level), line={"color": fade(theme.muted, 0.6), "width": 1, "dash": "dot"},
                        row=place // wide + 1, col=place % wide + 1)  # fmt: skip
    for number in range(1, wide + 1):
        chart.update_xaxes(title_text="Kept of the layer (log scale)", row=-(-len(conditions) // wide), col=number)
    kept = percent_axis("", [100, 50, 20, 10, 5, 2])
    chart.update_xaxes(type="log", range=[2.04, 0.2], tickvals=kept["tickvals"], ticktext=kept["ticktext"])
    least, most = (100 * float(each) for each in (rows["difference"].min(), rows["difference"].max()))
    air = 0.05 * (most - least) + 0.5
    chart.update_yaxes(range=[min(least, 0) - air, most + air])
    chart.update_yaxes(title={"text": "Points lost"}, col=1)
    return chart


@drawn
def shares(rows: pd.DataFrame, theme: Theme) -> go.Figure:
    """Draw what the suggestion removes of each layer, in the order of the network from top to bottom.

    Args:
        rows: layers, share.
        theme: light or dark colours.
    """
    chart = figure(theme, max(220, 70 + 26 * len(rows)), showlegend=False)
    chart.add_bar(
        x=100 * rows["share"], y=[brief(each) for each in rows["layers"]], orientation="h",
        marker={"color": theme.sequential[3][1]}, text=[f"{100 * each:.1f} %" for each in rows["share"]],
        textposition="outside", cliponaxis=False, hoverinfo="skip",
    )  # fmt: skip
    chart.update_xaxes(**percent_axis("Removed", [0, 25, 50, 75, 100]), range=[0, 112])
    chart.update_yaxes(autorange="reversed", type="category")
    return chart
