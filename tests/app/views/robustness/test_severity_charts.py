"""Curves over severity say what the numbers say."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from app.shell import theme
from app.shell.theme import Style
from app.views.robustness.charts import severity as charts

LIGHT = theme.get("light")
TICKETS = {f"t{number}": Style(f"Ticket {number}", "#336699", "circle") for number in range(6)}


def points(tickets: int, clean: bool = True, value: str = "accuracy") -> pd.DataFrame:
    rng = np.random.default_rng(0)
    levels = (0, 1, 2, 3) if clean else (1, 2, 3)
    rows = [(key, level, rng.uniform(0.3, 0.95)) for key in list(TICKETS)[:tickets] for level in levels]
    frame = pd.DataFrame(rows, columns=["key", "severity", value])
    return frame.assign(low=frame[value] - 0.02, high=frame[value] + 0.02)


def lines(figure: go.Figure) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.mode == "lines+markers"]


def test_few_tickets_have_bands_and_many_have_bars_side_by_side() -> None:
    few = charts.curves(points(2), TICKETS, LIGHT)
    many = charts.curves(points(6), TICKETS, LIGHT)
    assert sum(trace.fill == "tonexty" for trace in few.data) == 2
    assert not any(trace.fill == "tonexty" for trace in many.data)
    places = [tuple(trace.x) for trace in many.data]
    assert len(set(places)) == 6
    assert all(abs(x - round(x)) < 0.5 for line in places for x in line)


def test_curves_show_the_values_in_per_cent() -> None:
    frame = points(1, value="flipped")
    (line,) = lines(charts.curves(frame, TICKETS, LIGHT, "flipped", "predictions that differ (%)"))
    np.testing.assert_allclose(line.y, 100 * frame["flipped"])
    value, low, high = (100 * frame[column].iloc[0] for column in ("flipped", "low", "high"))
    assert line.customdata[0][0] == f"severity 0: <b>{value:.1f} %</b> ({low:.1f} to {high:.1f})"


def test_the_axis_begins_with_the_clean_images_where_there_are_any() -> None:
    assert charts.curves(points(1), TICKETS, LIGHT).layout.xaxis.ticktext[0] == "clean"
    without = charts.curves(points(1, clean=False), TICKETS, LIGHT).layout.xaxis
    assert without.ticktext[0] == "1"
    assert without.range[0] > 0


def test_each_measure_of_calibration_has_its_own_scale() -> None:
    frame = pd.concat([points(5, value="value").assign(measure=measure) for measure in charts.MEASURES])
    figure = charts.measures(frame, TICKETS, LIGHT)
    shown = lines(figure)
    assert len(shown) == 15
    for number, measure in enumerate(charts.MEASURES):
        own = frame[(frame["measure"] == measure) & (frame["key"] == "t0")]
        scale = 100 if measure == "ece" else 1
        line = shown[5 * number]
        np.testing.assert_allclose(line.y, scale * own["value"])
        below = np.asarray(line.y) - np.asarray(line.error_y.arrayminus)
        np.testing.assert_allclose(below, scale * own["low"], atol=1e-9)
    assert sum(bool(line.showlegend) for line in shown) == 5  # the legend stands once


def test_a_single_seed_has_a_value_without_an_interval() -> None:
    frame = points(1).assign(low=np.nan, high=np.nan)
    (line,) = lines(charts.curves(frame, TICKETS, LIGHT))
    assert line.customdata[0][0] == f"severity 0: <b>{100 * frame['accuracy'].iloc[0]:.1f} %</b>"


@pytest.mark.parametrize("draw", [charts.curves, charts.measures])
def test_nothing_is_drawn_of_nothing(draw: Callable[..., go.Figure]) -> None:
    draw(points(1, value="accuracy").assign(measure="ece", value=0.1).iloc[:0], {}, LIGHT).to_json()
