"""The charts of masks: what is drawn is what was given."""

import numpy as np
import pandas as pd
import pytest
import torch

from analysis.comparisons import mask_pairs
from analysis.metrics import overlap
from app.shell import theme
from app.shell.colour import contrast
from app.shell.theme import Style
from app.views.masks.charts import cell_grid
from app.views.masks.charts import overlap as charts

LIGHT = theme.get("light")
STYLES = {name: Style(f"Ticket {name}", "#123456", "circle") for name in "abc"}


def matrix(metric: str = "jaccard") -> pd.DataFrame:
    generator = torch.Generator().manual_seed(0)
    return overlap.pairwise({name: {"l": torch.rand(200, generator=generator) < 0.3} for name in "abc"}, metric)


def test_each_cell_of_the_matrix_names_its_pair_and_value() -> None:
    values = matrix()
    points = charts.matrix(values, STYLES, "jaccard", ("a", "b"), LIGHT).data[1]
    for x, y, pair, text, hover in zip(
        points.x, points.y, points.customdata, points.text, points.hovertext, strict=True
    ):
        one, other = "abc"[y], "abc"[x]
        assert pair == f"{one} {other}"
        assert text == ("" if one == other else f"{values.at[one, other]:.2f}")
        assert f"Ticket {one}" in hover
        assert f"Ticket {other}" in hover


def test_the_pair_looked_at_is_framed_on_both_sides() -> None:
    shapes = charts.matrix(matrix(), STYLES, "jaccard", ("a", "c"), LIGHT).layout.shapes
    assert {(shape.x0, shape.y0) for shape in shapes} == {(-0.5, 1.5), (1.5, -0.5)}
    assert not charts.matrix(matrix(), STYLES, "jaccard", ("a", "gone"), LIGHT).layout.shapes


def test_no_two_overlaps_that_differ_have_one_colour() -> None:
    """Twins, which have all in common, are at the end of the scale that is drawn beside it."""
    values = matrix()
    values.loc["a", "b"] = values.loc["b", "a"] = 1.0
    cells = charts.matrix(values, STYLES, "jaccard", ("a", "b"), LIGHT).data[0]
    assert cells.showscale is not False
    assert (cells.zmin, cells.zmax) == (0, 1)
    assert cells.colorbar.title.text == "Jaccard"


def test_a_value_that_is_not_defined_is_a_dash_and_a_negative_one_has_its_sign() -> None:
    values = matrix("adjusted")
    values.loc["a", "b"] = np.nan
    values.loc["a", "c"] = -0.001
    values.loc["b", "a"] = -0.25
    text = charts.matrix(values, STYLES, "adjusted", ("a", "b"), LIGHT).data[1].text
    assert (text[1], text[2], text[3]) == ("–", "0.00", "−0.25")


@pytest.mark.parametrize("values", [(-0.03, -0.05, -0.01), (-0.2, 0.0, 0.2), (0.1, 0.5, 0.9)])
def test_numbers_are_read_on_their_cells_also_where_all_are_below_zero(values: tuple[float, ...]) -> None:
    table = matrix("adjusted")
    for (one, other), value in zip((("a", "b"), ("a", "c"), ("b", "c")), values, strict=True):
        table.loc[one, other] = table.loc[other, one] = value
    cells, points, *_ = charts.matrix(table, STYLES, "adjusted", ("a", "b"), LIGHT).data
    stops = np.array([float(stop) for stop, _ in LIGHT.sequential])
    parts = np.array([[int(colour[place : place + 2], 16) for place in (1, 3, 5)] for _, colour in LIGHT.sequential])
    for value, place in zip(values, (1, 2, 5), strict=True):
        share = (value - cells.zmin) / (cells.zmax - cells.zmin)
        mixed = [round(np.interp(share, stops, parts[:, channel])) for channel in range(3)]
        assert contrast("#" + "".join(f"{part:02x}" for part in mixed), points.textfont.color[place]) > 3


