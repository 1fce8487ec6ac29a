"""Gap against length, and the margins: every sample is one point in its ticket's column, and the numbers are right."""

import re

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.views.geometry.charts import local
from app.views.geometry.charts.scatter import span
from tests.app.views.geometry.made import CLASSES, LIGHT, TICKETS, colours_of, points, samples


def test_each_ticket_has_a_column_with_every_sample_once() -> None:
    frame = samples()
    figure = local.angle_length(frame, TICKETS, CLASSES, LIGHT)
    assert [trace.xaxis for trace in points(figure)] == ["x", "x2"]
    for ticket, trace in zip(TICKETS, points(figure), strict=True):
        own = frame[frame["ticket_id"] == ticket].set_index("sample")
        assert sorted(trace.customdata) == list(range(60))
        np.testing.assert_allclose(trace.x, own.loc[trace.customdata, "relative_length"], rtol=1e-6)
        np.testing.assert_allclose(trace.y, own.loc[trace.customdata, "gap"], rtol=1e-6)


def test_raw_vectors_are_shown_where_they_are_asked_for_and_the_axes_say_so() -> None:
    frame = samples()
    raw = local.angle_length(frame, TICKETS, CLASSES, LIGHT, "length", "angle")
    own = frame[frame["ticket_id"] == "a"].set_index("sample")
    np.testing.assert_allclose(points(raw)[0].y, own.loc[points(raw)[0].customdata, "angle"], rtol=1e-6)
    assert raw.layout.yaxis.title.text == "angle to own class (degrees)"
    centred = local.angle_length(frame, TICKETS, CLASSES, LIGHT)
    assert "gap" in centred.layout.yaxis.title.text
    nearest = points(local.margins(frame, TICKETS, CLASSES, LIGHT, "nearest_margin"))[0]
    np.testing.assert_allclose(nearest.x, own.loc[nearest.customdata, "nearest_margin"], rtol=1e-6)


def test_columns_share_their_axes_and_hold_all_points() -> None:
    figure = local.angle_length(samples(), TICKETS, CLASSES, LIGHT)
    assert figure.layout.xaxis2.matches == "x"
    assert figure.layout.yaxis2.matches == "y"
    for trace in points(figure):
        low, high = figure.layout.xaxis.range
        assert low <= min(trace.x)
        assert max(trace.x) <= high


def test_wrong_samples_have_the_ink_and_lie_on_top() -> None:
    frame = samples()
    trace = points(local.angle_length(frame, TICKETS, CLASSES, LIGHT))[0]
    own = frame[frame["ticket_id"] == "a"].set_index("sample").loc[trace.customdata]
    wrong = (own["prediction"] != own["label"]).to_numpy()
    assert [colour == LIGHT.ink for colour in colours_of(trace)] == wrong.tolist()
    assert wrong.tolist() == sorted(wrong.tolist())
    assert wrong.any()


def test_the_hover_names_sample_class_prediction_and_confidence() -> None:
    frame = samples()
    trace = points(local.margins(frame, TICKETS, CLASSES, LIGHT))[0]
    hover = trace.meta["hover"]
    own = frame[frame["ticket_id"] == "a"].set_index("sample").loc[trace.customdata]
    assert [hover["classes"][label] for label in hover["label"]] == [CLASSES[label] for label in own["label"]]
    assert [hover["classes"][guess] for guess in hover["prediction"]] == [CLASSES[guess] for guess in own["prediction"]]
    np.testing.assert_allclose(hover["percent"], 100 * own["confidence"], atol=0.5)
    assert hover["detail"] == "margin %{x:.2f}"


def test_margins_print_the_share_that_is_wrong_and_leave_missing_values_out() -> None:
    frame = samples()
    figure = local.margins(frame, TICKETS, CLASSES, LIGHT)
    printed = [
        float(found[1]) for note in figure.layout.annotations if (found := re.match(r"error ([\d.]+) %", note.text))
    ]
    expected = [100 * (own["prediction"] != own["label"]).mean() for _, own in frame.groupby("ticket_id", sort=False)]
    assert printed == pytest.approx(expected, abs=0.05)
    assert [len(trace.x) for trace in points(figure)] == [59, 59]


def test_points_lie_under_the_curve_of_their_margins() -> None:
    figure = local.margins(samples(), TICKETS, CLASSES, LIGHT)
    curves = [trace for trace in figure.data if trace.fill == "tozeroy"]
    for curve, trace in zip(curves, points(figure), strict=True):
        assert (trace.y <= np.interp(trace.x, curve.x, curve.y) + 1e-6).all()
        assert (np.asarray(trace.y) >= 0).all()


@given(arrays(np.float64, st.integers(0, 20), elements=st.floats(-1e6, 1e6) | st.just(np.nan)))
def test_a_span_has_a_width_and_holds_everything(values: np.ndarray) -> None:
    low, high = span(values)
    assert low < high
    there = values[np.isfinite(values)]
    assert ((there >= low) & (there <= high)).all()


@pytest.mark.parametrize("rows", [0, 1])
def test_charts_of_almost_nothing_are_drawn(rows: int) -> None:
    frame = samples().iloc[:rows]
    for draw in (local.angle_length, local.margins):
        figure = draw(frame, TICKETS, CLASSES, LIGHT)
        assert len(points(figure)) == 2
        figure.to_json()


def marginals(figure: go.Figure) -> list[go.layout.Shape]:
    return [shape for shape in figure.layout.shapes if shape.type == "path"]


def test_densities_stand_at_the_edges_and_points_keep_clear_of_them() -> None:
    frame = samples()
    figure = local.angle_length(frame, TICKETS, CLASSES, LIGHT, clean=frame.assign(gap=frame["gap"] + 9))
    assert len(marginals(figure)) == 2 * 2 * 2  # two tickets, clean and corrupted, above and beside
    for shape in marginals(figure):
        places = np.array([place.split(",") for place in re.findall(r"[-\d.e]+,[-\d.e]+", shape.path)], float)
        above = shape.yref == "paper"
        free = places[:, 1] if above else places[:, 0]
        column = figure.layout[f"xaxis{shape.xref[1:]}"] if above else None
        assert free.min() >= (figure.layout.yaxis.domain[1] if above else figure.layout.xaxis.domain[1])
        assert free.max() <= 1
        if column is not None:  # the curve's mode is where the values are dense
            own = frame[frame["ticket_id"] == "ab"[int(shape.xref[1:] or 1) - 1]]["relative_length"]
            assert own.min() - 0.5 < places[free.argmax(), 0] < own.max() + 0.5


def test_classes_have_densities_and_a_key_of_their_own() -> None:
    figure = local.angle_length(samples(), TICKETS, CLASSES, LIGHT, colouring="class")
    assert {shape.line.color for shape in marginals(figure)} == set(LIGHT.classes[:3])
    assert {"zero", "one", "two"} <= {trace.name for trace in figure.data if trace.showlegend}
    trace = points(figure)[0]
    own = samples()[lambda frame: frame["ticket_id"] == "a"].set_index("sample").loc[trace.customdata]
    assert colours_of(trace) == [LIGHT.classes[label] for label in own["label"]]
