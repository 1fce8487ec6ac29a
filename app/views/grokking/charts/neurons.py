"""Hidden neurons' weights over the token at one step, a panel a neuron, a ticket beside another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

COLUMNS, PANEL = 4, 170


@drawn
def neurons(
    weights: Mapping[str, np.ndarray], rows: Sequence[int], reach: Sequence[float], tickets: Mapping[str, Style],
    theme: Theme,
) -> go.Figure:  # fmt: skip
    """Draw the weights.

    Args:
        weights: key -> [n, p].
        rows: which neurons, [n].
        reach: the largest size that each neuron's weights ever have, so that a panel's axis stays as it is.
        tickets: key -> style.
        theme: light or dark colours.
    """
    lines = -(-len(rows) // COLUMNS)
    chart = make_subplots(lines, COLUMNS, shared_xaxes="all", horizontal_spacing=0.04, vertical_spacing=0.2 / lines)
    chart.update_layout(template=theme.template, height=100 + PANEL * lines, dragmode=False)
    for key, values in weights.items():
        style = tickets[key]
        for place, row in enumerate(rows):
            chart.add_scatter(
                x=np.arange(values.shape[1]), y=values[place], mode="lines", name=style.label, legendgroup=key,
                showlegend=place == 0, line={"color": style.color, "width": 2},
                row=place // COLUMNS + 1, col=place % COLUMNS + 1,
                hovertemplate=f"<b>{style.label}</b>, neuron {row}<br>Token %{{x}}: %{{y:.3g}}<extra></extra>",
            )  # fmt: skip
    for place, (row, size) in enumerate(zip(rows, reach, strict=True)):
        at = {"row": place // COLUMNS + 1, "col": place % COLUMNS + 1}
        chart.update_yaxes(range=[-1.08 * size, 1.08 * size], nticks=4, **at)
        axis = "" if place == 0 else str(place + 1)
        chart.add_annotation(
            text=f"neuron {row}", x=0, y=1, xref=f"x{axis} domain", yref=f"y{axis} domain", xanchor="left",
            yanchor="bottom", yshift=2, showarrow=False, font={"size": 12.5, "color": theme.muted},
        )  # fmt: skip
    chart.update_xaxes(showgrid=False)
    chart.update_xaxes(title_text="Token", row=lines)
    chart.update_layout(legend={"y": 1 + 0.16 / lines, "yanchor": "bottom"}, margin={"t": 56})
    return chart
