"""Names stand at the ends of lines where they fit, and the legend stays where they do not."""

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from app.charts.direct import LINE, MOST, label_ends, spread
from app.shell import theme
from app.shell.colour import as_text, contrast


def chart(ends: list[float], **layout: object) -> go.Figure:
    figure = go.Figure(layout={"height": 370, "margin": {"r": 8, "t": 40}, **layout})
    for place, end in enumerate(ends):
        figure.add_scatter(x=[0, 1, 2], y=[0.5, 0.5, end], mode="lines+markers", name=f"Ticket {place}",
                           line={"color": "#c9a30c"})  # fmt: skip
    return figure


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_each_line_is_named_at_its_end(mode: str) -> None:
    figure = chart([0.0, 0.9, 1.0], yaxis={"range": [0, 1]})
    label_ends(figure, theme.get(mode))
    names = figure.layout.annotations
    assert [each.text for each in names] == ["Ticket 0", "Ticket 1", "Ticket 2"]
    assert [each.y for each in names] == [0.0, 0.9, 1.0]
    assert figure.layout.showlegend is False
    assert figure.layout.margin.r > 50
    pixels = [300 * each.y - each.ay for each in names]
    assert np.diff(sorted(pixels)).min() >= LINE - 1e-6
    assert min(pixels) >= 0
    assert max(pixels) <= 300
    assert all(contrast(each.font.color, theme.get(mode).surface) >= 4.5 for each in names)


def test_the_legend_stays_where_names_have_no_room() -> None:
    many = chart([place / 10 for place in range(MOST + 1)])
    alone = chart([0.5])
    early = chart([0.1, 0.2])
    early.data[0].x = [0, 0.5, 1]
    points = chart([0.1, 0.2])
    points.add_scatter(x=[0], y=[0], mode="markers", name="A point")
    panels = chart([0.1, 0.2])
    panels.data[1].xaxis = "x2"
    low = chart([0.1, 0.2, 0.3], height=100)
    same = chart([0.1, 0.2])
    same.data[1].name = "Ticket 0"
    for figure in (many, alone, early, points, panels, low, same):
        label_ends(figure, theme.get("light"))
        assert not figure.layout.annotations
        assert figure.layout.showlegend is None


def test_on_a_logarithmic_axis_and_one_that_runs_backwards() -> None:
    for turned in ({"autorange": "reversed"}, {"range": [3, 0]}):
        figure = chart([1.0, 100.0], xaxis=turned, yaxis={"type": "log", "range": [-1, 3]})
        for trace in figure.data:
            trace.x = [2, 1, 0.1]
        label_ends(figure, theme.get("light"))
        assert [each.y for each in figure.layout.annotations] == pytest.approx([0, 2])


def test_a_line_that_ends_early_is_named_where_a_mark_says_where() -> None:
    figure = chart([0.1, 0.2])
    figure.data[0].x = [0, 0.5, 1]
    label_ends(figure, theme.get("light"), marked=True)
    assert len(figure.layout.annotations) == 2


@given(st.lists(st.floats(0, 100), min_size=1, max_size=6))
def test_names_lie_apart_and_as_near_as_can_be(wanted: list[float]) -> None:
    found = spread(np.array(wanted), 15, 100)
    order = np.argsort(wanted, kind="stable")
    assert (np.diff(found[order]) >= 15 - 1e-9).all()
    assert found.min() >= -1e-9
    assert found.max() <= 100 + 1e-9
    if len(wanted) == 2:  # by hand: those nearer than 15 move by as much, as far as there is room
        low, high = sorted(wanted)
        middle = min(max((low + high) / 2, 7.5), 92.5)
        hand = [low, high] if high - low >= 15 else [middle - 7.5, middle + 7.5]
        assert sorted(found) == pytest.approx(hand)


def test_names_move_least_of_all() -> None:
    wanted = np.array([40.0, 42.0, 44.0, 90.0])
    apart = [{"type": "ineq", "fun": lambda x, i=i: x[i + 1] - x[i] - 15} for i in range(3)]
    best = minimize(lambda x: ((x - wanted) ** 2).sum(), [10, 30, 50, 70], bounds=[(0, 100)] * 4, constraints=apart)
    assert spread(wanted, 15, 100) == pytest.approx(best.x, abs=1e-3)


@pytest.mark.parametrize("background", ["#ffffff", "#12181f"])
@pytest.mark.parametrize("colour", ["#c9a30c", "#ecd04e", "#000000", "#ffffff", "#808080"])
def test_text_in_a_colour_can_be_read(colour: str, background: str) -> None:
    found = as_text(colour, background)
    assert contrast(found, background) >= 4.5
    if contrast(colour, background) >= 4.5:
        assert found == colour
