"""How far the masks of different steps of one training lie apart, over steps that lie ever farther apart."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import color_bar, figure
from app.charts.direct import label_ends
from app.charts.texts import bracket
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Theme
from app.views.grokking.charts.axes import first_place, placed, step_axis

HEIGHT, TICKS = 400, 7
LINES = {"final": "to the final mask", "before": "to the mask before"}


@drawn
def heat(steps: np.ndarray, distances: np.ndarray, theme: Theme) -> go.Figure:
    """Draw every mask against every other, a cell each however far their steps lie apart.

    Args:
        steps: [E], rising.
        distances: [E, E], shares of the prunable weights.
        theme: light or dark colours.
    """
    chart = figure(theme, HEIGHT, dragmode=False)
    places = np.arange(len(steps))
    chart.add_heatmap(
        z=100 * distances, x=places, y=places, xgap=0, ygap=0, coloraxis="coloraxis",
        customdata=np.stack(np.meshgrid(steps, steps), axis=-1),
        hovertemplate="Masks of steps %{customdata[0]:,} and %{customdata[1]:,}<br><b>%{z:.1f} %</b> of the weights "
        "differ<extra></extra>",
    )  # fmt: skip
    top = 100 * float(distances.max()) or 1.0
    chart.update_layout(
        coloraxis={"colorscale": theme.sequential, "cmin": 0, "cmax": top, **color_bar("mask distance (%)")}
    )
    shown = np.unique(np.linspace(0, len(steps) - 1, min(TICKS, len(steps))).round().astype(int))
    axis = {
        "tickvals": shown.tolist(),
        "ticktext": [f"{steps[place]:,.0f}" for place in shown],
        "showgrid": False,
        "constrain": "domain",
    }
    chart.update_xaxes(title_text="Training step", **axis)
    chart.update_yaxes(title_text="Training step", scaleanchor="x", **axis)
    return chart


@drawn
def distances(rows: pd.DataFrame, marks: Mapping[str, float], chance: float, theme: Theme) -> go.Figure:
    """Draw how far each mask lies from the final one and from the one before.

    Args:
        rows: measure (of `LINES`), step, mean, low, high (NaN: one seed); shares.
        marks: name -> step, drawn as lines.
        chance: the distance of two independent masks.
        theme: light or dark colours.
    """
    chart = figure(theme, HEIGHT, legend={"itemsizing": "constant"})
    first = first_place(rows["step"])
    for measure, name in LINES.items():
        own = rows[rows["measure"] == measure].sort_values("step")
        color, dash = (theme.both, "solid") if measure == "final" else (theme.muted, "dot")
        band = own.dropna(subset=["low", "high"])
        common = {
            "x": placed(band["step"], first), "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip",
            "showlegend": False,
        }  # fmt: skip
        chart.add_scatter(y=100 * band["high"], **common)
        chart.add_scatter(y=100 * band["low"].clip(lower=0), fill="tonexty", fillcolor=fade(color, 0.16), **common)
        chart.add_scatter(
            x=placed(own["step"], first), y=100 * own["mean"], mode="lines+markers", name=name,
            line={"color": color, "width": 2, "dash": dash}, marker={"size": 5, "color": color},
            customdata=[f"{step:,.0f}, {name}: <b>{100 * mean:.1f} %</b>{bracket(max(low, 0), high)}"
                        for step, mean, low, high in own[["step", "mean", "low", "high"]].itertuples(index=False)],
            hovertemplate="Step %{customdata}<extra></extra>",
        )  # fmt: skip
    for name, step in marks.items():
        chart.add_vline(x=step, line={"color": theme.accent, "width": 1.5, "dash": "dash"})
        chart.add_annotation(
            x=np.log10(step), y=1, yref="paper", text=name, showarrow=False, xanchor="left", yanchor="top", xshift=4,
            font={"size": 12.5, "color": theme.accent},
        )  # fmt: skip
    chart.add_hline(
        y=100 * chance, line={"color": theme.bad, "width": 1.5, "dash": "dash"},
        annotation={"text": f"independent masks {100 * chance:.3g} %", "font": {"size": 12, "color": theme.bad}},
        annotation_position="bottom left",
    )  # fmt: skip
    top = max(float(rows[["mean", "high"]].max().max()), chance)
    chart.update_xaxes(**step_axis(first, max(float(rows["step"].max()), 1.1 * first), start=True))
    chart.update_yaxes(title_text="Mask distance", ticksuffix=" %", range=[0, 120 * top])
    label_ends(chart, theme)
    return chart
