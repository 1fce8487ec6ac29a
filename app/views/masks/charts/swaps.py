"""Swaps of a mask while it is searched for: how many are possible, and how many are carried out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure
from app.charts.direct import label_ends
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

HEIGHT = 420
BANDS = 4  # lines whose bands are as strong as elsewhere; those of more cover each other
WORDS = {"carried": "carried out", "possible": "possible"}


@drawn
def swaps(rows: pd.DataFrame, styles: Mapping[str, Style], summed: bool, theme: Theme) -> go.Figure:
    """Draw swaps as a share of the weights kept, a line a ticket: carried out full, possible dotted.

    Args:
        rows: key, measure ("carried" or "possible"), iteration, mean, low, high (NaN: one seed), in per cent.
        styles: by key.
        summed: from the start, else an iteration, on a log scale that begins below the least mean.
        theme: colours of the page, light or dark.
    """
    least = rows.loc[rows["mean"] > 0, "mean"].min()
    floor = 0.0 if summed or pd.isna(least) else 0.6 * float(least)
    chart = figure(theme, HEIGHT, legend={"itemsizing": "trace"})
    opacity = 0.16 if len(styles) <= BANDS else 0.09
    drawn: list[np.ndarray] = []
    for key, style in styles.items():
        for measure, width in (("possible", 1.5), ("carried", 2.2)):
            own = rows[(rows["key"] == key) & (rows["measure"] == measure)].sort_values("iteration")
            if own.empty:
                continue
            if measure == "carried":
                chart.add_traces(_band(own, style, key, floor, opacity))
            points = own[["iteration", "mean"]].to_numpy(dtype=float)
            over = any(np.array_equal(points, other) for other in drawn)  # dashed, so that the one below shines through
            drawn.append(points)
            chart.add_scatter(
                x=own["iteration"],
                y=own["mean"] if summed else own["mean"].where(own["mean"] > 0),
                mode="lines",
                name=style.label,
                legendgroup=key,
                showlegend=measure == "carried",
                line={"color": style.color, "width": width,
                      "dash": "dot" if measure == "possible" else "8px,8px" if over else "solid"},
                customdata=[bracket(row.low, row.high, "{:.3g}", factor=1) for row in own.itertuples()],
                hovertemplate=f"<b>{style.label}</b><br>Iteration %{{x:,.0f}}<br>{WORDS[measure]}: %{{y:.3g}} %"
                f"%{{customdata}} of the weights kept{'' if summed else ', an iteration'}<extra></extra>",
            )  # fmt: skip
    chart.update_xaxes(title_text="Iteration of the search", rangemode="tozero", showgrid=False)
    if summed:
        chart.update_yaxes(
            title_text="Cumulative swaps (share of the weights kept)", ticksuffix=" %", rangemode="tozero"
        )
        label_ends(chart, theme)
        return chart
    top = float(rows["high"].fillna(rows["mean"]).max()) if len(rows) else 1.0
    ticks = [10.0**power for power in range(-6, 3)]
    chart.update_yaxes(
        title_text="Swaps per iteration (share of the weights kept, log scale)",
        type="log",
        range=[float(np.log10(floor or 1e-3)), float(np.log10(max(top, 2 * floor, 1e-2) * 1.3))],
        tickvals=ticks,
        ticktext=[f"{tick:g} %" for tick in ticks],
    )
    label_ends(chart, theme)
    return chart


def _band(rows: pd.DataFrame, style: Style, key: str, floor: float, opacity: float) -> list[go.Scatter]:
    rows = rows.dropna(subset=["low", "high"])
    common = {
        "x": rows["iteration"], "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False,
        "legendgroup": key,
    }  # fmt: skip
    return [
        go.Scatter(y=rows["high"].clip(lower=floor), **common),
        go.Scatter(y=rows["low"].clip(lower=floor), fill="tonexty", fillcolor=fade(style.color, opacity), **common),
    ]
