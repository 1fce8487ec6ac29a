"""Charts of two studies: each ticket's accuracy in both, and how far the masks of the one agree with the other's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.comparisons.two_studies import ACCURACY, CORRUPTED
from analysis.statistics.verdicts import DIFFERS, EQUIVALENT
from app.charts.texts import bracket, signed
from app.shell.drawn import drawn
from app.charts.base import NOISE, Styles, percent_axis
from app.charts.dendrogram import clustered_heat_map
from app.charts.error_bars import error_bars
from app.shell.colour import fade
from app.shell.theme import Theme

PANELS = {ACCURACY: "Clean images", CORRUPTED: "Mean over corruptions"}
ROW, AROUND = 34, 96  # pixels: a ticket's line, and title, axis and legend
APART = 0.13  # of a line between the two studies' marks, so that intervals do not hide each other
SIDES = ("first", "second")


@drawn
def dumbbells(table: pd.DataFrame, styles: Styles, names: tuple[str, str], theme: Theme) -> go.Figure:
    """Draw each ticket's accuracy in both studies with its intervals, clean at the left, corrupted at the right.

    The first study's marks are solid, the second's hollow, in the ticket's colour. Partners are joined, by a strong
    line where they differ; what only one study has stands below them.

    Args:
        table: rows of `analysis.comparisons.two_studies.compare_studies`.
        styles: key -> style.
        names: of the two studies.
        theme: colours of the page, light or dark.
    """
    order = _order(table)
    panels = [measure for measure in PANELS if (table["measure"] == measure).any()]
    chart = make_subplots(
        rows=1, cols=max(1, len(panels)), shared_yaxes=True, horizontal_spacing=0.03,
        subplot_titles=[f"<b>{PANELS[measure]}</b>" for measure in panels],
    )  # fmt: skip
    for column, measure in enumerate(panels, 1):
        rows = table[table["measure"] == measure]
        span = _span(rows)
        for row in rows.to_dict("records"):
            _ticket(chart, row, order[row["key"]], column, styles, names, theme)
            _verdict(chart, row, order[row["key"]], column, span, theme)
        chart.update_xaxes(percent_axis(""), range=span, row=1, col=column)
    _legend(chart, names, theme)
    last = max(order.values(), default=0)
    chart.update_layout(
        template=theme.template, height=AROUND + round(ROW * (last + 1)), dragmode=False,
        margin={"l": 8, "r": 8, "t": 64, "b": 8}, legend={"y": 1, "yanchor": "bottom", "yref": "container"},
    )  # fmt: skip
    chart.update_layout(legend={"yref": "paper", "y": 1 + 36 / (ROW * (last + 1))})
    chart.update_annotations(font={"size": 13.5, "color": theme.ink}, selector={"yanchor": "bottom"})
    chart.update_yaxes(
        tickvals=list(order.values()), ticktext=[styles[key].label for key in order], range=[last + 0.6, -0.6]
    )
    return chart


@drawn
def between(table: pd.DataFrame, labels: tuple[Mapping[str, str], Mapping[str, str]], theme: Theme) -> go.Figure:
    """Draw the adjusted overlap of each ticket of the first study (rows) with each of the second (columns).

    Args:
        table: rows of `comparisons.mask_pairs.between`.
        labels: of rows and of columns, name -> text, in their order.
        theme: colours of the page, light or dark.
    """
    rows, columns = list(labels[0]), list(labels[1])
    adjusted = table.pivot(index="first", columns="second", values="adjusted").loc[rows, columns]
    cells = adjusted.to_numpy(dtype=float).round(2) + 0.0  # no "-0.00"
    texts = np.where(np.isfinite(cells), np.vectorize(lambda value: f"{value:.2f}", otypes=[object])(cells), "–")
    hover = [
        f"adjusted {row.adjusted:.3f} (chance 0)<br>Jaccard {row.jaccard:.3f}, by chance {row.jaccard_by_chance:.3f}"
        for row in table.itertuples()
    ]
    return clustered_heat_map(
        adjusted, None, None, (theme.diverging, -1.0, 1.0), "adjusted", theme, texts=texts,
        hover=np.array(hover, dtype=object).reshape(len(rows), -1), row_labels=labels[0], column_labels=labels[1], cell=30,
    )  # fmt: skip


def _order(table: pd.DataFrame) -> dict[str, float]:
    """Key -> its line: partners first, then after a gap those that only one study has."""
    paired = set(table.loc[table["difference"].notna(), "key"])
    keys = list(dict.fromkeys(table["key"]))
    both, alone = [key for key in keys if key in paired], [key for key in keys if key not in paired]
    gap = 0.7 if both else 0.0
    return {key: float(at) for at, key in enumerate(both)} | {key: len(both) + gap + at for at, key in enumerate(alone)}


def _ticket(
    chart: go.Figure,
    row: dict[str, Any],
    place: float,
    column: int,
    styles: Styles,
    names: tuple[str, str],
    theme: Theme,
) -> None:
    style = styles[row["key"]]
    values = [100 * row[side] for side in SIDES]
    if np.isfinite(values).all():
        line = {"color": fade(theme.muted, 0.6), "width": 1.2, "dash": "dot"}
        if row["verdict"] == DIFFERS:
            line = {"color": style.color, "width": 3}
        chart.add_scatter(
            x=values, y=[place - APART, place + APART], mode="lines", line=line, hoverinfo="skip", showlegend=False,
            row=1, col=column,
        )  # fmt: skip
    for side, name, value, up in zip(SIDES, names, values, (-APART, APART), strict=True):
        if not np.isfinite(value):
            continue
        low, high = 100 * row[f"{side}_low"], 100 * row[f"{side}_high"]
        chart.add_scatter(
            x=[value],
            y=[place + up],
            mode="markers",
            marker={
                "symbol": style.symbol if side == "first" else f"{style.symbol}-open",
                "size": 11, "color": style.color, "line": {"width": 2 if side == "second" else 0, "color": style.color},
            },
            error_x=error_bars(value, low, high, fade(style.color, 0.5)),
            hovertemplate=f"<b>{style.label}</b><br>{name}: {value:.1f} % ({low:.1f} to {high:.1f})"
            f"{_hover(row)}<extra></extra>",
            showlegend=False,
            row=1,
            col=column,
        )  # fmt: skip


def _hover(row: dict[str, Any]) -> str:
    if not np.isfinite(row["difference"]):
        return "<br>only in this study"
    between = bracket(row["low"], row["high"], "{:+.1f}")
    return f"<br>second − first: {signed(100 * row['difference'])} points{between}, {row['verdict']}"


def _verdict(chart: go.Figure, row: dict[str, Any], place: float, column: int, span: list[float], theme: Theme) -> None:
    """At the right end of a line the difference in points; a mark where it is not shown."""
    difference, noise = row["difference"], row["verdict"] != DIFFERS
    mark = "=" if row["verdict"] == EQUIVALENT else NOISE
    if not np.isfinite(difference):
        return
    chart.add_annotation(
        x=span[1], y=place, text=mark if noise else f"<b>{signed(100 * difference)}</b>",
        showarrow=False, xanchor="right", font={"size": 13, "color": theme.muted if noise else theme.ink},
        row=1, col=column,
    )  # fmt: skip


def _span(rows: pd.DataFrame) -> list[float]:
    """The axis: all intervals with some air, and room at the right for the differences."""
    values = 100 * rows[["first", "first_low", "second", "second_low"]].to_numpy(dtype=float)
    tops = 100 * rows[["first", "first_high", "second", "second_high"]].to_numpy(dtype=float)
    low, high = float(np.nanmin(values)), float(np.nanmax(tops))
    air = max(high - low, 4.0)
    return [low - 0.04 * air, high + 0.16 * air]


def _legend(chart: go.Figure, names: tuple[str, str], theme: Theme) -> None:
    for name, symbol in zip(names, ("circle", "circle-open"), strict=True):
        marker = {"symbol": symbol, "size": 10, "color": theme.muted, "line": {"width": 2, "color": theme.muted}}
        chart.add_scatter(x=[None], y=[None], mode="markers", marker=marker, name=name)
