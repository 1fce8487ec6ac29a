"""Densities at the edges of a ticket's column: of what lies across above it, of what lies upwards beside it.

They are shapes, not traces: they have no points to lasso, and follow the axes when these are zoomed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.statistics import density
from app.shell.colour import fade
from app.views.geometry.charts.columns import axis

ABOVE, BESIDE = 0.13, 0.09  # shares of a column's height and width
POINTS = 96  # of a curve


Places = tuple[np.ndarray, np.ndarray]
"""Values across and upwards, [N] each."""

Ranges = tuple[tuple[float, float], tuple[float, float]]
"""Those of the axes across and upwards."""


@dataclass(frozen=True)
class Part:
    """Some of a column's images: where they lie, and the colour of their densities."""

    places: Places
    colour: str


def places(rows: pd.DataFrame, x: str, y: str) -> Places:
    """Two columns of a frame."""
    return rows[x].to_numpy(float), rows[y].to_numpy(float)


def add_marginals(
    figure: go.Figure,
    columns: Sequence[Sequence[Part]],
    ranges: Ranges,
) -> None:
    """Make room in each column of a figure and draw the densities of its parts there.

    Areas of a column's parts are as their numbers of images, so that a small part stays low.

    Args:
        figure: made by `columns`, with as many columns.
        columns: the parts of each, those drawn last on top.
        ranges: of the axes across and upwards.
    """
    shapes: list[dict[str, object]] = []
    for column, parts in enumerate(columns, 1):
        across, upwards = figure.layout[axis("xaxis", column)], figure.layout[axis("yaxis", column)]
        low, high = across.domain or (0.0, 1.0)
        right = high - BESIDE * (high - low)
        across.domain, upwards.domain = (low, right), (0.0, 1 - ABOVE)
        curves = [(part, *_curves(part, ranges)) for part in parts]
        top_x = max((curve[1].max() for _, curve, _ in curves), default=0.0) or 1.0
        top_y = max((curve[1].max() for _, _, curve in curves), default=0.0) or 1.0
        for part, (x, over_x), (y, over_y) in curves:
            x_paper = right + (high - right) * (0.06 + 0.9 * over_y / top_y)
            y_paper = 1 - ABOVE * (0.94 - 0.88 * over_x / top_x)
            look = {"line": {"color": part.colour, "width": 1.3}, "fillcolor": fade(part.colour, 0.16)}
            above = _path(x, y_paper, y_paper.min())
            beside = _path(y, x_paper, x_paper.min(), turned=True)
            shapes.append({"type": "path", "path": above, "xref": axis("x", column), "yref": "paper", **look})
            shapes.append({"type": "path", "path": beside, "xref": "paper", "yref": axis("y", column), **look})
    figure.layout.shapes = [*figure.layout.shapes, *shapes]


def _curves(part: Part, ranges: Ranges) -> tuple[Places, Places]:
    found = []
    for values, limits in zip(part.places, ranges, strict=True):
        there = values[np.isfinite(values)]
        centres, height = density.curve(there, limits, POINTS)
        found.append((centres, height * len(there)))
    return found[0], found[1]


def _path(along: np.ndarray, height: np.ndarray, base: float, turned: bool = False) -> str:
    """A closed path under a curve, for plotly: SVG with numbers in the units of the axes."""
    line = [(along[0], base), *zip(along, height, strict=True), (along[-1], base)]
    places = [f"{y:.5g},{x:.5g}" if turned else f"{x:.5g},{y:.5g}" for x, y in line]
    return "M" + " L".join(places) + " Z"
