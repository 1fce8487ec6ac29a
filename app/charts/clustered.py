"""A matrix as a heat map, with a dendrogram on each axis that is clustered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from app.charts.base import Scale, color_bar, inks
from app.colour import fade
from app.theme import Theme

TREE = 64  # pixels a dendrogram takes
CELL = 27  # and a row
LABELS = 96  # and the slanted names under the columns
CLICK = "cell"


@dataclass(frozen=True)
class Axis:
    """One side of a matrix, as it is drawn.

    `names`: what identifies each line (a click says it), in the order drawn. `labels`: what is written. `linkage`:
    scipy's, of the first lines, or None for no dendrogram; lines beyond its leaves stand
    apart. `places`: the leaf number of each line with a leaf, in the order drawn (None: as they are).
    """

    names: Sequence[str]
    labels: Sequence[str]
    linkage: np.ndarray | None = None
    places: np.ndarray | None = None


@dataclass(frozen=True)
class Cells:
    """`values` [rows, columns] colour the cells (NaN: none), `texts` stand in them, `hovers` say more. `faded` are
    within noise."""

    values: np.ndarray
    texts: np.ndarray
    hovers: np.ndarray
    faded: np.ndarray | None = None


def clustered(cells: Cells, rows: Axis, columns: Axis, scale: Scale, unit: str, theme: Theme) -> go.Figure:
    """The matrix; columns' dendrogram on top, rows' at the right. Its cells can be clicked: `customdata` of a point
    is (row's name, column's name)."""
    top, side = _has_tree(columns), _has_tree(rows)
    height = CELL * max(len(rows.names), 1) + LABELS + (TREE if top else 0) + 16
    inner = height - LABELS - 16
    split = 1 - (TREE / inner if top else 0)
    right = 0.93 if side else 1.0
    figure = go.Figure()
    figure.update_layout(
        template=theme.template, height=height, margin={"l": 8, "r": 8, "t": 8, "b": LABELS}, showlegend=False
    )
    faded = np.zeros(cells.values.shape, dtype=bool) if cells.faded is None else cells.faded
    for own, opacity in ((~faded, 1.0), (faded, 0.28)):
        if own.any():
            figure.add_trace(_heat(np.where(own, cells.values, np.nan), opacity))
    figure.add_traces(_texts(cells, faded, rows, columns, scale, theme))
    if top:
        figure.add_trace(_tree(columns, theme, flipped=False))
    if side:
        figure.add_trace(_tree(rows, theme, flipped=True))
    colours, low, high = scale
    figure.update_layout(
        coloraxis={"colorscale": colours, "cmin": low, "cmax": high, **color_bar(unit, y=split)},
        xaxis={**_lines(columns), "domain": [0, right], "tickangle": -38, "automargin": False},
        yaxis={**_lines(rows), "domain": [0, split], "range": [len(rows.names) - 0.5, -0.5]},
        xaxis2={"domain": [min(right + 0.004, 1), 1], "anchor": "y", "rangemode": "tozero", **_bare()},
        yaxis2={"domain": [min(split + 0.01, 1), 1], "anchor": "x", "rangemode": "tozero", **_bare()},
    )
    return figure


def dendrogram(axis: Axis) -> tuple[np.ndarray, np.ndarray]:
    """The tree as one path: places along the axis (0 is its first line) and heights, NaN between the joints."""
    assert axis.linkage is not None
    count = len(axis.linkage) + 1
    leaves = np.arange(count) if axis.places is None else np.asarray(axis.places)
    place = np.empty(2 * count - 1)
    height = np.zeros(2 * count - 1)
    place[leaves] = np.arange(count)
    along, up = [], []
    for node, (left, right, joint, _) in enumerate(axis.linkage, count):
        a, b = int(left), int(right)
        place[node], height[node] = (place[a] + place[b]) / 2, joint
        along += [place[a], place[a], place[b], place[b], np.nan]
        up += [height[a], joint, joint, height[b], np.nan]
    return np.array(along), np.array(up)


def _has_tree(axis: Axis) -> bool:
    return axis.linkage is not None and len(axis.names) > 1


def _tree(axis: Axis, theme: Theme, flipped: bool) -> go.Scatter:
    along, up = dendrogram(axis)
    return go.Scatter(
        x=up if flipped else along,
        y=along if flipped else up,
        xaxis="x2" if flipped else "x",
        yaxis="y" if flipped else "y2",
        mode="lines",
        line={"color": theme.muted, "width": 1.3},
        hoverinfo="skip",
        name="tree",
    )


def _heat(values: np.ndarray, opacity: float) -> go.Heatmap:
    return go.Heatmap(
        z=values, x=list(range(values.shape[1])), y=list(range(values.shape[0])), coloraxis="coloraxis",
        opacity=opacity, xgap=1.5, ygap=1.5, hoverinfo="skip", hoverongaps=False,
    )  # fmt: skip


def _texts(cells: Cells, faded: np.ndarray, rows: Axis, columns: Axis, scale: Scale, theme: Theme) -> list[go.Scatter]:
    """The texts, a trace for each ink: so a click, which marks a point, changes no colour."""
    there = np.argwhere(~np.isnan(cells.values))
    if not len(there):
        return []
    ink = np.array(inks(cells.values[tuple(there.T)], scale), dtype=object)
    ink[faded[tuple(there.T)]] = theme.ink
    traces = []
    for colour in dict.fromkeys(ink.tolist()):
        own = there[ink == colour]
        same = {"textfont": {"color": colour}, "marker": {"opacity": 0}}
        traces.append(
            go.Scatter(
                x=own[:, 1],
                y=own[:, 0],
                text=[str(cells.texts[line, column]) for line, column in own],
                mode="markers+text",
                marker={"symbol": "square", "size": CELL - 3, "opacity": 0},
                textfont={"size": 11.5, "color": colour},
                customdata=[[rows.names[line], columns.names[column]] for line, column in own],
                hovertext=[
                    f"<b>{rows.labels[line]}</b>, {columns.labels[column]}<br>{cells.hovers[line, column]}"
                    for line, column in own
                ],
                hovertemplate="%{hovertext}<extra></extra>",
                selected=same,
                unselected=same,
                name=CLICK,
                cliponaxis=False,
            )
        )
    return traces


def _lines(axis: Axis) -> Mapping[str, object]:
    return {
        "tickvals": list(range(len(axis.names))), "ticktext": list(axis.labels), "showgrid": False,
        "range": [-0.5, len(axis.names) - 0.5], "tickfont": {"size": 12.5}, "fixedrange": True,
    }  # fmt: skip


def _bare() -> Mapping[str, object]:
    return {"visible": False, "fixedrange": True}


def ringed(axis: Axis, marked: set[str], theme: Theme, figure: go.Figure) -> None:
    """Outline the columns named: those that were chosen."""
    for place, name in enumerate(axis.names):
        if name in marked:
            figure.add_shape(
                type="rect", x0=place - 0.5, x1=place + 0.5, y0=0, y1=1, xref="x", yref="y domain",
                line={"color": theme.accent, "width": 1.6}, fillcolor=fade(theme.accent, 0.0), layer="above",
            )  # fmt: skip
