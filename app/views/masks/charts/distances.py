"""How far the masks of different epochs of one training lie apart (You et al. 2020)."""

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
from app.shell.theme import Style, Theme

HEIGHT = 440

LINES = {
    "farthest": "farthest of the four previous masks",
    "before": "previous mask",
    "final": "final mask",
}


@drawn
def heat(
    epochs: np.ndarray, distances: np.ndarray, settled: tuple[float, float] | None, level: float, theme: Theme
) -> go.Figure:
    """Draw every epoch's mask against every other's; a line where the distance is `level`.

    Args:
        epochs: [E], rising.
        distances: [E, E], fractions of the prunable weights.
        level: below which masks count as settled.
        settled: the first and the last epoch of the masks that lie within `level` of the last one, framed.
        theme: colours of the page, light or dark.
    """
    chart = figure(theme, HEIGHT, dragmode=False)
    top = float(distances.max()) or 1.0
    chart.add_heatmap(
        z=100 * distances,
        x=epochs,
        y=epochs,
        xgap=1,
        ygap=1,
        coloraxis="coloraxis",
        hovertemplate="Masks of epochs %{x:g} and %{y:g}<br><b>%{z:.1f} %</b> of the weights differ<extra></extra>",
    )
    if len(epochs) > 1 and (distances > level).any() and (distances < level).any():
        chart.add_contour(
            z=100 * distances,
            x=epochs,
            y=epochs,
            contours={"start": 100 * level, "end": 100 * level, "size": 1, "coloring": "lines"},
            colorscale=[[0, theme.accent], [1, theme.accent]],
            line={"width": 2.5, "smoothing": 0.4},
            showscale=False,
            hoverinfo="skip",
            name=f"distance {100 * level:g} %",
            showlegend=True,
        )
    if settled is not None:
        half = (epochs[1] - epochs[0]) / 2 if len(epochs) > 1 else 0.5
        low, high = settled[0] - half, settled[1] + half
        chart.add_shape(type="rect", x0=low, x1=high, y0=low, y1=high, line={"color": theme.bad, "width": 3})
    chart.update_layout(
        coloraxis={"colorscale": theme.sequential, "cmin": 0, "cmax": 100 * top, **color_bar("mask distance (%)")}
    )
    chart.update_xaxes(title_text="Epoch", showgrid=False, constrain="domain")
    chart.update_yaxes(title_text="Epoch", showgrid=False, scaleanchor="x", constrain="domain")
    return chart


@drawn
def lines(rows: pd.DataFrame, level: float, chance: float, draws: Mapping[float, Style], theme: Theme) -> go.Figure:
    """Draw the distance of each epoch's mask to others of its training, with intervals over seeds.

    Args:
        rows: measure (of `LINES`), epoch, mean, low, high (NaN: one seed); fractions.
        level: below which masks count as settled.
        chance: the distance of two independent masks.
        draws: epoch -> the early-bird ticket drawn there.
        theme: colours of the page, light or dark.
    """
    chart = figure(theme, HEIGHT, legend={"itemsizing": "trace"})
    colors = {"farthest": theme.good, "before": theme.muted, "final": theme.both}
    for measure, name in LINES.items():
        own = rows[rows["measure"] == measure].sort_values("epoch")
        band = own.dropna(subset=["low", "high"])
        common = {"x": band["epoch"], "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        chart.add_scatter(y=100 * band["high"], **common)
        chart.add_scatter(
            y=100 * band["low"].clip(lower=0), fill="tonexty", fillcolor=fade(colors[measure], 0.16), **common
        )
        chart.add_scatter(
            x=own["epoch"],
            y=100 * own["mean"],
            mode="lines+markers",
            name=name,
            line={"color": colors[measure], "width": 2, "dash": "dot" if measure == "before" else "solid"},
            marker={
                "color": colors[measure],
                "size": 6,
                "symbol": {"before": "square", "final": "diamond"}.get(measure, "circle"),
            },
            customdata=[bracket(max(row.low, 0), row.high) for row in own.itertuples()],
            hovertemplate=f"Epoch %{{x:g}}, to the {name}<br><b>%{{y:.1f}} %</b>%{{customdata}}<extra></extra>",
        )
    top = max(float(rows[["mean", "high"]].max().max()), chance, level) if len(rows) else chance
    crossing = abs(chance - level) < 0.07 * top  # their names would lie on each other: the lower one's goes below it
    sides = [
        ("bottom right" if crossing and one < other else "top right")
        for one, other in ((level, chance), (chance, level))
    ]
    _level(chart, level, f"threshold {100 * level:g} %", theme.accent, "solid", sides[0])
    _level(chart, chance, f"independent masks {100 * chance:.3g} %", theme.bad, "dash", sides[1])
    for epoch, style in draws.items():
        chart.add_vline(
            x=epoch, line={"color": style.color, "width": 2, "dash": style.dash},
            annotation={"text": f"{style.label} drawn", "font": {"size": 12, "color": style.color}, "textangle": -90},
            annotation_position="top left",
        )  # fmt: skip
    chart.update_xaxes(title_text="Epoch", rangemode="tozero", showgrid=False)
    chart.update_yaxes(title_text="Mask distance", ticksuffix=" %", range=[0, 108 * top])
    label_ends(chart, theme)
    return chart


def _level(chart: go.Figure, value: float, text: str, color: str, dash: str, side: str) -> None:
    chart.add_hline(
        y=100 * value, line={"color": color, "width": 1.5, "dash": dash},
        annotation={"text": text, "font": {"size": 12, "color": color}}, annotation_position=side,
    )  # fmt: skip
