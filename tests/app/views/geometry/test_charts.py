"""The charts of samples: every sample is one point in its ticket's column, and the numbers are right."""

import re

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.shell import theme
from app.shell.theme import Style
from app.views.geometry.charts import columns, panels
from app.views.geometry.charts.scatter import span

CLASSES = ["zero", "one", "two"]
LIGHT = theme.get("light")
TICKETS = {"a": Style("First", "#336699", "circle"), "b": Style("Second <i>", "#993366", "square", "dash")}


def samples(count: int = 60, seed: int = 0) -> pd.DataFrame:
    """Samples of both tickets, with values that are missing."""
    rng = np.random.default_rng(seed)
    parts = []
    for ticket in TICKETS:
        margin = rng.normal(1, 1, count).astype(np.float32)
        label = np.arange(count) % 3
        parts.append(
            pd.DataFrame(
                {
                    "ticket_id": ticket,
                    "sample": np.arange(count),
                    "label": label,
                    "prediction": np.where(margin > 0, label, (label + 1) % 3),
                    "confidence": rng.uniform(0.3, 1, count),
                    "angle": rng.uniform(20, 100, count),
                    "length": rng.uniform(1, 9, count),
                    "margin": margin,
                    "centred_length": rng.uniform(1, 9, count),
                    "gap": rng.uniform(-20, 60, count),
                    "nearest_margin": np.sqrt(np.abs(margin)) * np.sign(margin),
                }
            )
        )
    frame = pd.concat(parts, ignore_index=True)
    frame.loc[[3, count + 5], "margin"] = np.nan
    return frame


def points(figure: go.Figure) -> list[go.Scattergl]:
    return [trace for trace in figure.data if trace.meta and trace.meta["kind"] == columns.SAMPLES]


def colours_of(trace: go.Scattergl) -> list[str]:
    """The colours of its points, which plotly takes from the scale as the browser does from the palette."""
    palette = trace.meta["palette"]
    assert [colour for _, colour in trace.marker.colorscale] == palette
    assert (trace.marker.cmin, trace.marker.cmax) == (0, len(palette) - 1)
    return [palette[code] for code in trace.marker.color]


def placed(frame: pd.DataFrame) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    places = rng.normal(size=(2, len(frame)))
    return frame.assign(x=places[0], y=places[1])


QUALITY = pd.DataFrame({"trustworthiness": [0.91, 0.72], "recall": [0.48, np.nan]}, index=["a", "b"])


def test_each_ticket_has_a_column_with_every_sample_once() -> None:
    frame = samples()
    figure = panels.angle_length(frame, TICKETS, CLASSES, LIGHT)
    assert [trace.xaxis for trace in points(figure)] == ["x", "x2"]
    for ticket, trace in zip(TICKETS, points(figure), strict=True):
        own = frame[frame["ticket_id"] == ticket].set_index("sample")
        assert sorted(trace.customdata) == list(range(60))
        np.testing.assert_allclose(trace.x, own.loc[trace.customdata, "centred_length"], rtol=1e-6)
        np.testing.assert_allclose(trace.y, own.loc[trace.customdata, "gap"], rtol=1e-6)


def test_raw_vectors_are_shown_where_they_are_asked_for_and_the_axes_say_so() -> None:
    frame = samples()
    raw = panels.angle_length(frame, TICKETS, CLASSES, LIGHT, "length", "angle")
    own = frame[frame["ticket_id"] == "a"].set_index("sample")
    np.testing.assert_allclose(points(raw)[0].y, own.loc[points(raw)[0].customdata, "angle"], rtol=1e-6)
    assert raw.layout.yaxis.title.text == "angle to the true class (degrees)"
    assert "centred" not in raw.layout.xaxis.title.text
    centred = panels.angle_length(frame, TICKETS, CLASSES, LIGHT)
    assert "gap" in centred.layout.yaxis.title.text
    assert "centred" in centred.layout.xaxis.title.text
    nearest = points(panels.margins(frame, TICKETS, CLASSES, LIGHT, "nearest_margin"))[0]
    np.testing.assert_allclose(nearest.x, own.loc[nearest.customdata, "nearest_margin"], rtol=1e-6)


def test_columns_share_their_axes_and_hold_all_points() -> None:
    figure = panels.angle_length(samples(), TICKETS, CLASSES, LIGHT)
    assert figure.layout.xaxis2.matches == "x"
    assert figure.layout.yaxis2.matches == "y"
    for trace in points(figure):
        low, high = figure.layout.xaxis.range
        assert low <= min(trace.x)
        assert max(trace.x) <= high


