"""What was noted on the way, over the steps: a line a ticket, with its interval over seeds."""

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
from app.views.grokking.charts.axes import first_place, placed, step_axis

HEIGHT = 360
BANDS = 4  # lines whose intervals may be bands


@drawn
def lines(rows: pd.DataFrame, tickets: Mapping[str, Style], theme: Theme, title: str, form: str = "{:.3g}",
          limit: tuple[float, str] | None = None) -> go.Figure:  # fmt: skip
    """Draw a number over the steps.

    Args:
        rows: key, step, mean, low, high (NaN: no interval), n, as of `comparisons.periodicity.over_seeds`.
        tickets: key -> style.
        theme: light or dark colours.
        title: of the vertical axis.
        form: of a value in a hover.
        limit: a value that is marked by a line, and its name.
    """
    chart = figure(theme, HEIGHT, legend={"itemsizing": "constant"})
    first = first_place(rows["step"])
    shown = [key for key in tickets if (rows["key"] == key).any()]
    for key in shown:
        own, style = rows[rows["key"] == key].sort_values("step"), tickets[key]
        if len(shown) <= BANDS:
            _band(chart, own.dropna(subset=["low", "high"]), style, first)
        chart.add_scatter(
            x=placed(own["step"], first), y=own["mean"], mode="lines", name=style.label,
            line={"color": style.color, "width": 2.2, "dash": style.dash},
            customdata=[f"{step:,.0f}: <b>{form.format(mean)}</b>{bracket(low, high, form, 1)}"
                        for step, mean, low, high in own[["step", "mean", "low", "high"]].itertuples(index=False)],
            hovertemplate=f"<b>{style.label}</b><br>Step %{{customdata}}<extra></extra>",
        )  # fmt: skip
    if limit is not None:
        chart.add_hline(
            y=limit[0], line={"color": theme.muted, "width": 1, "dash": "dash"},
            annotation={"text": limit[1], "font": {"size": 12, "color": theme.muted}}, annotation_position="top right",
        )  # fmt: skip
    chart.update_xaxes(**step_axis(first, max(float(rows["step"].max()), 1.1 * first), start=True))
    chart.update_yaxes(title_text=title)
    label_ends(chart, theme)
    return chart


def _band(chart: go.Figure, rows: pd.DataFrame, style: Style, first: float) -> None:
    common = {
        "x": placed(rows["step"], first), "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip",
        "showlegend": False,
    }  # fmt: skip
    chart.add_scatter(y=rows["high"], **common)
    chart.add_scatter(y=np.maximum(rows["low"], 0), fill="tonexty", fillcolor=fade(style.color, 0.14), **common)
