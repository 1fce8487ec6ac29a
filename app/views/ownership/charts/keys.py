"""What a ticket is worth without its key, as it was taken and after the thief has trained it again."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure, percent_axis
from app.charts.error_bars import bars_of
from app.shell.drawn import drawn
from app.shell.theme import Theme

ROW, EDGE = 44, 110


@drawn
def missing(rows: pd.DataFrame, whole: float, theme: Theme) -> go.Figure:
    """A row a kind of key: a hollow mark without the key, a full one when trained again, a diamond with a forged key.

    A line stands for the whole ticket.

    Args:
        rows: name, locked, retrained and forged (fractions with _low and _high), in the order drawn.
        whole: accuracy of the ticket with its key, a fraction.
        theme: colours of the page, light or dark.
    """
    legend = {"orientation": "h", "y": -0.28, "x": 0, "yanchor": "top"}
    chart = figure(theme, EDGE + ROW * len(rows), legend=legend, margin={"t": 28})
    for row in rows.itertuples():
        chart.add_scatter(
            x=[100 * row.locked, 100 * row.retrained], y=[row.name, row.name], mode="lines", showlegend=False,
            line={"color": theme.muted, "width": 1.5}, hoverinfo="skip",
        )  # fmt: skip
    for measure, words, fill, symbol in (
        ("locked", "without the key", theme.surface, "circle"),
        ("forged", "with a forged key", theme.surface, "diamond"),
        ("retrained", "trained again without it", theme.bad, "circle"),
    ):
        if rows[measure].isna().all():
            continue
        chart.add_scatter(
            x=100 * rows[measure], y=rows["name"], mode="markers", name=words,
            error_x=bars_of(rows, measure, theme.bad),
            marker={"size": 12, "color": fill, "symbol": symbol, "line": {"width": 2, "color": theme.bad}},
            hovertemplate="%{y}<br><b>%{x:.1f} %</b> " + words + "<extra></extra>",
        )  # fmt: skip
    chart.add_vline(x=100 * whole, line={"color": theme.ink, "width": 1.2})
    chart.add_annotation(
        x=100 * whole, y=1, yref="paper", text="with the key", showarrow=False, xanchor="right", yanchor="bottom",
        font={"size": 12, "color": theme.ink},
    )  # fmt: skip
    chart.update_xaxes(**percent_axis("Accuracy"), range=[-2, 102])
    chart.update_yaxes(autorange="reversed", automargin=True, showgrid=False, type="category")
    return chart
