"""Curves over severity, a line a ticket, with 95 % intervals.

Tickets are named by the column `key`; `tickets` maps key -> style, in the order shown. Fractions come in and per cent
are shown.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.corruptions import SEVERITIES
from app.charts.base import interval
from app.shell.colour import fade
from app.shell.theme import Style, Theme

BANDS = 4  # tickets whose intervals may be bands
DODGE = 0.5  # of the step between severities, for the bars of many tickets
MEASURES = {
    "ece": (100.0, "calibration error (points)"),
    "brier": (1.0, "Brier score"),
    "nll": (1.0, "negative log-likelihood (nats)"),
}


def curves(
    points: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme, value: str = "accuracy", title: str = ""
) -> go.Figure:
    """A value over severity, 0 being the clean images.

    `points`: key, severity, the column `value`, low, high (NaN: no interval), all fractions but severity.
    """
    figure = go.Figure()
    figure.update_layout(template=theme.template, height=420, margin={"l": 8, "r": 8, "t": 40, "b": 8})
    figure.add_traces(_lines(points, tickets, value))
    _severities(figure, points)
    figure.update_yaxes(title_text=title or f"{value} (%)")
    return figure


def measures(points: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Calibration error, Brier score and NLL over severity, side by side.

    `points`: key, severity, measure (of `MEASURES`), value, low, high (NaN: no interval).
    """
    figure = make_subplots(rows=1, cols=len(MEASURES), horizontal_spacing=0.075)
    figure.update_layout(template=theme.template, height=380, margin={"l": 8, "r": 8, "t": 40, "b": 8})
    for column, (measure, (scale, title)) in enumerate(MEASURES.items(), 1):
        own = points[points["measure"] == measure].copy()
        own[["value", "low", "high"]] *= scale / 100
        for trace in _lines(own, tickets, "value", form="{:.1f}" if scale > 1 else "{:.3f}"):
            trace.showlegend = column == 1 and trace.mode == "lines+markers"
            figure.add_trace(trace, 1, column)
        figure.update_yaxes(title_text=title, rangemode="tozero", row=1, col=column)
    _severities(figure, points)
    return figure


def _severities(figure: go.Figure, points: pd.DataFrame) -> None:
    """The axes of severities, with the clean images where there are any."""
    clean = bool((points["severity"] == 0).any())
    figure.update_xaxes(
        title_text="severity",
        tickvals=[0, *SEVERITIES] if clean else list(SEVERITIES),
        ticktext=["clean", *map(str, SEVERITIES)] if clean else list(map(str, SEVERITIES)),
        range=[-0.35 if clean else 0.65, 5.35],
        showgrid=False,
    )


def _lines(points: pd.DataFrame, tickets: Mapping[str, Style], value: str, form: str = "{:.1f} %") -> list[go.Scatter]:
    shown = [key for key in tickets if (points["key"] == key).any()]
    traces = []
    for place, key in enumerate(shown):
        rows = points[points["key"] == key].sort_values("severity")
        if len(shown) <= BANDS:
            traces += [*_band(rows, tickets[key].color, key), _curve(rows, tickets[key], key, value, form)]
        else:  # bands of many tickets would cover each other: bars, side by side
            aside = DODGE * (place - (len(shown) - 1) / 2) / len(shown)
            traces.append(_curve(rows, tickets[key], key, value, form, aside))
    return traces


def _band(rows: pd.DataFrame, colour: str, key: str) -> list[go.Scatter]:
    common = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "legendgroup": key}
    x = rows["severity"]
    return [
        go.Scatter(x=x, y=100 * rows["high"], **common),
        go.Scatter(x=x, y=100 * rows["low"], fill="tonexty", fillcolor=fade(colour, 0.14), **common),
    ]


def _curve(rows: pd.DataFrame, style: Style, key: str, value: str, form: str, aside: float | None = None) -> go.Scatter:
    """The line of a ticket; moved `aside` it has bars for its intervals."""
    bars = None
    if aside is not None:
        bars = {
            "type": "data",
            "symmetric": False,
            "array": 100 * (rows["high"] - rows[value]),
            "arrayminus": 100 * (rows[value] - rows["low"]),
            "color": fade(style.color, 0.55),
            "thickness": 1.4,
            "width": 0,
        }
    return go.Scatter(
        x=rows["severity"] + (aside or 0.0),
        y=100 * rows[value],
        error_y=bars,
        mode="lines+markers",
        name=style.label,
        legendgroup=key,
        line={"color": style.color, "width": 1.8, "dash": style.dash},
        marker={"color": style.color, "symbol": style.symbol, "size": 8},
        customdata=[
            [int(row["severity"]), interval(row, value, form.removesuffix(" %"), " %" if form.endswith(" %") else "")]
            for _, row in rows.iterrows()
        ],
        hovertemplate=f"<b>{style.label}</b><br>severity %{{customdata[0]}}: %{{customdata[1]}}<extra></extra>",
    )
