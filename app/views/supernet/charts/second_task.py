"""Accuracy in each second task, by what comes into it: a matrix."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.comparisons.second_task import DENSE, MASK, OWN, RANDOM, WEIGHTS
from app.charts.base import color_bar, figure, inks
from app.charts.texts import bracket
from app.names import shown
from app.shell.drawn import drawn
from app.shell.theme import Theme

ROW = 44
STEP = 5.0
"""Percentage points that the colours start at a multiple of."""
LABELS = {
    MASK: "Mask of the ticket of {first}",
    WEIGHTS: "Mask and weights of {first}",
    RANDOM: "Random mask",
    OWN: "The task's own ticket",
    DENSE: "Dense network",
}


@drawn
def matrix(table: pd.DataFrame, theme: Theme) -> go.Figure:
    """Draw a cell for each row and second task, a task's own mask ringed.

    Args:
        table: of `comparisons.second_task.matrix`.
        theme: light or dark colours.
    """
    rows = list(dict.fromkeys(zip(table["kind"], table["first"], strict=True)))
    tasks = sorted(table["second"].unique())
    chart = figure(theme, 110 + ROW * len(rows), dragmode=False, showlegend=False, margin={"t": 20, "r": 16})
    labels = [LABELS[kind].format(first=shown(first)) for kind, first in rows]
    values, texts = np.full((len(rows), len(tasks)), np.nan), np.full((len(rows), len(tasks)), "", dtype=object)
    lowest = STEP * np.floor(100 * table["mean"].min() / STEP)
    scale = (theme.sequential, min(lowest, 100 - STEP), 100.0)
    colours = inks(100 * table["mean"].to_numpy(), scale)
    for cell, ink in zip(table.itertuples(), colours, strict=True):
        row, column = rows.index((cell.kind, cell.first)), tasks.index(cell.second)
        values[row, column] = 100 * cell.mean
        between = bracket(cell.low, cell.high)
        texts[row, column] = f"<b>{100 * cell.mean:.1f} %</b>{between}, {cell.n} seed{'s' if cell.n > 1 else ''}"
        chart.add_annotation(x=column, y=row, text=f"<b>{100 * cell.mean:.1f} %</b>{between}", showarrow=False,
                             font={"size": 13, "color": ink})  # fmt: skip
        if cell.kind == MASK and cell.first == cell.second:
            chart.add_shape(type="rect", x0=column - 0.49, x1=column + 0.49, y0=row - 0.46, y1=row + 0.46,
                            line={"color": theme.accent, "width": 2.5})  # fmt: skip
    chart.add_heatmap(
        z=values, x=np.arange(len(tasks)), y=np.arange(len(rows)), coloraxis="coloraxis", xgap=2, ygap=2,
        customdata=np.dstack([np.broadcast_to(np.array(labels)[:, None], values.shape),
                              np.broadcast_to(np.array([shown(task) for task in tasks]), values.shape), texts]),
        hovertemplate="%{customdata[0]}<br>in %{customdata[1]}: %{customdata[2]}<extra></extra>", hoverongaps=False,
    )  # fmt: skip
    for row, column in np.argwhere(np.isnan(values)).tolist():
        chart.add_annotation(x=column, y=row, text="not trained", showarrow=False,
                             font={"size": 12.5, "color": theme.muted})  # fmt: skip
    bar = color_bar("accuracy (%)", len=200)
    chart.update_layout(coloraxis={"colorscale": theme.sequential, "cmin": scale[1], "cmax": scale[2], **bar})
    own = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": "", "showline": False}
    chart.update_xaxes(title_text="Second task", tickvals=list(range(len(tasks))), side="bottom",
                       ticktext=[shown(task) for task in tasks], range=[-0.5, len(tasks) - 0.5], **own)  # fmt: skip
    chart.update_yaxes(tickvals=list(range(len(rows))), ticktext=labels, range=[len(rows) - 0.5, -0.5],
                       tickfont={"color": theme.ink}, **own)  # fmt: skip
    return chart
