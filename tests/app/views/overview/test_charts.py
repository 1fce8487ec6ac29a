"""The charts of the overview."""

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import family_means
from app.charts.base import label_places
from app.shell import theme
from app.views.overview.charts import accuracy as charts
from tests.analysis.comparisons.test_family_means import results
from tests.app.conftest import make_tickets

LIGHT = theme.get("light")
METHODS = ["dense", "snip", "imp", "shuffled"]


@pytest.fixture
def families() -> pd.DataFrame:
    keys = dict.fromkeys(make_tickets()["key"])
    summary, conditions = results({key: [0.9 - 0.05 * place, 0.88 - 0.05 * place] for place, key in enumerate(keys)})
    return family_means.by_family(family_means.measured(make_tickets(), summary, conditions))


@pytest.mark.parametrize("measure", ["accuracy", "corrupted"])
def test_a_line_a_method_with_its_means_and_intervals(families: pd.DataFrame, measure: str) -> None:
    colours, symbols = theme.method_colors(METHODS, "light"), theme.symbols(METHODS)
    figure = charts.against_sparsity(families, measure, colours, symbols, LIGHT)
    assert [trace.name for trace in figure.data] == ["SNIP", "IMP", "IMP shuffled"]
    for trace, method in zip(figure.data, METHODS[1:], strict=True):
        rows = families[families["method"] == method]
        assert np.allclose(1 - 10**-trace.y, rows[measure])
        assert np.allclose(1 - 10 ** -(trace.y + trace.error_y.array), np.minimum(rows[f"{measure}_high"], 1 - 5e-4))
        assert np.allclose(1 - 10 ** -(trace.y - trace.error_y.arrayminus), rows[f"{measure}_low"])
        assert [row[3] for row in trace.customdata] == pytest.approx((100 * rows[measure]).tolist())
        assert trace.line.color == colours[method]
        assert [row[0] for row in trace.customdata] == rows["label"].tolist()
    assert list(figure.layout.xaxis.ticktext) == ["50 %", "90 %"]


def test_the_axis_says_which_accuracy_lies_where(families: pd.DataFrame) -> None:
    figure = charts.against_sparsity(
        families, "accuracy", dict.fromkeys(METHODS, "#123456"), dict.fromkeys(METHODS, "circle"), LIGHT
    )
    axis = figure.layout.yaxis
    assert len(axis.tickvals) >= 4
    for text, place in zip(axis.ticktext, axis.tickvals, strict=True):
        assert 1 - 10**-place == pytest.approx(float(text.removesuffix(" %")) / 100)
        assert axis.range[0] < place < axis.range[1]
    assert axis.range[0] < min(figure.data[0].y) < axis.range[1]


def test_the_dense_network_is_a_level_line(families: pd.DataFrame) -> None:
    colours, symbols = theme.method_colors(METHODS, "light"), theme.symbols(METHODS)
    figure = charts.against_sparsity(families, "accuracy", colours, symbols, LIGHT)
    dense = families[families["method"] == "dense"].iloc[0]
    (level,) = [shape.y0 for shape in figure.layout.shapes if shape.type == "line"]
    assert 1 - 10**-level == pytest.approx(dense["accuracy"])
    assert figure.layout.annotations[0].text == f"Dense {100 * dense['accuracy']:.1f} %"
    without = charts.against_sparsity(families.iloc[1:], "accuracy", colours, symbols, LIGHT)
    assert not without.layout.shapes


def test_chosen_tickets_are_coloured_and_others_faint(families: pd.DataFrame) -> None:
    styles = {"imp-90": theme.Style("IMP 90 %", "#a82c28", "star"), "dense": theme.Style("Dense", "#5b6573", "x")}
    others, *chosen = charts.clean_against_corrupted(families, styles, LIGHT).data
    assert len(others.x) == len(families) - 2
    assert {trace.marker.color for trace in chosen} == {"#a82c28", "#5b6573"}
    for trace in chosen:
        row = families[families["label"] == trace.customdata[0][0]].iloc[0]
        assert (trace.x[0], trace.y[0]) == pytest.approx((100 * row["accuracy"], 100 * row["corrupted"]))


def test_tickets_without_results_are_left_out(families: pd.DataFrame) -> None:
    families.loc[families["key"] == "imp-90", ["corrupted", "corrupted_low", "corrupted_high"]] = np.nan
    figure = charts.clean_against_corrupted(families, {"imp-90": theme.Style("IMP", "#a82c28", "star")}, LIGHT)
    assert len(figure.data) == 1


def test_labels_keep_off_points_without_one_where_they_can() -> None:
    at, size = np.array([0.5]), (400.0, 400.0)
    assert label_places(at, at, np.array([60.0]), size) == ["top right"]
    right = np.array([0.56, 0.56]), np.array([0.535, 0.465])  # 24 pixels to the right, 14 above and below
    assert label_places(at, at, np.array([60.0]), size, right) == ["top left"]
    everywhere = np.array([0.56, 0.56, 0.44, 0.44, 0.44]), np.array([0.535, 0.465, 0.535, 0.465, 0.535])
    assert label_places(at, at, np.array([60.0]), size, everywhere) == ["top right"]  # fewest, and never none
    twice = (np.repeat(axis, 2) for axis in everywhere)
    assert label_places(at, at, np.array([60.0]), size, (next(twice), next(twice))) == ["middle right"]


def test_labels_cross_neither_each_other_nor_points() -> None:
    rng = np.random.default_rng(0)
    x, y, size = rng.random(14), rng.random(14), (430.0, 340.0)
    widths = np.full(14, 80.0)
    places = label_places(x, y, widths, size)
    assert sum(map(bool, places)) >= 8
    boxes = []
    for px, py, place in zip(x * size[0], y * size[1], places, strict=True):
        if place:
            side, vertical = place.split()[::-1]
            left = {"right": px + 4, "left": px - 84}[side]
            bottom = {"top": py + 5, "bottom": py - 20, "middle": py - 7.5}[vertical]
            boxes.append((left, bottom, left + 80, bottom + 15))
    for index, one in enumerate(boxes):
        assert -6 <= one[0] <= one[2] <= size[0] + 6
        for other in boxes[:index]:
            assert min(one[2], other[2]) - max(one[0], other[0]) < 6 or min(one[3], other[3]) <= max(one[1], other[1])
