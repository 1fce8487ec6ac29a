"""Accuracy against cumulative bytes, a line a ticket."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure
from app.charts.direct import label_ends
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.federated.charts.ends import at_the_end
from app.views.federated.words import share, size


@drawn
def curves(rows: pd.DataFrame, styles: Mapping[str, Style], theme: Theme, counted: str) -> go.Figure:
    """Draw a line a ticket over a logarithmic axis of bytes, a mark a round, intervals at the last one.

    Args:
        rows: of `comparisons.federated.over_seeds`.
        styles: key -> style.
        theme: light or dark colours.
        counted: which bytes count, in words.
    """
    chart = figure(theme, 470, legend={"orientation": "v", "x": 1.01, "y": 1, "yanchor": "top"})
    rows = rows[rows["bytes"] > 0]
    for key, style in styles.items():
        own = rows[rows["key"] == key].sort_values("round")
        if own.empty:
            continue
        chart.add_scatter(
            x=own["bytes"], y=100 * own["mean"], mode="lines+markers", name=style.label,
            line={"color": style.color, "width": 2, "dash": style.dash},
            marker={"color": style.color, "size": 7, "symbol": style.symbol},
            error_y=at_the_end(own, style.color),
            text=[f"round {row['round']}, {size(row['bytes'])}<br>{share(row)}" for _, row in own.iterrows()],
            hovertemplate=f"<b>{style.label}</b>, %{{text}}<extra></extra>",
        )  # fmt: skip
    values, texts = ticks(rows["bytes"])
    chart.update_xaxes(type="log", title_text=f"Bytes of all clients so far, {counted} (log scale)",
                       tickvals=values, ticktext=texts)  # fmt: skip
    chart.update_yaxes(title_text="Accuracy on all classes", ticksuffix=" %", rangemode="tozero")
    label_ends(chart, theme)
    return chart


def ticks(values: pd.Series) -> tuple[list[float], list[str]]:
    """Powers of ten within the values, with 3 between where there are few, and their texts."""
    if values.empty:
        return [], []
    low, high = np.log10(values.min()), np.log10(values.max())
    steps = (1.0,) if high - low > 4 else (1.0, 3.0)
    powers = range(int(np.floor(low)), int(np.ceil(high)) + 1)
    found = [step * 10.0**power for power in powers for step in steps]
    kept = [value for value in found if low - 0.1 <= np.log10(value) <= high + 0.1]
    return kept, [size(value) for value in kept]
