"""Fourier heat maps put each wave at its frequency and at the opposite one."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis.comparisons.frequencies import CLEAN_RADIUS
from analysis.corruptions.fourier import NAMES
from app.shell import theme
from app.shell.theme import Style
from app.views.robustness.charts import frequencies as charts

LIGHT = theme.get("light")
TICKETS = {f"t{number}": Style(f"Ticket {number}", "#336699", "circle") for number in range(6)}


def cells(value: str, keys: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [(f"t{key}", wave, 4, rng.uniform(0.2, 0.9)) for key in range(keys) for wave in NAMES]
    frame = pd.DataFrame(rows, columns=["key", "corruption", "severity", value])
    return frame.assign(low=frame[value] - 0.03, high=frame[value] + 0.02)


def heats(figure: go.Figure) -> list[go.Heatmap]:
    return [trace for trace in figure.data if trace.type == "heatmap"]


def test_every_cell_of_the_grid_is_one_wave_and_its_negative() -> None:
    found = charts.grid({name: number for number, name in enumerate(NAMES)})
    assert found.shape == (15, 15)
    assert not np.isnan(found).any()
    np.testing.assert_array_equal(found, found[::-1, ::-1])
    assert len(np.unique(found)) == len(NAMES) == 113
    assert found[7, 7] == NAMES.index("fourier_0_0")
    assert found[7, 14] == NAMES.index("fourier_0_7")  # the finest from column to column: at the right
    assert found[14, 7] == NAMES.index("fourier_7_0")
    assert found[8, 4] == NAMES.index("fourier_1_-3")


def test_errors_are_in_per_cent_on_one_scale() -> None:
    frame = cells("error")
    figure = charts.errors(frame, dict(list(TICKETS.items())[:2]), LIGHT)
    first, second = heats(figure)
    own = frame[frame["key"] == "t1"].set_index("corruption")["error"]
    assert second.z[7][7] == pytest.approx(100 * own["fourier_0_0"])
    assert second.z[9][4] == second.z[5][10] == pytest.approx(100 * own["fourier_2_-3"])
    assert first.coloraxis == second.coloraxis == "coloraxis"
    assert figure.layout.coloraxis.cmin == 0
    assert figure.layout.coloraxis.cmax == pytest.approx(100 * frame["error"].max())
    low, high = 100 * (own["fourier_0_0"] - 0.03), 100 * (own["fourier_0_0"] + 0.02)
    assert f"({low:.1f} to {high:.1f})" in second.customdata[7][7]


def test_differences_are_of_errors_and_noise_is_paler_with_rings() -> None:
    frame = cells("difference", 1)
    frame[["difference", "low", "high"]] = -0.01, -0.03, 0.01
    frame.loc[frame["corruption"] == "fourier_1_-3", ["difference", "low", "high"]] = 0.2, 0.1, 0.3
    frame["within_noise"] = frame["low"] <= 0
    figure = charts.differences(frame, {"t0": TICKETS["t0"]}, LIGHT)
    strong, pale = heats(figure)
    assert pale.opacity < strong.opacity == 1
    assert [tuple(place) for place in np.argwhere(~np.isnan(strong.z))] == [(6, 10), (8, 4)]
    assert strong.z[8][4] == pytest.approx(20)
    (rings,) = (trace for trace in figure.data if trace.type == "scatter")
    assert len(rings.x) == 225 - 2
    assert (-3, 1) not in set(zip(rings.x, rings.y, strict=True))
    assert figure.layout.coloraxis.colorscale[-1][1] == LIGHT.diverging[0][1]  # more errors: the colour of worse


def test_the_curve_is_the_error_over_the_distance() -> None:
    frame = pd.DataFrame({"key": "t0", "radius": [1, CLEAN_RADIUS], "error": [0.3, 0.1]})
    frame = frame.assign(low=frame["error"] - 0.05, high=frame["error"] + 0.1)
    figure = charts.radial(frame, TICKETS, LIGHT)
    line = next(trace for trace in figure.data if trace.mode == "lines+markers")
    np.testing.assert_allclose(line.x, [CLEAN_RADIUS, 1])
    np.testing.assert_allclose(line.y, [10, 30])
    upper = next(trace for trace in figure.data if trace.mode == "lines")
    np.testing.assert_allclose(upper.y, [20, 40])
    assert list(figure.layout.xaxis.ticktext) == ["clean", "0.14"]


def test_many_tickets_have_bars_side_by_side() -> None:
    frame = pd.concat([pd.DataFrame({"key": key, "radius": [0, 1], "error": 0.5}) for key in TICKETS])
    figure = charts.radial(frame.assign(low=0.3, high=0.6), TICKETS, LIGHT)
    assert [trace.mode for trace in figure.data] == ["lines+markers"] * 6
    assert len({trace.x[0] for trace in figure.data}) == 6
    np.testing.assert_allclose(figure.data[0].error_y.array, [10, 10])
    np.testing.assert_allclose(figure.data[0].error_y.arrayminus, [20, 20])


def test_nothing_is_drawn_of_nothing() -> None:
    charts.errors(cells("error", 0), {}, LIGHT).to_json()
    charts.differences(cells("difference", 0).assign(within_noise=False), {}, LIGHT).to_json()
    charts.radial(pd.DataFrame(columns=["key", "radius", "error", "low", "high"]), {}, LIGHT).to_json()
