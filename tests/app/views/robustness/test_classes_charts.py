"""Maps and panels of the costs by class say what the numbers say."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from analysis.comparisons.classes import Costs
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENT
from app.charts.base import NOISE
from app.shell import theme
from app.shell.theme import Style
from app.views.robustness.charts import classes as charts
from app.views.robustness.classes import verdict, verdicts

LIGHT = theme.get("light")
TICKETS = {"a": Style("Ticket A", "#336699", "circle"), "b": Style("Ticket B", "#aa3311", "star")}
NAMES = ["cat", "dog", "frog"]
BY_CLASS = pd.DataFrame(
    [
        ("a", 0, 10, -0.10, -0.15, -0.05, DIFFERS, 0.01, True),
        ("a", 1, 10, 0.02, -0.01, 0.05, CANNOT_TELL, 0.8, False),
        ("a", 2, 10, -0.03, -0.05, -0.01, DIFFERS, 0.5, False),
        ("b", 0, 10, 0.00, -0.02, 0.02, CANNOT_TELL, 1.0, False),
        ("b", 1, 10, 0.04, 0.01, 0.07, DIFFERS, 0.6, False),
        ("b", 2, 10, -0.01, -0.03, 0.01, EQUIVALENT, 0.9, False),
    ],
    columns=["key", "class", "n", "change", "low", "high", "verdict", "p", "beyond_chance"],
)
BY_TICKET = pd.DataFrame(
    {
        "key": ["a", "b"], "classes": 3, "images": 30, "change": [-0.037, 0.01], "spread": [0.06, 0.02],
        "by_chance": [0.02, 0.02], "ceiling": [0.04, 0.04], "p": [0.0002, 0.7], "p_holm": [0.0004, 0.7],
        "uneven": [True, False], "seeds": 3,
    }
)  # fmt: skip
COSTS = Costs(BY_CLASS, BY_TICKET)


def cells(figure: go.Figure) -> dict[tuple[str, str], str]:
    return {
        (names[0], names[1]): text
        for trace in figure.data
        if trace.type == "scatter" and trace.customdata is not None
        for text, names in zip(trace.text, trace.customdata, strict=True)
    }


def test_cells_hold_the_change_and_rings_where_it_is_noise() -> None:
    assert cells(charts.cost_map(BY_CLASS, TICKETS, NAMES, LIGHT)) == {
        ("a", "0"): "−10.0", ("a", "1"): NOISE, ("a", "2"): "−3.0", ("b", "0"): NOISE, ("b", "1"): "+4.0",
        ("b", "2"): NOISE,
    }  # fmt: skip


def test_the_scale_is_centred_and_only_what_exceeds_chance_is_outlined() -> None:
    figure = charts.cost_map(BY_CLASS, TICKETS, NAMES, LIGHT)
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == pytest.approx((-10, 10))
    assert list(figure.layout.xaxis.ticktext) == NAMES
    (outline,) = figure.layout.shapes
    assert ((outline.x0 + outline.x1) / 2, (outline.y0 + outline.y1) / 2) == pytest.approx((0, 0))


def test_of_many_classes_the_map_shows_those_with_the_largest_changes() -> None:
    count = charts.MOST + 5
    changes = np.random.default_rng(0).permutation(np.linspace(-0.2, -0.01, count))
    many = pd.DataFrame({"key": "a", "class": range(count), "n": 9, "change": changes})
    many = many.assign(low=changes - 0.005, high=changes + 0.005, verdict=DIFFERS, p=1.0, beyond_chance=False)
    shown = charts.shown_classes(many)
    assert len(shown) == charts.MOST
    assert shown == sorted(shown)
    assert set(range(count)) - set(shown) == set(np.argsort(np.abs(changes))[:5])
    figure = charts.cost_map(many, {"a": TICKETS["a"]}, [f"c{label}" for label in range(count)], LIGHT)
    assert list(figure.layout.xaxis.ticktext) == [f"c{label}" for label in shown]


def test_panels_show_each_class_with_its_interval() -> None:
    figure = charts.costs(BY_CLASS, BY_TICKET, TICKETS, NAMES, LIGHT)
    first, second = figure.data
    np.testing.assert_allclose(first.y, [-10, 2, -3])
    np.testing.assert_allclose(first.y + first.error_y.array, [-5, 5, -1])
    np.testing.assert_allclose(first.y - first.error_y.arrayminus, [-15, -1, -5])
    assert list(first.marker.color) == ["#336699", LIGHT.surface, LIGHT.surface]
    assert set(second.marker.color) == {LIGHT.surface}
    assert sorted(shape.y0 for shape in figure.layout.shapes) == pytest.approx([-3.7, 0, 0, 1])
    assert ["uneven" in note.text for note in figure.layout.annotations] == [True, False]


def test_the_verdict_in_words() -> None:
    assert verdict(COSTS, TICKETS).startswith(
        "**Some classes pay more than others in 1 of 2 tickets**: Ticket A (against the spread between trainings, 3"
    )
    even = Costs(BY_CLASS, BY_TICKET.assign(uneven=False))
    assert verdict(even, TICKETS).startswith("**Not shown in any of the 2 tickets")
    assert "2 seeds only a very uneven" in verdict(Costs(BY_CLASS, even.by_ticket.assign(seeds=2)), TICKETS)
    uneven = Costs(BY_CLASS, BY_TICKET.assign(uneven=True))
    assert "in all of these tickets**" in verdict(uneven, TICKETS)
    table = verdicts(COSTS, TICKETS)
    assert table["verdict"].tolist() == ["uneven: p < 0.001", "not shown to be uneven"]
    assert table["ticket"].tolist() == ["Ticket A", "Ticket B"]
    assert table["change"].tolist() == pytest.approx([-3.7, 1.0])


def test_of_one_training_the_verdict_claims_nothing() -> None:
    alone = Costs(BY_CLASS, BY_TICKET.assign(uneven=False, seeds=1, p=np.nan, p_holm=np.nan))
    assert verdict(alone, TICKETS).startswith("**One training of each cannot tell")
    assert set(verdicts(alone, TICKETS)["verdict"]) == {"cannot tell from one training"}
    mixed = Costs(BY_CLASS, BY_TICKET.assign(p=[0.01, np.nan], p_holm=[0.01, np.nan]))
    assert verdict(mixed, TICKETS).endswith("Cannot tell, with one training: Ticket B.")