def test_the_overlap_by_layer_shows_chance_beside_it() -> None:
    generator = torch.Generator().manual_seed(0)
    layers = {"one.weight": 300, "two.weight": 500}
    masks = {n: {key: torch.rand(size, generator=generator) < 0.4 for key, size in layers.items()} for n in "ab"}
    rows = mask_pairs.layers_of_pair(overlap.count(masks), "jaccard")
    bar, mark = charts.pair_by_layer(rows, "jaccard", STYLES["a"], STYLES["b"], LIGHT).data
    assert list(bar.y) == list(mark.y) == ["one", "two"]
    assert np.array_equal(bar.x, rows["value"])
    assert np.array_equal(mark.x, rows["chance"])


def layers(kept: list[int]) -> pd.DataFrame:
    rows = enumerate(kept)
    columns = {"total": 100, "filters": 10, "dead_filters": 2}
    return pd.DataFrame(
        [{"ticket_id": "a", "layer": f"l{p}.weight", "position": p, "kept": k} | columns for p, k in rows]
    )


def test_a_collapsed_layer_is_marked_not_lost_by_the_log_scale() -> None:
    line = charts.kept_by_layer(layers([50, 0, 4]), {"a": STYLES["a"]}, LIGHT).data[0]
    assert list(line.x) == ["l0", "l1", "l2"]
    assert line.y[0] == pytest.approx(50)
    assert 0 < line.y[1] < line.y[2] == pytest.approx(4)
    assert list(line.marker.symbol) == ["circle", "x-open", "circle"]
    assert line.text[1] == "nothing is kept"


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_cells_beside_each_other_show_what_each_ticket_keeps(mode: str) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((4, 3, 3, 3)) < 0.5, rng.random((4, 3, 3, 3)) < 0.5
    grid = cell_grid.lay_out(mask_pairs.agreement(a, b))
    look = theme.get(mode)
    figure = charts.cells(grid, STYLES["a"], STYLES["b"], True, look)
    for axis, mask in (("x", a), ("x2", b)):
        drawn = [trace for trace in figure.data if trace.type == "heatmap" and trace.xaxis == axis]
        by_colour = {trace.colorscale[0][1]: int(np.isfinite(trace.z).sum()) for trace in drawn}
        assert by_colour[look.both] == (a & b).sum()
        assert by_colour[look.only_a if axis == "x" else look.only_b] == mask.sum() - (a & b).sum()
        assert by_colour[look.neither] == mask.size - mask.sum()


def test_cells_laid_over_each_other_show_every_weight_in_its_state() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.random((20, 30)) < 0.3, rng.random((20, 30)) < 0.3
    figure = charts.cells(cell_grid.lay_out(mask_pairs.agreement(a, b)), STYLES["a"], STYLES["b"], False, LIGHT)
    drawn = {trace.name: np.isfinite(trace.z) for trace in figure.data if trace.type == "heatmap"}
    expected = {"both": a & b, "only Ticket a": a & ~b, "only Ticket b": b & ~a, "neither": ~(a | b)}
    assert set(drawn) == set(expected)
    for name, mask in expected.items():
        assert np.array_equal(drawn[name], mask)
    legend = [trace.name for trace in figure.data if trace.type == "scatter"]
    assert f"both ({(a & b).sum():,})" in legend


def test_many_tickets_have_short_numbers_in_their_cells() -> None:
    ids = [f"t{place}" for place in range(charts.ROOMY + 1)]
    values = pd.DataFrame(0.25, index=ids, columns=ids)
    values.iloc[0, 1], values.iloc[0, 2], values.iloc[0, 3] = 1.0, -0.5, 20.0
    styles = {name: Style(name, "#123456", "circle") for name in ids}
    text = charts.matrix(values, styles, "adjusted", ("t0", "t1"), LIGHT).data[1].text
    assert text[1:5] == ("1.00", "−.50", "20", ".25")
    assert charts.matrix_height(charts.ROOMY + 1) >= charts.matrix_height(charts.ROOMY)
