"""Accuracy on the target against accuracy on the source."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.shell.drawn import drawn
from app.shell.theme import Style, Theme
from app.views.transfer.facts import WAYS


@drawn
def levels(rows: pd.DataFrame, styles: Mapping[str, Style], theme: Theme) -> go.Figure:
    """Draw a mark a training, a panel a way.

    Args:
        rows: of `comparisons.transfer.levelled`.
        styles: key -> style.
        theme: light or dark colours.
    """
    ways = [way for way in WAYS if way in set(rows["way"])]
    chart = make_subplots(1, len(ways), horizontal_spacing=0.07)
    chart.update_layout(template=theme.template, height=370, margin={"t": 84},
                        legend={"y": 1.0, "yref": "container", "yanchor": "top"})  # fmt: skip
    for across, way in enumerate(ways, 1):
        for key, own in rows[rows["way"] == way].groupby("key", sort=False):
            style = styles[str(key)]
            chart.add_scatter(
                x=100 * own["upstream"], y=100 * own["accuracy"], mode="markers", name=style.label,
                legendgroup=str(key), showlegend=across == 1, row=1, col=across, customdata=own["seed"],
                marker={"color": style.color, "symbol": style.symbol, "size": 10,
                        "line": {"width": 1, "color": theme.surface}},
                hovertemplate=f"<b>{style.label}</b>, seed %{{customdata}}<br>%{{x:.1f}} % upstream, %{{y:.1f}} % "
                f"on the target<extra>{WAYS[way]}</extra>",
            )  # fmt: skip
        axis = "" if across == 1 else str(across)
        chart.add_annotation(
            text=f"By a {WAYS[way]}", x=0, y=1, xref=f"x{axis} domain", yref=f"y{axis} domain", xanchor="left",
            yanchor="bottom", yshift=4, showarrow=False, font={"size": 13.5, "color": theme.ink},
        )  # fmt: skip
    chart.update_xaxes(title_text="Accuracy upstream", ticksuffix=" %")
    chart.update_yaxes(ticksuffix=" %")
    chart.update_yaxes(title_text="Accuracy on the target", col=1)
    return chart
