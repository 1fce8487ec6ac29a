"""Correlations and steps are drawn as they are, and the sentence says what the numbers say."""

from dataclasses import replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.redundancy import Redundancy, redundant
from analysis.statistics.clusters import cluster
from analysis.statistics.correlation import Correlation, describe
from app.charts.base import NOISE
from app.shell import theme
from app.views.robustness.charts import redundancy as charts
from app.views.robustness.redundancy import few, left_out, verdict

LIGHT = theme.get("light")
R = np.array([[1, 0.95, 0.1, 0.4], [0.95, 1, 0.2, 0.5], [0.1, 0.2, 1, -0.6], [0.4, 0.5, -0.6, 1.0]])
NAMES = ["fog", "frost", "contrast", "snow"]
STEPS = pd.DataFrame(
    {
        "size": [1, 2, 3], "corruption": ["fog", "snow", "frost"], "tau": [0.8, 0.96, 1.0], "low": [0.6, 0.8, 1.0],
        "high": [0.9, 1.0, 1.0],
    }
)  # fmt: skip
FOUND = Redundancy(STEPS, ["fog", "snow"], 0.95, (0.97, 0.9, 1.0))


def correlation(n: int = 30) -> Correlation:
    return describe(NAMES, R, n, "tickets")


def cells(figure: go.Figure) -> dict[tuple[str, str], str]:
    return {
        (names[0], names[1]): text
        for trace in figure.data
        if trace.type == "scatter" and trace.customdata is not None
        for text, names in zip(trace.text, trace.customdata, strict=True)
    }


def test_the_matrix_holds_each_r_and_rings_where_it_may_be_nought() -> None:
    figure = charts.correlations(correlation(), cluster(correlation()), {}, LIGHT)
    found = cells(figure)
    assert len(found) == 16
    assert found["fog", "frost"] == found["frost", "fog"] == ".95"
    assert found["snow", "contrast"] == "\u2212.60"
    assert found["fog", "fog"] == ""
    # Fisher: of 30 values r must be .361 to differ from 0
    assert {pair for pair, text in found.items() if text == NOISE} == {
        ("fog", "contrast"), ("contrast", "fog"), ("frost", "contrast"), ("contrast", "frost"),
    }  # fmt: skip
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-1, 1)
    order = list(figure.layout.xaxis.ticktext)
    assert order == list(figure.layout.yaxis.ticktext) == cluster(correlation()).order
    assert abs(order.index("fog") - order.index("frost")) == 1


def test_without_opposites_the_scale_starts_at_nought() -> None:
    assert charts.scale_of(np.abs(R), LIGHT)[1:] == (0, 1)
    assert charts.scale_of(R, LIGHT)[1:] == (-1, 1)


@pytest.mark.parametrize(
    ("r", "text"), [(0.854, ".85"), (-0.4, "\u2212.40"), (0.999, "1"), (-1.0, "\u22121"), (0, ".00")]
)
def test_short_correlations(r: float, text: str) -> None:
    assert charts.short(r) == text


def test_steps_have_their_intervals_and_what_is_kept_is_filled() -> None:
    (dots,) = charts.steps(FOUND, {"fog": "Fog"}, LIGHT).data
    np.testing.assert_allclose(dots.x, [0.8, 0.96, 1.0])
    np.testing.assert_allclose(dots.x + dots.error_x.array, STEPS["high"])
    np.testing.assert_allclose(dots.x - dots.error_x.arrayminus, STEPS["low"])
    assert list(dots.marker.color) == [LIGHT.good, LIGHT.good, LIGHT.surface]
    figure = charts.steps(FOUND, {"fog": "Fog"}, LIGHT)
    assert list(figure.layout.yaxis.ticktext) == ["<b>Fog</b>", "+ <b>snow</b>", "+ frost"]
    (band,) = figure.layout.shapes
    assert (band.x0, band.x1) == (0.9, 1.0)


def test_the_sentence_names_the_set_and_its_interval() -> None:
    said = verdict(FOUND, 10)
    assert "2 of 3 corruptions rank these 10 tickets nearly as all 3 do" in said
    assert "0.96 (95 % interval 0.80 to 1.00)" in said
    assert "They are Fog and Snow." in said
    alone = verdict(Redundancy(STEPS.assign(tau=1.0), ["fog"], 0.95, (1.0, 0.9, 1.0)), 4)
    assert "Fog alone ranks these 4 tickets as all 3 do" in alone
    assert "ranking of these networks" in said
    assert "Kendall's W of 0.91 (p < 0.01)" in verdict(replace(FOUND, seeds=(0.91, 0.001)), 10)
    assert verdict(replace(FOUND, seeds=(0.3, 0.4)), 10).startswith("**The seeds do not rank these 10 tickets alike**")
    assert "takes all 3" in verdict(Redundancy(STEPS, ["fog", "snow", "frost"], 0.95, (1.0, 0.9, 1.0)), 4)


def test_the_sentence_of_tickets_that_one_corruption_orders() -> None:
    right = {
        f"t{number}": np.arange(200)[None, None]
        < np.array([[[160 - 20 * number]], [[150 - 20 * number]]]).reshape(1, 2, 1)
        for number in range(5)
    }
    found = redundant(Outcomes([("fog", 1), ("snow", 1)], right), resamples=50)
    assert "alone ranks these 5 tickets as all 2 do" in verdict(found, 5)


def test_few_values_are_called_few() -> None:
    low, high = np.tanh(np.arctanh(0.4) + np.array([-1, 1]) * 1.959964 / np.sqrt(7))
    assert low < 0
    between = f"−{-low:.2f} to {high:.2f}"
    assert few(correlation(10)) == (
        f"Over 10 tickets: a correlation of 0.40, the median here, has a 95 % interval from {between}."
    )


def test_what_does_not_vary_is_named() -> None:
    constant = replace(correlation(), constant=["fog"], unit="images")
    assert left_out(constant, {"fog": "Fog"}) == "Fog is left out, for it does not vary over the images."
    both = replace(constant, constant=["fog", "snow"], beyond_clean=True)
    assert left_out(both, {}) == (
        "fog, snow are left out, for they do not vary over the images beyond what the clean images do."
    )
    assert left_out(correlation(), {}) == ""
