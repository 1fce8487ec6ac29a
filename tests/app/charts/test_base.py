"""Headings of narrow panels, and ticks of percentages."""

import plotly.graph_objects as go
import pytest
from plotly.subplots import make_subplots

from app.charts.base import heading, in_two, percent_axis
from app.shell.theme import Style


@pytest.mark.parametrize(
    ("label", "parts"),
    [
        ("IMP reinitialised 93.75 %", ("IMP reinitialised", "93.75 %")),
        ("Dense", ("Dense", "")),
        ("FedAvg 2 classes", ("FedAvg 2 classes", "")),
    ],
)
def test_a_name_and_its_sparsity(label: str, parts: tuple[str, str]) -> None:
    assert in_two(label) == parts


def test_over_narrow_panels_the_sparsity_and_the_note_have_a_line_of_their_own() -> None:
    chart = make_subplots(1, 2)
    heading(chart, 2, Style("IMP shuffled 90 %", "#102030", "circle"), "gap −8°", small=True, narrow=True)
    first, second = chart.layout.annotations[0].text.split("<br>")
    assert first.endswith(" IMP shuffled")
    assert "90 %  gap −8°" in second


def test_ticks_that_are_given_have_their_unit() -> None:
    axis = go.layout.YAxis(percent_axis("Accuracy", [0, 50, 97.5]))
    assert axis.ticktext == ("0 %", "50 %", "97.5 %")
