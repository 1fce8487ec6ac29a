"""A histogram to brush over: all values behind, those selected before them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure
from app.shell.drawn import drawn
from app.shell.theme import Theme

FAINT = 0.42
"""Opacity of the bars of all values."""


@drawn
def histogram(
    bars: pd.DataFrame, axis: str, counted: str, theme: Theme, factor: float = 1, unit: str = ""
) -> go.Figure:
    """Draw it.

    Args:
        bars: rows of `analysis.statistics.histograms.histogram`.
        axis: what the values are.
        counted: what is counted, in the plural.
        theme: the colours.
        factor: what values are multiplied by before they are shown.
        unit: what follows them.
    """
    low, high = factor * bars["low"], factor * bars["high"]
    marked = bool(bars["chosen"].any())
    chart = figure(theme, 230, barmode="overlay", bargap=0.06, showlegend=False)
    chart.update_layout(margin={"t": 14, "b": 44, "l": 56, "r": 12}, dragmode="select", selectdirection="h")
    for name, color, opacity, said in (("all", theme.muted, FAINT, ""), ("chosen", theme.accent, 1, " selected")):
        if name == "chosen" and not marked:
            continue
        chart.add_bar(
            x=(low + high) / 2,
            y=bars[name],
            width=(high - low) * 0.94,
            marker={"color": color, "opacity": opacity, "line": {"width": 0}},
            customdata=np.column_stack([low, high]),
            text=[f"{a:.4g} to {b:.4g}{unit}" for a, b in zip(low, high, strict=True)],
            textposition="none",
            hovertemplate=f"%{{text}}: <b>%{{y:,}}</b> {counted}{said}<extra></extra>",
            selected={"marker": {"opacity": opacity}},
            unselected={"marker": {"opacity": opacity}},
        )
    chart.update_xaxes(title={"text": axis}, ticksuffix=unit)
    chart.update_yaxes(title={"text": counted.capitalize()}, fixedrange=True, rangemode="tozero")
    return chart
