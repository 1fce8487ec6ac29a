"""Reliability diagrams: accuracy against confidence.

Tickets are named by the column `key`; fractions come in and per cent are shown.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.calibration import STEPS, confidence_histogram
from app.charts.base import heading
from app.charts.error_bars import error_bars
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.robustness.charts.panels import panels

PER_ROW = 5
PANEL, HEADING, FOOT = 190, 48, 46  # pixels


@drawn
def reliability(bins: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme, notes: Mapping[str, str]) -> go.Figure:
    """A diagram a ticket: accuracy over confidence, with the diagonal, intervals, and a histogram of the confidence.

    Args:
        bins: key, bin, n, confidence, accuracy, low, high (95 % interval of the accuracy), of equal mass.
        tickets: key -> style, in the order shown.
        theme: light or dark colours.
        notes: key -> what stands beside the ticket's name.
    """
    figure, places = panels(tickets, theme, PER_ROW, PANEL, (HEADING, FOOT), 0.025, shared_yaxes=True)
    figure.update_layout(margin={"r": 12}, showlegend=False, bargap=0.06)
    for key, style, number, line, column, lowest in places:
        own = bins[bins["key"] == key].sort_values("confidence")
        for trace in (_histogram(own, theme), _diagonal(theme), _curve(own, style)):
            figure.add_trace(trace, line, column)
        heading(figure, number, style, notes.get(key, ""), below=True)
        if lowest:
            figure.update_xaxes(title_text="confidence (%)", row=line, col=column)
        if column == 1:
            figure.update_yaxes(title_text="accuracy (%)", row=line, col=column)
    figure.update_xaxes(range=[-2, 102], tickvals=[0, 25, 50, 75, 100], showgrid=False)
    figure.update_yaxes(range=[-2, 104], tickvals=[0, 25, 50, 75, 100])
    return figure


def _histogram(rows: pd.DataFrame, theme: Theme) -> go.Bar:
    step = 100 / STEPS
    return go.Bar(
        x=(np.arange(STEPS) + 0.5) * step,
        y=100 * confidence_histogram(rows),
        width=0.94 * step,
        marker={"color": fade(theme.muted, 0.26), "line": {"width": 0}},
        hovertemplate="confidence about %{x:.0f} %: %{y:.0f} % of the images<extra></extra>",
        name="histogram",
    )


def _diagonal(theme: Theme) -> go.Scatter:
    return go.Scatter(
        x=[0, 100], y=[0, 100], mode="lines", hoverinfo="skip", name="diagonal",
        line={"color": theme.muted, "width": 1.2, "dash": "dot"},
    )  # fmt: skip


def _curve(rows: pd.DataFrame, style: Style) -> go.Scatter:
    each = 100 * rows[["accuracy", "low", "high", "confidence"]]
    return go.Scatter(
        x=each["confidence"],
        y=each["accuracy"],
        mode="lines+markers",
        name=style.label,
        line={"color": style.color, "width": 1.6},
        marker={"color": style.color, "size": 5.5, "symbol": style.symbol},
        error_y=error_bars(each["accuracy"], each["low"], each["high"], fade(style.color, 0.55), 1.2),
        customdata=[
            [f"{low:.1f} to {high:.1f}", f"{n:,}", key, str(place)]
            for low, high, n, key, place in zip(*(each[end] for end in ("low", "high")), rows["n"], rows["key"],
                                                rows["bin"], strict=True)
        ],
        hovertemplate=f"<b>{style.label}</b><br>confidence %{{x:.1f}} %: accuracy %{{y:.1f}} % "
        "(%{customdata[0]})<br>%{customdata[1]} images<extra></extra>",
    )  # fmt: skip
