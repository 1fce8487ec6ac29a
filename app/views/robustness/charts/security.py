"""Curves over the size of an attack, a line a ticket, with 95 % intervals."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from analysis.statistics.verdicts import DIFFERS
from app.charts.base import NOISE, figure, interval
from app.charts.direct import label_ends
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.robustness.charts.lines import ticket_lines


@drawn
def curves(rows: pd.DataFrame, tickets: Mapping[str, Style], value: str, title: str, theme: Theme) -> go.Figure:
    """Accuracy, or its difference to another's, over the sizes that were measured, at equal distances.

    Args:
        rows: key, size (0: clean), the column `value`, low, high (fractions); of differences also verdict.
        tickets: key -> style, in the order shown.
        value: "accuracy" or "difference".
        title: of the axis of sizes.
        theme: light or dark colours.
    """
    sizes = sorted(rows["size"].unique())
    placed = rows.assign(place=rows["size"].map({size: place for place, size in enumerate(sizes)}))
    chart = figure(theme, 400, margin={"l": 8, "r": 8, "t": 40, "b": 8})
    chart.add_traces(ticket_lines(placed, tickets, "place", value, lambda own: _hovers(own, value)))
    chart.update_xaxes(
        title_text=title,
        tickvals=list(range(len(sizes))),
        ticktext=["clean" if size == 0 else f"{size:g}" for size in sizes],
        range=[-0.35, len(sizes) - 0.65],
        showgrid=False,
    )
    chart.update_yaxes(title_text="accuracy (%)" if value == "accuracy" else "difference (points)")
    if value == "difference":
        chart.add_hline(y=0, line={"color": theme.muted, "width": 1})
        for trace in chart.data:
            if trace.mode == "lines+markers":
                own = placed[placed["key"] == trace.legendgroup].sort_values("place")
                symbol = tickets[trace.legendgroup].symbol
                trace.marker.symbol = [symbol if verdict == DIFFERS else f"{symbol}-open" for verdict in own["verdict"]]
    label_ends(chart, theme)
    return chart


def _hovers(rows: pd.DataFrame, value: str) -> list[str]:
    unit = " %" if value == "accuracy" else " points"
    form = "{:.1f}" if value == "accuracy" else "{:+.1f}"
    noise = (rows["verdict"] != DIFFERS).tolist() if "verdict" in rows else [False] * len(rows)
    return [
        f"size {row['size']:g}: {interval(row, value, form, unit)}{f' {NOISE} not shown to differ' * small}"
        for (_, row), small in zip(rows.iterrows(), noise, strict=True)
    ]
