"""A small chart of a start page's answer: a line a ticket or a pair, with the interval that decides, around nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from app.charts.base import figure, title_to_the_end
from app.charts.error_bars import error_bars
from app.charts.texts import bracket, signed
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme

ROW, LEAST, MOST = 23, 3, 6
"""Pixels a line, lines that there is room for at least, and lines at most."""


class Line(NamedTuple):
    """A value with its interval; `shown`: whether it is shown to be other than nothing."""

    label: str
    value: float
    low: float
    high: float
    shown: bool
    color: str


@drawn
def lines(rows: Sequence[Line], title: str, unit: str, theme: Theme) -> go.Figure:
    """Draw the first lines from the top; full marks are shown to be other than 0, rings are not.

    Args:
        rows: in their order.
        title: of the axis.
        unit: behind a number.
        theme: colours of the page, light or dark.
    """
    rows = rows[:MOST]
    height = 70 + ROW * max(len(rows), LEAST)
    chart = figure(theme, height, dragmode=False, showlegend=False, margin={"t": 8, "b": 44, "l": 4, "r": 8})
    chart.add_vline(x=0, line={"color": theme.muted, "width": 1.2}, layer="below")
    for place, row in enumerate(rows):
        symbol = "circle" if row.shown else "circle-open"
        bars = error_bars(np.array([row.value]), np.array([row.low]), np.array([row.high]), fade(row.color, 0.6), 2)
        said = bracket(row.low, row.high, factor=1)
        chart.add_scatter(
            x=[row.value], y=[place], mode="markers", error_x=bars,
            marker={"color": row.color, "symbol": symbol, "size": 9, "line": {"width": 2, "color": row.color}},
            hovertemplate=f"<b>{row.label}</b><br>{signed(row.value)}{unit}{said}<extra></extra>",
        )  # fmt: skip
    chart.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[row.label for row in rows], showgrid=False, automargin=True,
        range=[max(len(rows), LEAST) - 0.5, -0.5], tickfont={"color": theme.ink, "size": 12},
    )  # fmt: skip
    chart.update_xaxes(zeroline=False, nticks=5)
    title_to_the_end(chart, title, theme)
    return chart
