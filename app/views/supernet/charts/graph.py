"""The supernet as a graph: cells of parallel branches, each as wide as the channels that are left of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from app.charts.base import figure
from app.shell.colour import fade
from app.shell.drawn import drawn
from app.shell.theme import Style, Theme

ROW, WIDEST = 84, 22
POINTS = 41


@drawn
def graph(rows: pd.DataFrame, style: Style, theme: Theme) -> go.Figure:
    """Draw the network from left to right.

    Args:
        rows: of `comparisons.supernets.branches` or `mean_branches` at one event: cell, kernel, channels, whole, share,
            macs.
        style: of the ticket.
        theme: light or dark colours.
    """
    kernels, cells = sorted(rows["kernel"].unique()), sorted(rows["cell"].unique())
    lanes = {kernel: float(len(kernels) - place) for place, kernel in enumerate(kernels)}
    chart = figure(theme, 70 + ROW * (len(kernels) + 1), showlegend=False, dragmode=False, margin={"t": 24})
    total = max(float(rows["macs"].sum()), 1.0)
    for row in rows.itertuples():
        x, y = _arc(float(row.cell), lanes[row.kernel])
        full = WIDEST * row.whole / rows["whole"].max()
        _pipe(chart, x, y, full, fade(theme.muted, 0.16))
        if row.channels > 0:
            _pipe(chart, x, y, max(full * row.share, 1.0), style.color)
        _label(chart, row, lanes[row.kernel], total, theme)
    for cell in cells:
        _pipe(chart, *_arc(float(cell), 0.0), 1.5, fade(theme.muted, 0.8))
        chart.add_annotation(x=cell + 0.5, y=0, text="skip", showarrow=False, yshift=10,
                             font={"size": 12.5, "color": theme.muted})  # fmt: skip
        chart.add_annotation(x=cell + 0.5, y=1, yref="paper", text=f"<b>Cell {cell}</b>", showarrow=False,
                             yanchor="bottom", yshift=4, font={"size": 14, "color": theme.ink})  # fmt: skip
    _nodes(chart, cells, theme)
    reach = [cells[0] - 0.32, cells[-1] + 1.32]
    chart.update_xaxes(visible=False, range=reach, fixedrange=True)
    chart.update_yaxes(visible=False, range=[-0.45, len(kernels) + 0.6], fixedrange=True)
    return chart


def _arc(cell: float, lane: float) -> tuple[np.ndarray, np.ndarray]:
    """From the cell's input over its lane to its output, level in the middle."""
    across = np.linspace(0, 1, POINTS)
    rise = np.clip(np.minimum(across, 1 - across) / 0.3, 0, 1)
    return cell + across, lane * rise**2 * (3 - 2 * rise)


def _pipe(chart: go.Figure, x: np.ndarray, y: np.ndarray, width: float, color: str) -> None:
    chart.add_scatter(x=x, y=y, mode="lines", line={"width": width, "color": color, "simplify": False},
                      hoverinfo="skip")  # fmt: skip


def _label(chart: go.Figure, row: pd.Series, lane: float, total: float, theme: Theme) -> None:
    """Name and channels above the middle of a branch, and a hover on it."""
    gone = row.channels == 0
    left = "cut" if gone else f"{round(row.channels, 1):g} of {row.whole} channels"
    chart.add_annotation(
        x=row.cell + 0.5, y=lane, text=f"<b>{row.kernel}×{row.kernel}</b>  {left}", showarrow=False, yshift=WIDEST,
        font={"size": 13, "color": theme.muted if gone else theme.ink},
    )  # fmt: skip
    chart.add_scatter(
        x=[row.cell + 0.5], y=[lane], mode="markers", marker={"size": 26, "opacity": 0},
        hovertemplate=f"<b>Cell {row.cell}, {row.kernel}×{row.kernel}</b><br>{left}<br>"
        f"{row.macs:,.0f} multiply-adds, {100 * row.macs / total:.0f} % of all branches'<extra></extra>",
    )  # fmt: skip


def _nodes(chart: go.Figure, cells: list[int], theme: Theme) -> None:
    """Where cells meet: images come in at the left, logits go out at the right."""
    chart.add_scatter(
        x=[*cells, cells[-1] + 1], y=[0] * (len(cells) + 1), mode="markers", hoverinfo="skip",
        marker={"size": 15, "color": theme.surface, "line": {"width": 2, "color": theme.ink}},
    )  # fmt: skip
    for x, words, anchor, shift in ((cells[0], "image", "right", -14), (cells[-1] + 1, "classes", "left", 14)):
        chart.add_annotation(x=x, y=0, text=words, showarrow=False, xanchor=anchor, xshift=shift,
                             font={"size": 13, "color": theme.muted})  # fmt: skip