def test_wrong_samples_have_the_ink_and_lie_on_top() -> None:
    frame = samples()
    trace = points(panels.angle_length(frame, TICKETS, CLASSES, LIGHT))[0]
    own = frame[frame["ticket_id"] == "a"].set_index("sample").loc[trace.customdata]
    wrong = (own["prediction"] != own["label"]).to_numpy()
    assert [colour == LIGHT.ink for colour in colours_of(trace)] == wrong.tolist()
    assert wrong.tolist() == sorted(wrong.tolist())
    assert wrong.any()


def test_the_hover_names_sample_class_prediction_and_confidence() -> None:
    frame = samples()
    trace = points(panels.margins(frame, TICKETS, CLASSES, LIGHT))[0]
    assert "%{customdata}" in trace.hovertemplate
    assert "true class %{text}, predicted %{hovertext}" in trace.hovertemplate
    own = frame[frame["ticket_id"] == "a"].set_index("sample").loc[trace.customdata]
    assert list(trace.text) == [CLASSES[label] for label in own["label"]]
    assert list(trace.hovertext) == [
        f"{CLASSES[guess]} ({100 * sure:.0f} %)"
        for guess, sure in zip(own["prediction"], own["confidence"], strict=True)
    ]


def test_margins_print_the_share_that_is_wrong_and_leave_missing_values_out() -> None:
    frame = samples()
    figure = panels.margins(frame, TICKETS, CLASSES, LIGHT)
    printed = [
        float(found[1]) for note in figure.layout.annotations if (found := re.match(r"error ([\d.]+) %", note.text))
    ]
    expected = [100 * (own["prediction"] != own["label"]).mean() for _, own in frame.groupby("ticket_id", sort=False)]
    assert printed == pytest.approx(expected, abs=0.05)
    assert [len(trace.x) for trace in points(figure)] == [59, 59]


def test_points_lie_under_the_curve_of_their_margins() -> None:
    figure = panels.margins(samples(), TICKETS, CLASSES, LIGHT)
    curves = [trace for trace in figure.data if trace.fill == "tozeroy"]
    for curve, trace in zip(curves, points(figure), strict=True):
        assert (trace.y <= np.interp(trace.x, curve.x, curve.y) + 1e-6).all()
        assert (np.asarray(trace.y) >= 0).all()


@pytest.mark.parametrize("colouring", panels.COLOURINGS)
@pytest.mark.parametrize("kind", panels.MAPS)
def test_maps_print_trustworthiness_with_recall_and_share_axes_only_when_joint(kind: str, colouring: str) -> None:
    frame = placed(samples())
    figure = panels.maps(frame, QUALITY, TICKETS, CLASSES, LIGHT, kind, colouring)
    text = " ".join(note.text for note in figure.layout.annotations)
    assert "trustworthiness 0.910 · 15-NN recall 0.48" in text
    assert "trustworthiness 0.720" in text
    assert "nan" not in text
    assert (figure.layout.xaxis2.matches == "x") == (kind == "umap_joint")
    for trace in points(figure):
        assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours_of(trace))


def test_map_colours_say_what_they_should() -> None:
    frame = placed(samples())
    frame["label"] = frame["label"].astype(np.int16)

    def colours(colouring: str) -> tuple[list[str], pd.DataFrame]:
        trace = points(panels.maps(frame, QUALITY, TICKETS, CLASSES, LIGHT, "pca", colouring))[0]
        own = frame[frame["ticket_id"] == "a"].set_index("sample").loc[trace.customdata]
        return colours_of(trace), own

    found, own = colours("class")
    assert found == [LIGHT.classes[label] for label in own["label"]]
    found, own = colours("correct")
    right = own["label"] == own["prediction"]
    assert found == [LIGHT.good if good else LIGHT.bad for good in right]
    found, own = colours("margin")
    assert found[int(np.argmax(own["margin"].fillna(-9)))] == LIGHT.diverging[-1][1]
    by_margin = [colour for _, colour in sorted(zip(own["margin"].fillna(0), found, strict=True))]
    assert by_margin[0] != by_margin[-1]
    assert len(set(by_margin)) > 10


@pytest.mark.parametrize("rows", [0, 1])
def test_charts_of_almost_nothing_are_drawn(rows: int) -> None:
    frame = samples().iloc[:rows]
    for figure in (
        panels.angle_length(frame, TICKETS, CLASSES, LIGHT),
        panels.margins(frame, TICKETS, CLASSES, LIGHT),
        panels.maps(placed(frame), QUALITY, TICKETS, CLASSES, LIGHT, "umap"),
    ):
        assert len(points(figure)) == 2
        figure.to_json()


@given(arrays(np.float64, st.integers(0, 20), elements=st.floats(-1e6, 1e6) | st.just(np.nan)))
def test_a_span_has_a_width_and_holds_everything(values: np.ndarray) -> None:
    low, high = span(values)
    assert low < high
    there = values[np.isfinite(values)]
    assert ((there >= low) & (there <= high)).all()
