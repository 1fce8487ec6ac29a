"""Accuracy of each ticket against its multiply-adds."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.costs import OBJECTIVES
from app.charts.base import figure
from app.charts.error_bars import error_bars
from app.charts.scales import scale
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme


@drawn
def cost(rows: pd.DataFrame, styles: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Draw a mark a ticket; the axis of multiply-adds is logarithmic, that of accuracy in the error.

    Args:
        rows: key, accuracy (with _low and _high), macs_kept, seeds.
        styles: key -> style.
        theme: light or dark colours.
    """
    chart = figure(
        theme, 460, legend={"itemsizing": "constant", "orientation": "v", "x": 1.01, "y": 1, "yanchor": "top"}
    )
    rows = rows.dropna(subset=["accuracy", "macs_kept"])
    across, up = scale(OBJECTIVES["macs"], rows["macs_kept"]), scale(OBJECTIVES["accuracy"], rows["accuracy"])
    for row in rows.itertuples():
        style = styles[row.key]
        middle, low, high = (up.place([value]) for value in (row.accuracy, row.accuracy_low, row.accuracy_high))
        chart.add_scatter(
            x=across.place([row.macs_kept]), y=middle, mode="markers", name=style.label,
            error_y=error_bars(middle, low, high, fade(style.color, 0.55)),
            marker={"color": style.color, "symbol": style.symbol, "size": 12},
            hovertemplate=f"<b>{style.label}</b><br>{100 * row.accuracy:.1f} %"
            f"{bracket(row.accuracy_low, row.accuracy_high)}<br>{row.macs_kept:,.0f} multiply-adds<extra></extra>",
        )  # fmt: skip
    chart.update_xaxes(**across.axis("Multiply-adds of one image (log scale)"))
    chart.update_yaxes(**up.axis("Accuracy (log scale in the error)"))
    return chart
