"""Who is best under corruption, and who is better than its clean accuracy lets expect.

Tickets are named by the column `key`; `tickets` maps key -> style. Fractions come in and per cent are shown.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from scipy.special import expit, logit

from analysis.comparisons.effective import ON_LINE, Line
from analysis.statistics.verdicts import CANNOT_TELL
from app.charts.base import NOISE
from app.charts.error_bars import error_bars
from app.charts.texts import bracket, minus
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.shell.verdicts import words

ROW = 34  # pixels a ticket
TICKS = (0.5, 1, 2, 5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 92, 94, 95, 96, 97, 98, 99, 99.5, 99.8)
FEWEST_APART = 0.075  # of the axis' length, between two of its ticks


@drawn
def ranking(ranked: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme, within: float) -> go.Figure:
    """Mean corruption accuracy with 95 % intervals, best on top; tickets not told from the best of a band share it.

    `ranked`: rows of `comparisons.ranking`, of which equivalent is within the fraction `within`.
    """
    figure = go.Figure()
    count = len(ranked)
    figure.update_layout(
        template=theme.template,
        height=70 + ROW * max(count, 1),
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        showlegend=False,
    )
    for _, tied in ranked.reset_index(drop=True).groupby("group", sort=False):
        if len(tied) > 1:
            top, bottom = tied.index.min() - 0.42, tied.index.max() + 0.42
            figure.add_shape(
                type="rect", xref="paper", x0=0, x1=1, y0=top, y1=bottom, layer="below",
                line={"width": 0}, fillcolor=fade(theme.muted, 0.13),
            )  # fmt: skip
    for place, (_, row) in enumerate(ranked.iterrows()):
        values = 100 * np.array([row.accuracy, row.low, row.high])
        note = f"<br>{words(row, within)}<br>against {tickets[str(row.leader)].label}" if row.verdict else ""
        figure.add_trace(_dot(place, values, tickets[str(row.key)], "{:.1f} %", note))
    _rows(figure, [tickets[str(key)] for key in ranked["key"]], theme)
    figure.update_xaxes(title_text="mean corruption accuracy (%)")
    return figure


@drawn
def residuals(line: Line, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """How far each ticket lies above (+) or below the line of expected robustness, the most robust on top.

    A ring marks those that are not shown to be off it, = those that are shown to be on it.
    """
    rows = line.table[line.table["key"].isin(list(tickets))].sort_values("effective", ascending=False)
    figure = go.Figure()
    figure.update_layout(
        template=theme.template, height=max(380, 70 + ROW * len(rows)), margin={"l": 8, "r": 16, "t": 8, "b": 8},
        showlegend=False,
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": theme.muted, "width": 1.2})
    for place, row in enumerate(rows.itertuples()):
        values = 100 * np.array([row.effective, row.low, row.high])
        figure.add_trace(_dot(place, values, tickets[str(row.key)], "{:+.1f}", f"<br>{row.verdict}"))
    _rows(figure, [tickets[str(key)] for key in rows["key"]], theme)
    marks = [{CANNOT_TELL: NOISE, ON_LINE: "="}.get(verdict, "") for verdict in rows["verdict"]]
    figure.update_yaxes(
        ticktext=[f"{tickets[str(key)].label} {mark}".rstrip() for key, mark in zip(rows["key"], marks, strict=True)]
    )
    figure.update_xaxes(title_text="effective robustness (points)", tickformat=".3~g")
    return figure


@drawn
def effective(line: Line, tickets: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Corrupted over clean accuracy on logit axes, and the study's line; tickets not chosen are small and grey."""
    table = line.table
    shown = int(table["key"].isin(list(tickets)).sum())
    figure = go.Figure()
    figure.update_layout(
        template=theme.template,
        height=max(380, 70 + ROW * shown),
        margin={"l": 8, "r": 16, "t": 8, "b": 8},
        showlegend=False,
    )
    ends = np.clip([table["clean"].min(), table["clean"].max()], 0.003, 0.997)
    left, right = logit(ends) + np.array([-0.25, 0.25])
    path = expit(np.linspace(float(left), float(right), 40))
    figure.add_trace(
        go.Scatter(
            x=logit(path), y=logit(np.clip(line.expected(path), 1e-4, 1 - 1e-4)), mode="lines", hoverinfo="skip",
            line={"color": theme.muted, "width": 1.6, "dash": "dash"}, name="line",
        )
    )  # fmt: skip
    others = table[~table["key"].isin(list(tickets))]
    if len(others):
        grey = {"color": theme.muted, "size": 6, "opacity": 0.45}
        figure.add_trace(_points(others, "not chosen", grey))
    for key, style in tickets.items():
        own = table[table["key"] == key]
        if len(own):
            marker = {"color": style.color, "symbol": style.symbol, "size": 12}
            figure.add_trace(_points(own, f"<b>{style.label}</b>", marker))
    for axis, column, title in (
        (figure.update_xaxes, "clean", "clean accuracy (%)"),
        (figure.update_yaxes, "corrupted", "corrupted accuracy (%)"),
    ):
        values, ticks = _logit_ticks(table[column].to_numpy())
        axis(tickvals=values, ticktext=ticks, title_text=title)
    return figure


def _points(rows: pd.DataFrame, name: str, marker: dict[str, object]) -> go.Scatter:
    return go.Scatter(
        x=logit(rows["clean"].clip(1e-4, 1 - 1e-4)),
        y=logit(rows["corrupted"].clip(1e-4, 1 - 1e-4)),
        mode="markers",
        marker=marker,
        name=name,
        customdata=100 * rows[["clean", "corrupted", "expected"]].to_numpy(),
        hovertemplate=f"{name}<br>clean %{{customdata[0]:.1f}} %, corrupted %{{customdata[1]:.1f}} %"
        "<br>expected %{customdata[2]:.1f} %<extra></extra>",
    )


def _logit_ticks(values: np.ndarray) -> tuple[list[float], list[str]]:
    """Round percentages for a logit axis, none too near another."""
    low, high = logit(np.clip([values.min(), values.max()], 1e-4, 1 - 1e-4)) if len(values) else (0.0, 1.0)
    margin = 0.06 * max(high - low, 0.5)
    apart = FEWEST_APART * (high - low + 2 * margin)
    places: list[float] = []
    texts = []
    for tick in TICKS:
        place = float(logit(tick / 100))
        if low - margin <= place <= high + margin and all(abs(place - other) >= apart for other in places):
            places.append(place)
            texts.append(f"{tick:g}")
    return places, texts


def _dot(place: int, values: np.ndarray, style: Style, form: str, note: str = "") -> go.Scatter:
    """A ticket's mark on its line with its interval: `values` are middle, low, high, as shown."""
    middle, low, high = (float(value) for value in values)
    shown = minus(form.format(middle)) + bracket(low, high, factor=1)
    return go.Scatter(
        x=[middle],
        y=[place],
        mode="markers",
        name=style.label,
        marker={"color": style.color, "symbol": style.symbol, "size": 11},
        error_x=error_bars(middle, low, high, style.color, 2),
        hovertemplate=f"<b>{style.label}</b><br>{shown}{note}<extra></extra>",
    )  # fmt: skip


def _rows(figure: go.Figure, styles: list[Style], theme: Theme) -> None:
    """A line a ticket, from the top."""
    count = len(styles)
    figure.update_yaxes(
        tickvals=list(range(count)), ticktext=[style.label for style in styles], range=[count - 0.5, -0.5],
        showgrid=False, tickfont={"color": theme.ink, "size": 13.5},
    )  # fmt: skip
