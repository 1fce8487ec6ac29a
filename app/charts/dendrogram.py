"""A heat map whose rows and columns are clustered, with the dendrogram of each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from scipy.cluster.hierarchy import leaves_list

from app.charts.base import NOISE, Scale, color_bar, inks
from app.shell.theme import Theme

TREE = 58  # pixels a dendrogram takes
CELL = 27  # and a row
LETTER = 6.4  # a letter of a label, on average
SLANT = 40  # degrees that the labels of columns are turned by
FADED = 0.3  # opacity of cells within noise


def clustered_heat_map(
    values: pd.DataFrame,
    row_tree: np.ndarray | None,
    column_tree: np.ndarray | None,
    scale: Scale,
    unit: str,
    theme: Theme,
    *,
    texts: np.ndarray | None = None,
    hover: np.ndarray | None = None,
    faded: np.ndarray | None = None,
    row_labels: Mapping[str, str] | None = None,
    column_labels: Mapping[str, str] | None = None,
    chosen: str | None = None,
    cell: int = CELL,
) -> go.Figure:
    """Draw the matrix in clustered order; the columns' dendrogram stands above it, the rows' at its right.

    Args:
        values: colours the cells; NaN: no cell. Index and columns name the lines, in the order that numbers the leaves.
        row_tree: scipy's linkage of the rows. None, or a single line: the order of `values`, and no dendrogram.
        column_tree: the same of the columns.
        scale: colours, and the values at their ends.
        unit: stands at the colour bar.
        theme: the colours of the page.
        texts: str [rows, columns] as `values`: what stands in a cell.
        hover: str [rows, columns]: what the hover adds.
        faded: bool [rows, columns], within noise: paler, with a ring in place of the text.
        row_labels: name -> what is written.
        column_labels: name -> what is written.
        chosen: name of a column to outline.
        cell: height of a row in pixels.

    A cell can be selected: the `customdata` of its point is [row's name, column's name].
    """
    texts = np.full(values.shape, "", dtype=object) if texts is None else np.asarray(texts, dtype=object)
    hover = np.full(values.shape, "", dtype=object) if hover is None else np.asarray(hover, dtype=object)
    faded = np.zeros(values.shape, dtype=bool) if faded is None else np.asarray(faded, dtype=bool)
    places = _order(row_tree, values.shape[0]), _order(column_tree, values.shape[1])
    index = np.ix_(*places)
    values, texts, hover, faded = values.iloc[places[0], places[1]], texts[index], hover[index], faded[index]
    rows = [(row_labels or {}).get(name, str(name)) for name in values.index]
    columns = [(column_labels or {}).get(name, str(name)) for name in values.columns]
    figure = _frame(rows, columns, len(places[1]) > 1 and column_tree is not None,
                    len(places[0]) > 1 and row_tree is not None, cell, theme)  # fmt: skip
    shown = values.to_numpy(float)
    for own, opacity in ((~faded, 1.0), (faded, FADED)):
        if own.any():
            figure.add_trace(_heat(np.where(own, shown, np.nan), opacity))
    figure.add_traces(_points(values, np.where(faded, NOISE, texts), hover, faded, rows, columns, scale, theme))
    for tree, order, flipped in ((column_tree, places[1], False), (row_tree, places[0], True)):
        if tree is not None and len(order) > 1:
            figure.add_trace(_tree(tree, flipped, theme))
    colours, low, high = scale
    bar = color_bar(unit, y=figure.layout.yaxis.domain[1], len=min(220, max(90, cell * len(rows))))
    figure.update_layout(coloraxis={"colorscale": colours, "cmin": low, "cmax": high, **bar})
    if chosen in set(values.columns):
        _outline(figure, list(values.columns).index(chosen), len(rows), theme)
    return figure


def dendrogram(tree: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn scipy's linkage [K - 1, 4] into one path, with NaN between the joints.

    Returns:
        Places of the joints' ends, where 0 is the first leaf as `leaves_list` orders them, and their heights.
    """
    count = len(tree) + 1
    place, height = np.empty(2 * count - 1), np.zeros(2 * count - 1)
    place[leaves_list(tree)] = np.arange(count)
    along: list[float] = []
    up: list[float] = []
    for node, (left, right, joint, _) in enumerate(tree, count):
        a, b = int(left), int(right)
        place[node], height[node] = (place[a] + place[b]) / 2, joint
        along += [place[a], place[a], place[b], place[b], np.nan]
        up += [height[a], joint, joint, height[b], np.nan]
    return np.array(along), np.array(up)


