"""A clustered heat map holds each value at the lines it belongs to, and its trees join what scipy joined."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from scipy.cluster.hierarchy import dendrogram as scipy_dendrogram
from scipy.cluster.hierarchy import linkage

from app.charts.base import NOISE
from app.charts.dendrogram import clustered_heat_map, dendrogram
from app.shell import theme

LIGHT = theme.get("light")
SCALE = (LIGHT.diverging, -10.0, 10.0)


def frame(rows: int = 5, columns: int = 7) -> pd.DataFrame:
    values = np.random.default_rng(1).normal(size=(rows, columns))
    return pd.DataFrame(values, [f"r{line}" for line in range(rows)], [f"c{line}" for line in range(columns)])


def draw(values: pd.DataFrame, **more: Any) -> go.Figure:
    trees = linkage(values, "average"), linkage(values.T, "average")
    return clustered_heat_map(values, *trees, SCALE, "points", LIGHT, **more)


def points(figure: go.Figure) -> list[tuple[float, float, str, list[str]]]:
    return [
        (x, y, text, list(names))
        for trace in figure.data
        if trace.type == "scatter" and trace.customdata is not None
        for x, y, text, names in zip(trace.x, trace.y, trace.text, trace.customdata, strict=True)
    ]


def test_each_cell_stands_at_its_own_names() -> None:
    values = frame()
    figure = draw(values, texts=values.map("{:.3f}".format).to_numpy())
    (heat,) = (trace for trace in figure.data if trace.type == "heatmap")
    rows, columns = figure.layout.yaxis.ticktext, figure.layout.xaxis.ticktext
    assert sorted(rows) == sorted(values.index)
    assert list(rows) != list(values.index)  # the tree orders them otherwise
    for line, row in enumerate(rows):
        for place, column in enumerate(columns):
            assert heat.z[line][place] == values.at[row, column]
    found = points(figure)
    assert len(found) == values.size
    for x, y, text, (row, column) in found:
        assert (rows[int(y)], columns[int(x)]) == (row, column)
        assert text == f"{values.at[row, column]:.3f}"


def test_the_tree_is_scipys() -> None:
    tree = linkage(frame(9, 4), "average")
    along, up = dendrogram(tree)
    theirs = scipy_dendrogram(tree, no_plot=True)
    joints = {
        tuple(np.round(each, 9)) for each in np.column_stack([along.reshape(-1, 5), up.reshape(-1, 5)])[:, [0, 2, 6]]
    }
    expected = {
        tuple(np.round([(x[0] - 5) / 10, (x[2] - 5) / 10, y[1]], 9))
        for x, y in zip(theirs["icoord"], theirs["dcoord"], strict=True)
    }
    assert {(min(a, b), max(a, b), h) for a, b, h in joints} == {(min(a, b), max(a, b), h) for a, b, h in expected}


def test_what_is_within_noise_is_paler_and_has_a_ring() -> None:
    values = frame(3, 3)
    faded = np.zeros((3, 3), dtype=bool)
    faded[0, 1] = True
    figure = draw(values, texts=np.full((3, 3), "7"), faded=faded)
    strong, pale = (trace for trace in figure.data if trace.type == "heatmap")
    assert pale.opacity < 0.5 < (strong.opacity or 1)
    assert np.isnan(strong.z).sum() == 1
    assert np.nansum(pale.z) == values.iloc[0, 1]
    assert [(names, text) for _, _, text, names in points(figure) if text != "7"] == [(["r0", "c1"], NOISE)]


def test_without_trees_the_order_stays() -> None:
    values = frame(3, 2)
    values.iloc[1, 1] = np.nan
    figure = clustered_heat_map(values, None, None, SCALE, "", LIGHT, row_labels={"r0": "First"}, chosen="c1")
    assert list(figure.layout.yaxis.ticktext) == ["First", "r1", "r2"]
    assert list(figure.layout.xaxis.ticktext) == ["c0", "c1"]
    assert len(points(figure)) == 5
    (outline,) = figure.layout.shapes
    assert (outline.x0, outline.x1) == (0.5, 1.5)


def test_a_tree_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="4 leaves"):
        clustered_heat_map(frame(3, 2), linkage(np.eye(4)), None, SCALE, "", LIGHT)


def test_nothing_and_a_single_line_are_drawn() -> None:
    for values in (frame().iloc[:0, :0], frame(1, 1)):
        clustered_heat_map(values, np.empty((0, 4)), np.empty((0, 4)), SCALE, "", LIGHT).to_json()
