"""Curves over severity, a line a ticket, with 95 % intervals.

Tickets are named by the column `key`; `tickets` maps key -> style, in the order shown. Fractions come in and per cent
are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.corruptions import SEVERITIES
from app.charts.base import interval
from app.charts.direct import label_ends
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.robustness.charts.lines import ticket_lines

MEASURES = {
    "ece": (100.0, "calibration error (points)"),
    "brier": (1.0, "Brier score"),
    "nll": (1.0, "negative log-likelihood (nats)"),
}


@drawn
def curves(
    points: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme, value: str = "accuracy", title: str = ""
) -> go.Figure:
    """A value over severity, 0 being the clean images.

    `points`: key, severity, the column `value`, low, high (NaN: no interval), all fractions but severity.
    """
    figure = go.Figure()
    figure.update_layout(template=theme.template, height=420, margin={"l": 8, "r": 8, "t": 40, "b": 8})
    figure.add_traces(ticket_lines(points, tickets, "severity", value, _hovers(value)))
    _severities(figure, points)
    figure.update_yaxes(title_text=title or f"{value} (%)")
    label_ends(figure, theme)
    return figure


@drawn
def measures(points: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Calibration error, Brier score and NLL over severity, side by side.

    `points`: key, severity, measure (of `MEASURES`), value, low, high (NaN: no interval).
    """
    # titles over the panels: beside them they would lie over the panel to the left where the page is narrow
    titles = [title for _, title in MEASURES.values()]
    figure = make_subplots(rows=1, cols=len(MEASURES), horizontal_spacing=0.075, subplot_titles=titles)
    figure.update_annotations(font={"size": 13, "color": theme.muted})
    figure.update_layout(template=theme.template, height=400, margin={"l": 8, "r": 8, "t": 64, "b": 8}, legend_y=1.09)
    for column, (measure, (scale, _)) in enumerate(MEASURES.items(), 1):
        own = points[points["measure"] == measure].copy()
        own[["value", "low", "high"]] *= scale / 100
        hovers = _hovers("value", "{:.1f}" if scale > 1 else "{:.3f}", "")
        for trace in ticket_lines(own, tickets, "severity", "value", hovers):
            trace.showlegend = column == 1 and trace.mode == "lines+markers"
            figure.add_trace(trace, 1, column)
        figure.update_yaxes(rangemode="tozero", row=1, col=column)
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


def _hovers(value: str, form: str = "{:.1f}", unit: str = " %") -> Callable[[pd.DataFrame], list[str]]:
    def words(rows: pd.DataFrame) -> list[str]:
        return [f"severity {row['severity']:.0f}: {interval(row, value, form, unit)}" for _, row in rows.iterrows()]

    return words
