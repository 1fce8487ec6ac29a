"""How images move, two classes and their boundary, who turns, which class suffers: drawn is what was given."""

import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis.comparisons.local_changes import class_changes, ticket_changes
from analysis.comparisons.local_geometry import arrows, moves
from app.views.geometry.charts.boundary import pair_plane
from app.views.geometry.charts.moves import change_arrows, change_density
from app.views.geometry.charts.suffering import by_class, turn_and_length
from tests.app.views.geometry.made import CLASSES, LIGHT, TICKETS, points, samples

N = 500


def moved(rows: int = 2000) -> pd.DataFrame:
    before = samples(N)
    rng = np.random.default_rng(3)
    after = before.assign(
        gap=before["gap"] - 8 + rng.normal(0, 1, 2 * N), relative_length=before["relative_length"] * 0.8
    )
    return moves(before, after, "relative_length", "gap").iloc[:rows]


def rounded(*values: float) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)


@pytest.mark.parametrize("over", ["cell", "class"])
def test_every_arrow_is_drawn_from_where_to_where_and_noise_is_pale(over: str) -> None:
    found = arrows(moved(), over)
    found.loc[found.index[0], "within_noise"] = True
    figure = change_arrows(moved(), found, TICKETS, CLASSES, LIGHT, over, "gap", "clean")
    drawn, pale = set(), set()
    for trace in figure.data:
        if isinstance(trace, go.Scatter) and trace.marker.angleref == "previous":
            for at in range(0, len(trace.x), 3):
                place = trace.xaxis, *rounded(trace.x[at], trace.y[at], trace.x[at + 1], trace.y[at + 1])
                drawn.add(place)
                if trace.line.color.endswith("0.3)"):
                    pale.add(place)
                assert "images" in trace.hovertext[at + 1]
    axes = {"a": "x", "b": "x2"}
    expected = {
        (
            axes[row.ticket_id],
            *(round(float(v), 6) for v in (row.x_before, row.y_before, row.x_after, row.y_after)),
        ): row
        for row in found.itertuples()
    }
    assert drawn == set(expected)
    assert pale == {place for place, row in expected.items() if row.within_noise}
    assert [len(trace.customdata) for trace in points(figure)] == [N, N]
    named = [note.text for note in figure.layout.annotations if note.text in {f"<b>{name}</b>" for name in CLASSES}]
    assert len(named) == (6 if over == "class" else 0)


def test_the_density_is_of_the_changes() -> None:
    figure = change_density(moved(), TICKETS, CLASSES, LIGHT, "gap")
    own = moved()[lambda rows: rows["ticket_id"] == "a"].set_index("sample")
    trace = points(figure)[0]
    np.testing.assert_allclose(trace.y, own.loc[trace.customdata, "y_move"], rtol=1e-5)
    np.testing.assert_allclose(trace.x, own.loc[trace.customdata, "x_move"], rtol=1e-5)
    assert figure.layout.yaxis.range[1] > 0  # no change is always in sight


def plane() -> tuple[pd.DataFrame, pd.DataFrame]:
    frame = samples()[lambda rows: rows["label"] < 2]
    rows = frame.assign(across=np.where(frame["label"] == 0, 0.3, -0.2), rest=1.0, lead=0.1)
    return rows, pd.DataFrame({"ticket_id": ["a", "b"], "boundary": [0.05, np.nan], "own": [0.9, np.nan], "n": [40, 0]})


def test_the_boundary_is_a_line_where_there_is_one() -> None:
    rows, boundaries = plane()
    figure = pair_plane(rows, boundaries, TICKETS, CLASSES, LIGHT, (0, 1), rows)
    lines = [shape for shape in figure.layout.shapes if shape.type == "line"]
    assert [(line.x0, line.x1, line.xref) for line in lines] == [(0.05, 0.05, "x")]
    text = " ".join(note.text for note in figure.layout.annotations)
    assert "90.0 % on the side of their own class" in text
    assert "no boundary" in text
    assert [len(trace.customdata) for trace in points(figure)] == [40, 40]
    assert {"zero", "one", "boundary"} <= {trace.name for trace in figure.data}


def test_tickets_and_classes_have_a_mark_each_with_its_interval() -> None:
    rows = moved().assign(key=lambda each: each["ticket_id"], seed=0)
    table, classes = ticket_changes(rows), class_changes(rows)
    chart = turn_and_length(table, TICKETS, LIGHT)
    for trace, row in zip(chart.data, table.itertuples(), strict=True):
        assert trace.y[0] == pytest.approx(row.turn)
        assert trace.y[0] + trace.error_y.array[0] == pytest.approx(row.turn_high)
        assert trace.x[0] - trace.error_x.arrayminus[0] == pytest.approx(100 * row.length_low)
    chart = by_class(classes, TICKETS, CLASSES, LIGHT)
    order = classes.groupby("label")["change"].mean().sort_values().index
    assert list(chart.layout.yaxis.ticktext) == [CLASSES[each] for each in order]  # the worst on top
    assert chart.layout.yaxis.range[0] > chart.layout.yaxis.range[1]
    assert chart.layout.showlegend
    for trace, ticket in zip(chart.data, TICKETS, strict=True):
        assert trace.name == TICKETS[ticket].label
        own = classes[classes["key"] == ticket]
        assert sorted(trace.x) == pytest.approx(sorted(own["change"]))
        assert [round(y) for y in trace.y] == [list(order).index(each) for each in own["label"]]


def test_of_many_classes_those_that_lose_most_are_shown() -> None:
    names = [f"class {each}" for each in range(1000)]
    rows = pd.DataFrame({"key": "a", "label": np.arange(1000), "n": 5, "change": np.arange(1000.0), "low": -1.0,
                         "high": 1.0, "after": 0.0})  # fmt: skip
    chart = by_class(rows, TICKETS, names, LIGHT)
    assert list(chart.layout.yaxis.ticktext) == names[:20]
    assert len(chart.data[0].x) == 20


@pytest.mark.parametrize("rows", [0, 1])
def test_almost_nothing_is_drawn(rows: int) -> None:
    frame = moved(rows).assign(key=lambda each: each["ticket_id"], seed=0)
    for figure in (
        change_arrows(frame, arrows(frame), TICKETS, CLASSES, LIGHT, "cell", "gap", "clean"),
        change_density(frame, TICKETS, CLASSES, LIGHT, "gap"),
        turn_and_length(ticket_changes(frame), TICKETS, LIGHT),
        by_class(class_changes(frame), TICKETS, CLASSES, LIGHT),
    ):
        assert re.search("data", figure.to_json())
