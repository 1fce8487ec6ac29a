"""Reliability diagrams of transferred tickets: a panel a way, before temperature scaling and after."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.charts.error_bars import error_bars
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.transfer.facts import WAYS


@drawn
def reliability(bins: pd.DataFrame, styles: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Draw them.

    Args:
        bins: of `comparisons.calibration.reliability` by key, way and scaled.
        styles: key -> style.
        theme: light or dark colours.
    """
    ways = [way for way in WAYS if way in set(bins["way"])]
    panels = [(way, scaled) for way in ways for scaled in (False, True)]
    chart = make_subplots(1, len(panels), shared_yaxes=True, horizontal_spacing=0.02)
    chart.update_layout(template=theme.template, height=400, margin={"t": 84},
                        legend={"y": 1.0, "yref": "container", "yanchor": "top", "traceorder": "normal"})  # fmt: skip
    for across, (way, scaled) in enumerate(panels, 1):
        chart.add_scatter(x=[0, 100], y=[0, 100], mode="lines", hoverinfo="skip", showlegend=False, row=1, col=across,
                          line={"color": theme.muted, "width": 1.2, "dash": "dot"})  # fmt: skip
        for key, own in bins[(bins["way"] == way) & (bins["scaled"] == scaled)].groupby("key", sort=False):
            style, each = styles[str(key)], 100 * own[["confidence", "accuracy", "low", "high"]]
            chart.add_scatter(
                x=each["confidence"], y=each["accuracy"], mode="lines+markers", name=style.label, row=1, col=across,
                legendgroup=str(key), showlegend=across == 1, customdata=own["n"],
                line={"color": style.color, "width": 1.6},
                marker={"color": style.color, "size": 6, "symbol": style.symbol},
                error_y=error_bars(each["accuracy"], each["low"], each["high"], fade(style.color, 0.3), 1.0),
                hovertemplate=f"<b>{style.label}</b><br>confidence %{{x:.1f}} %: accuracy %{{y:.1f}} %<br>"
                "%{customdata} images<extra></extra>",
            )  # fmt: skip
        axis = "" if across == 1 else str(across)
        chart.add_annotation(
            text=WAYS[way].capitalize() + (", scaled" if scaled else ""), x=0, y=1, xref=f"x{axis} domain",
            yref="paper", xanchor="left", yanchor="bottom", yshift=4, showarrow=False,
            font={"size": 13.5, "color": theme.ink},
        )  # fmt: skip
    chart.update_xaxes(title_text="confidence (%)", range=[-2, 102], tickvals=[0, 25, 50, 75, 100], showgrid=False)
    chart.update_yaxes(range=[-2, 104], tickvals=[0, 25, 50, 75, 100])
    chart.update_yaxes(title_text="accuracy (%)", col=1)
    return chart