def _order(tree: np.ndarray | None, count: int) -> np.ndarray:
    if tree is None or count < 2:
        return np.arange(count)
    if len(tree) != count - 1:
        raise ValueError(f"A tree of {len(tree) + 1} leaves does not fit {count} lines.")
    return np.asarray(leaves_list(tree))


def _frame(
    rows: Sequence[str], columns: Sequence[str], above: bool, beside: bool, cell: int, theme: Theme
) -> go.Figure:
    """The axes: the matrix on x and y, the dendrograms on x2 and y2."""
    longest = max((len(re.sub("<[^>]*>", "", label)) for label in columns), default=0)
    foot = 14 + LETTER * longest * np.sin(np.radians(SLANT)) + 12 * np.cos(np.radians(SLANT))
    inner = cell * max(len(rows), 1) + (TREE if above else 0)
    top = 1 - (TREE / inner if above else 0)
    right = 0.9 if beside else 1.0
    figure = go.Figure()
    figure.update_layout(
        template=theme.template,
        height=round(inner + foot + 8),
        margin={"l": 8, "r": 8, "t": 8, "b": round(foot)},
        showlegend=False,
        hoverdistance=40,
        xaxis={**_lines(columns), "domain": [0, right], "tickangle": -SLANT, "automargin": False},
        yaxis={**_lines(rows), "domain": [0, top], "range": [len(rows) - 0.5, -0.5]},
        xaxis2={"domain": [min(right + 0.008, 1), 1], "anchor": "y", "rangemode": "tozero", **_BARE},
        yaxis2={"domain": [min(top + 0.012, 1), 1], "anchor": "x", "rangemode": "tozero", **_BARE},
    )
    return figure


_BARE = {"visible": False, "fixedrange": True}


def _lines(labels: Sequence[str]) -> dict[str, object]:
    return {
        "tickvals": list(range(len(labels))), "ticktext": list(labels), "showgrid": False, "zeroline": False,
        "range": [-0.5, len(labels) - 0.5], "tickfont": {"size": 12.5}, "fixedrange": True,
    }  # fmt: skip


def _heat(values: np.ndarray, opacity: float) -> go.Heatmap:
    return go.Heatmap(
        z=values, x=list(range(values.shape[1])), y=list(range(values.shape[0])), coloraxis="coloraxis",
        opacity=opacity, xgap=1.5, ygap=1.5, hoverinfo="skip", hoverongaps=False,
    )  # fmt: skip


def _points(
    values: pd.DataFrame,
    texts: np.ndarray,
    hover: np.ndarray,
    faded: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    scale: Scale,
    theme: Theme,
) -> list[go.Scatter]:
    """The texts, on points to hover and to click; a trace for each ink, so that a click changes no colour."""
    shown = values.to_numpy(float)
    there = np.argwhere(~np.isnan(shown))
    if not len(there):
        return []
    ink = np.array(inks(shown[tuple(there.T)], scale), dtype=object)
    ink[faded[tuple(there.T)]] = theme.ink
    traces = []
    for colour in dict.fromkeys(ink.tolist()):
        own = there[ink == colour]
        same = {"textfont": {"color": colour}, "marker": {"opacity": 0}}
        traces.append(
            go.Scatter(
                x=own[:, 1],
                y=own[:, 0],
                text=[str(texts[line, column]) for line, column in own],
                mode="markers+text",
                marker={"symbol": "square", "size": 20, "opacity": 0},
                textfont={"size": 11, "color": colour},
                customdata=[[str(values.index[line]), str(values.columns[column])] for line, column in own],
                hovertext=[
                    f"<b>{rows[line]}</b>, {columns[column]}<br>{hover[line, column]}"
                    + ("<br>within noise" if faded[line, column] else "")
                    for line, column in own
                ],
                hovertemplate="%{hovertext}<extra></extra>",
                selected=same,
                unselected=same,
                cliponaxis=False,
            )
        )
    return traces


def _tree(tree: np.ndarray, flipped: bool, theme: Theme) -> go.Scatter:
    along, up = dendrogram(tree)
    return go.Scatter(
        x=up if flipped else along,
        y=along if flipped else up,
        xaxis="x2" if flipped else "x",
        yaxis="y" if flipped else "y2",
        mode="lines",
        line={"color": theme.muted, "width": 1.3},
        hoverinfo="skip",
    )


def _outline(figure: go.Figure, place: int, rows: int, theme: Theme) -> None:
    figure.add_shape(
        type="rect", x0=place - 0.5, x1=place + 0.5, y0=-0.5, y1=rows - 0.5, xref="x", yref="y",
        line={"color": theme.accent, "width": 1.6}, layer="above",
    )  # fmt: skip
