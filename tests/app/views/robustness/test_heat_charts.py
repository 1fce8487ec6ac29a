"""The heat maps of corruption by severity say what the numbers say."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis.comparisons.outcomes import MEAN
from app.charts.base import NOISE
from app.charts.names import ordered
from app.shell import theme
from app.shell.colour import contrast
from app.shell.theme import Style
from app.views.robustness.charts import heat as charts

LIGHT = theme.get("light")
TICKETS = {f"t{number}": Style(f"Ticket {number}", "#336699", "circle") for number in range(6)}


def cells(
    tickets: int = 2, corruptions: tuple[str, ...] = ("fog", "gaussian_noise", "gaussian_blur", MEAN)
) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        (key, corruption, severity, rng.uniform(0.3, 0.95))
        for key in list(TICKETS)[:tickets]
        for corruption in corruptions
        for severity in (1, 2, 3)
    ]
    frame = pd.DataFrame(rows, columns=["key", "corruption", "severity", "accuracy"])
    return frame.assign(low=frame["accuracy"] - 0.02, high=frame["accuracy"] + 0.02)


def maps(figure: go.Figure) -> list[go.Heatmap]:
    return [trace for trace in figure.data if trace.type == "heatmap"]


def numbers(figure: go.Figure) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.type == "scatter" and trace.mode == "text"]


def first(count: int) -> dict[str, Style]:
    return dict(list(TICKETS.items())[:count])


def test_counted_corruptions_stand_in_order_and_extra_ones_apart() -> None:
    assert ordered(["gaussian_blur", "jpeg_compression", "clean", "gaussian_noise", "my_own"]) == (
        ["gaussian_noise", "jpeg_compression"],
        ["gaussian_blur", "my_own"],
    )
    labels = list(charts.heat_maps(cells(), first(2), LIGHT).layout.yaxis.ticktext)
    assert labels == ["Gaussian noise", "Fog", "", "<b>Mean of the 2</b>", "", "<i>Gaussian blur</i> (extra)"]


def test_every_cell_holds_its_accuracy() -> None:
    frame = cells()
    found = maps(charts.heat_maps(frame, first(2), LIGHT))
    assert len(found) == 2
    rows = ["gaussian_noise", "fog", None, MEAN, None, "gaussian_blur"]
    for key, trace in zip(TICKETS, found, strict=False):
        own = frame[frame["key"] == key].set_index(["corruption", "severity"])["accuracy"]
        for line, corruption in enumerate(rows):
            for column, severity in enumerate((1, 2, 3)):
                value = trace.z[line][column]
                if corruption is None:
                    assert np.isnan(value)
                else:
                    assert value == pytest.approx(100 * own[corruption, severity])


def test_differences_within_noise_are_rings_and_the_scale_is_centred() -> None:
    frame = cells(1, ("fog",)).drop(columns="accuracy")
    frame[["difference", "low", "high"]] = [[-0.05, -0.07, -0.03], [0.01, -0.01, 0.03], [0.04, 0.0, 0.08]]
    figure = charts.difference_maps(frame.assign(within_noise=[False, True, True]), first(1), LIGHT)
    (texts,) = numbers(figure)
    assert list(texts.text) == ["−5.0", NOISE, NOISE]
    assert figure.layout.coloraxis.cmin == -figure.layout.coloraxis.cmax == pytest.approx(-5.0)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_numbers_can_be_read_on_their_cells(mode: str) -> None:
    colours = theme.get(mode)
    figure = charts.heat_maps(cells(), first(2), colours)
    low, high = figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax
    places, steps = zip(*colours.sequential, strict=True)
    channels = np.array([[int(step[at : at + 2], 16) for at in (1, 3, 5)] for step in steps])
    for heat, text in zip(maps(figure), numbers(figure), strict=True):
        assert len(text.text) == 12
        for x, y, ink in zip(text.x, text.y, text.textfont.color, strict=True):
            share = (heat.z[y][list(heat.x).index(x)] - low) / (high - low)
            cell = "#" + "".join(f"{round(np.interp(share, places, channel)):02x}" for channel in channels.T)
            assert contrast(ink, cell) >= 4
