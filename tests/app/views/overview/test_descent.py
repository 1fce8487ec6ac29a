"""The study as a map: where tickets lie, what a click adds, and what is said of those chosen."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons import descent as of_recipes
from analysis.comparisons.ticket_measures import MEASURES
from app.charts.scales import scale
from app.shell import theme
from app.views.overview.charts import descent as charts
from app.views.overview.charts.descent import Measured
from app.views.overview.descent import _title
from pruning.recipe import Recipe
from tests.app.views.test_pages import _fresh, draw, text  # noqa: F401
from tests.app.views.test_pages import charts as drawn


def measured(values: list[float]) -> Measured:
    array = np.array(values)
    own = MEASURES["accuracy"]
    return Measured("Accuracy", array, [f"{value:.3f}" for value in values], scale(own, array[np.isfinite(array)]))


def test_tickets_lie_by_method_and_by_what_they_keep() -> None:
    common = {"model": "lenet300", "data": "digits"}
    imp = Recipe(**common, finder="imp", rate=0.5, sparsity=0.75)
    recipes = {"dense": Recipe(**common, finder="dense"), "imp-75": imp,
               "shuffled-75": Recipe(**common, finder="shuffled", of=imp)}  # fmt: skip
    rows = pd.DataFrame({"key": [*recipes], "label": ["Dense", "IMP 75 %", "IMP shuffled 75 %"],
                         "method": ["dense", "imp", "shuffled"], "sparsity": [0.0, 0.75, 0.75]})  # fmt: skip
    tree = of_recipes.tree(recipes)
    (step,) = tree.absent  # IMP 50 %
    places = charts.places(tree, rows, ["dense", "imp", "shuffled"])
    quarter, half = np.log10(4), np.log10(2)
    assert places == {
        "dense": (0, 0),
        "imp-75": pytest.approx((quarter, 1)),
        "shuffled-75": pytest.approx((quarter, 2)),
        step: pytest.approx((half, 1)),
    }
    style = {"imp-75": theme.Style("IMP 75 %", "#a82c28", "star")}
    methods = {"dense": "Dense", "imp": "IMP", "shuffled": "IMP shuffled"}
    hues = dict.fromkeys(methods, "#123456")
    shades = measured([0.9, 0.99, np.nan])
    figure = charts.descent(tree, rows, methods, shades, shades, style, hues, theme.get("light"))
    others, marked, steps, unmeasured, tickets = figure.data
    assert (len(others.x), len(marked.x)) == (5, 8)  # to the control; from dense by the step to the ticket chosen
    assert list(steps.x) == pytest.approx([half])
    assert unmeasured.customdata[:, 0].tolist() == ["shuffled-75"]
    assert tickets.customdata[:, 0].tolist() == ["dense", "imp-75"]
    assert list(tickets.marker.color) == [0, 1]
    assert tickets.marker.line.color[1] == "#a82c28"
    assert tickets.marker.size[0] < tickets.marker.size[1]
    assert "from IMP 75 %" in unmeasured.hovertext[0]


def test_one_ticket_in_one_line_is_singular() -> None:
    assert _title(1, 1, 1) == "1 ticket by descent: 1 in 1 line"
    assert _title(6, 2, 2) == "6 tickets by descent: 2 in 2 lines"


def test_two_thousand_tickets_stay_within_the_page() -> None:
    levels, names = np.linspace(0.1, 0.99, 20), [f"m{place}" for place in range(100)]
    keys = [f"{name}-{level:.3f}" for name in names for level in levels]
    tree = of_recipes.Tree(dict.fromkeys(keys, ()), {}, {}, dict.fromkeys(keys))
    rows = pd.DataFrame({"key": keys, "label": keys, "sparsity": [*levels] * 100, "method": np.repeat(names, 20)})
    methods = {method: method for method in dict.fromkeys(rows["method"])}
    hues, shades = dict.fromkeys(methods, "#123456"), measured(list(np.linspace(0.5, 0.99, len(rows))))
    figure = charts.descent(tree, rows, methods, shades, None, {}, hues, theme.get("dark"))
    assert figure.layout.height == charts.MOST
    assert charts.LABELLED * len(figure.layout.yaxis.tickvals) <= charts.MOST
    assert max(figure.data[-1].marker.size) * len(methods) <= charts.MOST
    assert len(figure.to_json()) < 1_000_000


def test_the_page_adds_what_a_button_says_and_compares(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("overview", tiny_study, monkeypatch, overview="descent", tickets="imp-90")
    assert not test.error
    assert drawn(test) == 2  # the map, and the histogram of a measure
    assert "Choose two tickets or more" in text(test)
    test.button(key="add Children").click().run()
    assert not test.exception
    spec = json.loads(test.get("plotly_chart")[0].proto.spec)
    assert [tick.split(" <")[0] for tick in spec["layout"]["yaxis"]["ticktext"]][:1] == ["Dense"]
    rows = test.dataframe[0].value
    assert rows[["field", "a", "b"]].to_numpy().tolist() == [
        ["Control: none → shuffled", "IMP 90 %", "IMP shuffled 90 %"]
    ]
    test.button(key="choose none").click().run()
    assert "Choose two tickets or more" in text(test)
