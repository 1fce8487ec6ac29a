"""A line a ticket with its 95 % intervals: bands for few tickets, bars side by side for many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from app.charts.error_bars import error_bars
from app.shell.colour import fade
from app.shell.theme import Style

BANDS = 4  # tickets whose intervals may be bands
DODGE = 0.5  # of a step along x, for the bars of many tickets


def ticket_lines(
    points: pd.DataFrame,
    tickets: Mapping[str, Style],
    x: str,
    value: str,
    hovers: Callable[[pd.DataFrame], Sequence[str]],
) -> list[go.Scatter]:
    """The traces of all tickets with points; a point's `customdata` is what the hover says, the key, and x.

    Args:
        points: key, the columns `x` (steps of 1) and `value`, low, high (fractions, NaN: no interval).
        tickets: key -> style, in the order shown.
        x: the column along the axis.
        value: the column drawn, in per cent.
        hovers: what the hover says of each of a ticket's rows below its name.
    """
    shown = [key for key in tickets if (points["key"] == key).any()]
    traces = []
    for place, key in enumerate(shown):
        rows = points[points["key"] == key].sort_values(x)
        if len(shown) <= BANDS:
            traces += [*_band(rows, tickets[key].color, key, x), _curve(rows, tickets[key], key, x, value, hovers)]
        else:  # bands of many tickets would cover each other
            aside = DODGE * (place - (len(shown) - 1) / 2) / len(shown)
            traces.append(_curve(rows, tickets[key], key, x, value, hovers, aside))
    return traces


def _band(rows: pd.DataFrame, colour: str, key: str, x: str) -> list[go.Scatter]:
    common = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "legendgroup": key}
    return [
        go.Scatter(x=rows[x], y=100 * rows["high"], **common),
        go.Scatter(x=rows[x], y=100 * rows["low"], fill="tonexty", fillcolor=fade(colour, 0.14), **common),
    ]


def _curve(
    rows: pd.DataFrame,
    style: Style,
    key: str,
    x: str,
    value: str,
    hovers: Callable[[pd.DataFrame], Sequence[str]],
    aside: float | None = None,
) -> go.Scatter:
    """The line of a ticket; moved `aside` it has bars for its intervals."""
    bars = None
    if aside is not None:
        middle, low, high = (100 * rows[column] for column in (value, "low", "high"))
        bars = error_bars(middle, low, high, fade(style.color, 0.55), 1.4)
    return go.Scatter(
        x=rows[x] + (aside or 0.0),
        y=100 * rows[value],
        error_y=bars,
        mode="lines+markers",
        name=style.label,
        legendgroup=key,
        line={"color": style.color, "width": 1.8, "dash": style.dash},
        marker={"color": style.color, "symbol": style.symbol, "size": 8},
        customdata=[[text, key, str(step)] for text, step in zip(hovers(rows), rows[x], strict=True)],
        hovertemplate=f"<b>{style.label}</b><br>%{{customdata[0]}}<extra></extra>",
    )
