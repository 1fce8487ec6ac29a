"""What tickets keep of each layer, a mark a ticket."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure
from app.charts.scales import log_ticks
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

LEAST, ROW, AROUND = 440, 30, 150  # pixels: of the chart, of a layer, and of axis and legend


@drawn
def by_layer(rows: pd.DataFrame, styles: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Draw the share of each layer that is kept, logarithmic, layers from the top.

    Args:
        rows: of `comparisons.kept_layers`.
        styles: key -> style, in the order drawn.
        theme: colours of the page, light or dark.
    """
    layers = list(dict.fromkeys(rows["layer"]))
    chart = figure(theme, max(LEAST, ROW * len(layers) + AROUND), legend={"itemsizing": "constant"})
    positive = 100 * rows.loc[rows["share"] > 0, "share"]
    least = float(positive.min()) if len(positive) else 1.0
    span = [float(np.log10(least)) - 0.12, 2.06]
    gone = 10 ** (span[0] + 0.04)
    for key, style in styles.items():
        own = rows[rows["key"] == key]
        empty = own["share"] == 0
        chart.add_scatter(
            x=np.where(empty, gone, 100 * own["share"]),
            y=own["layer"],
            mode="lines+markers",
            name=style.label,
            line={"color": fade(style.color, 0.35), "width": 1.2},
            marker={"color": style.color, "symbol": np.where(empty, "x", style.symbol).tolist(), "size": 9},
            customdata=np.column_stack([100 * own["share"], own["kept"], own["total"]]),
            hovertemplate=f"<b>{style.label}</b><br>%{{y}}: %{{customdata[0]:.3g}} %<br>%{{customdata[1]:,.0f}} of "
            "%{customdata[2]:,.0f} weights<extra></extra>",
        )
    ticks = log_ticks(span)
    chart.update_xaxes(
        type="log", range=span, title_text="Weights kept (log scale)", tickvals=ticks.tolist(),
        ticktext=[f"{tick:g} %" for tick in ticks],
    )  # fmt: skip
    chart.update_yaxes(
        categoryorder="array", categoryarray=layers, range=[len(layers) - 0.5, -0.5], automargin=True,
        tickfont={"color": theme.ink, "size": 12.5},
    )  # fmt: skip
    return chart
