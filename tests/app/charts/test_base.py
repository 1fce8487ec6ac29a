"""Headings of narrow panels, and ticks of percentages."""

import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from app.charts.base import LETTERS, heading, percent_axis, shortened
from app.shell.theme import Style


@pytest.mark.parametrize(
    ("label", "short"),
    [
        ("IMP reinitialised 90 %", "IMP reinitialised 90 %"),
        ("Dense", "Dense"),
        ("Magnitude, one shot, by layer 93.75 %", "Magnitude, on… 93.75 %"),
        ("FedAvg of two classes each", "FedAvg of two classes…"),
    ],
)
def test_a_long_name_keeps_its_sparsity(label: str, short: str) -> None:
    assert shortened(label) == short
    assert len(short) <= LETTERS


@pytest.mark.parametrize("name", ["IMP shuffled 90 %", "Magnitude, one shot, by layer 93.75 %"])
def test_over_narrow_panels_a_name_stays_in_one_line_and_the_note_has_its_own(name: str) -> None:
    chart = make_subplots(1, 2)
    heading(chart, 2, Style(name, "#102030", "circle"), "gap −8°", small=True, narrow=True)
    said = chart.layout.annotations[0]
    first, second = said.text.split("<br>")
    assert first.endswith(f" {shortened(name)}")
    assert "gap −8°" in second
    assert "%" not in second
    assert said.hovertext == (None if shortened(name) == name else name)


def test_ticks_that_are_given_have_their_unit() -> None:
    axis = go.layout.YAxis(percent_axis("Accuracy", [0, 50, 97.5]))
    assert axis.ticktext == ("0 %", "50 %", "97.5 %")
