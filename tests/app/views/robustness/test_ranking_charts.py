"""The ranking, the line of expected robustness and the distances from it say what the numbers say."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from analysis.comparisons.effective import Line
from app.charts.base import NOISE
from app.shell import theme
from app.shell.theme import Style
from app.views.robustness.charts import ranking as charts

LIGHT = theme.get("light")
TICKETS = {f"t{number}": Style(f"Ticket {number}", "#336699", "circle") for number in range(6)}


def line(count: int = 5) -> Line:
    clean = np.linspace(0.6, 0.98, count)
    expected = expit(1.2 * logit(clean) - 0.4)
    effective = np.linspace(-0.03, 0.02, count)
    table = pd.DataFrame({"key": [f"t{number}" for number in range(count)], "clean": clean, "expected": expected})
    table["corrupted"] = expected + effective
    table["effective"], table["low"], table["high"] = effective, effective - 0.01, effective + 0.01
    table["verdict"] = np.where(np.abs(effective) < 0.01, "cannot tell", "more robust")
    table["p"] = table["p_holm"] = 0.5
    return Line(table.assign(on_line=True), 1.2, -0.4, 0.99)


def test_ties_share_a_band() -> None:
    ranked = pd.DataFrame(
        {
            "key": ["t3", "t1", "t0", "t2"],
            "accuracy": [0.9, 0.8, 0.79, 0.5],
            "low": [0.88, 0.78, np.nan, 0.4],
            "high": [0.92, 0.82, np.nan, 0.6],
            "group": [1, 2, 2, 3],
            "leader": ["t3", "t1", "t1", "t2"],
            "verdict": ["", "", "cannot tell", ""],
            "detectable": [np.nan, np.nan, 0.031, np.nan],
        }
    )
    figure = charts.ranking(ranked, TICKETS, LIGHT, 0.01)
    assert list(figure.layout.yaxis.ticktext) == ["Ticket 3", "Ticket 1", "Ticket 0", "Ticket 2"]
    assert "could have shown 3.1 points)<br>against Ticket 1" in figure.data[2].hovertemplate
    (band,) = figure.layout.shapes
    assert band.y0 < 1 < 2 < band.y1
    assert band.y0 > 0
    assert band.y1 < 3


def test_points_and_line_stand_on_logit_axes() -> None:
    found = line()
    figure = charts.effective(found, {"t1": TICKETS["t1"]}, LIGHT)
    own = next(trace for trace in figure.data if trace.name == "<b>Ticket 1</b>")
    row = found.table.iloc[1]
    assert (own.x[0], own.y[0]) == pytest.approx((logit(row["clean"]), logit(row["corrupted"])))
    path = next(trace for trace in figure.data if trace.name == "line")
    np.testing.assert_allclose(path.y, 1.2 * np.asarray(path.x) - 0.4, atol=1e-9)
    others = next(trace for trace in figure.data if trace.name == "not chosen")
    assert len(others.x) == 4


def test_ticks_of_logit_axes_are_percentages_that_keep_apart() -> None:
    axis = charts.effective(line(), TICKETS, LIGHT).layout.xaxis
    np.testing.assert_allclose(expit(np.array(axis.tickvals)), [float(text) / 100 for text in axis.ticktext])
    assert len(axis.tickvals) >= 3
    assert np.diff(axis.tickvals).min() > 0.05


def test_distances_come_best_first_and_noise_is_ringed() -> None:
    found = line()
    figure = charts.residuals(found, TICKETS, LIGHT)
    assert [trace.x[0] for trace in figure.data] == pytest.approx(sorted(100 * found.table["effective"], reverse=True))
    noise = dict(zip(found.table["key"], found.table["verdict"] == "cannot tell", strict=True))
    for text in figure.layout.yaxis.ticktext:
        assert text.endswith(NOISE) == noise[f"t{text.split()[1]}"]
    top = figure.data[0]
    assert top.error_x.array[0] == pytest.approx(1)


def test_nothing_is_drawn_of_nothing() -> None:
    charts.ranking(pd.DataFrame(columns=["key", "accuracy", "low", "high", "group"]), {}, LIGHT, 0.01).to_json()
    charts.residuals(line(), {}, LIGHT).to_json()
