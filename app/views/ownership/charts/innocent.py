"""How well masks agree with the owner's code that know nothing of it, beside the signed ticket's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme

HEIGHT = 340
BIN = 2.0  # per cent
GROUPS = {
    "innocent": "the owner's code in unsigned tickets",
    "forged": "codes of other texts in the signed ticket",
}


@drawn
def agreement(rows: pd.DataFrame, signed: pd.DataFrame, limit: float, theme: Theme) -> go.Figure:
    """Two histograms, each of all that it counts, and the signed tickets at the right.

    Args:
        rows: group (of `GROUPS`), agreement (fraction of the modules in the best window).
        signed: agreement of the signed ticket, a row a seed.
        limit: the agreement from which on a claim holds, whichever modules are wrong.
        theme: colours of the page, light or dark.
    """
    chart = figure(theme, HEIGHT, barmode="overlay", bargap=0.08,
                   legend={"orientation": "h", "y": -0.24, "x": 0, "yanchor": "top"})  # fmt: skip
    edges = np.arange(50 - 5 * BIN, 100 + 2 * BIN, BIN)
    top = 0.0
    for group, colour in zip(GROUPS, (theme.good, theme.bad), strict=True):
        own = 100 * rows.loc[rows["group"] == group, "agreement"].to_numpy()
        if not len(own):
            continue
        counts, _ = np.histogram(own, edges)
        shares = 100 * counts / len(own)
        top = max(top, float(shares.max()))
        chart.add_bar(
            x=edges[:-1] + BIN / 2, y=shares, width=BIN * 0.92, name=f"{GROUPS[group]} ({len(own)})",
            marker={"color": fade(colour, 0.55), "line": {"color": colour, "width": 1}}, customdata=counts,
            hovertemplate="%{x:.0f} % of the modules agree in %{customdata} of " + str(len(own)) + "<extra></extra>",
        )  # fmt: skip
    chart.add_scatter(
        x=100 * signed["agreement"], y=[top * 0.12 or 1.0] * len(signed), mode="markers", name="the signed ticket",
        marker={"symbol": "diamond", "size": 13, "color": theme.accent},
        hovertemplate="<b>signed ticket</b><br>%{x:.1f} % of the modules agree<extra></extra>",
    )  # fmt: skip
    chart.add_vline(x=100 * limit, line={"color": theme.ink, "width": 1.2})
    chart.add_annotation(
        x=100 * limit, y=1, yref="paper", text="p < 1e-6 from here on", showarrow=False, xanchor="left", yanchor="top",
        xshift=5, font={"size": 12, "color": theme.ink},
    )  # fmt: skip
    chart.update_xaxes(title_text="Modules that agree in the best window", ticksuffix=" %", range=[42, 103])
    chart.update_yaxes(title_text="Share of them", ticksuffix=" %", rangemode="tozero")
    return chart
