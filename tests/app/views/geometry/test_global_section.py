"""Global on the page Geometry: its sentences, its matrices, its clusters, and clicks on its cells."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
import streamlit as st

from analysis.comparisons.class_geometry import by_class, cosines, errors_by_class, profiles, towards
from analysis.comparisons.confusion import COLUMNS
from analysis.engine.live import Features
from analysis.statistics.tree_clusters import tree_of
from app import live
from app.charts.class_names import group_name
from app.shell import folds, layout, theme
from app.shell.theme import Style
from app.views.geometry import between_classes
from app.views.geometry.charts.class_matrices import Panel, Strip, matrices
from app.views.geometry.charts.parallel import parallel
from app.views.geometry.class_panels import _texts
from app.views.geometry.class_view import MOST_IN_CLUSTER, OPEN, View, opened, written
from app.views.geometry.class_words import answer, spoken_of
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

LIGHT = theme.get("light")
STYLES = {"a": Style("First", "#336699", "circle"), "b": Style("Second", "#cc5500", "square")}
NAMES = [f"class {place}" for place in range(4)]


def table(named: dict[str, list[int]], over: str = "seeds") -> pd.DataFrame:
    rows = [
        (key, label, 50, 0.6, 0.5, 0.7, 0.25, 0.01, label in named[key], over, 3 if over == "seeds" else 1)
        for key in named
        for label in range(4)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def going_to(*favourites: int) -> np.ndarray:
    counts = np.zeros((len(favourites), 4, 4), dtype=int)
    for run, favourite in enumerate(favourites):
        counts[run, (favourite + 1) % 4, favourite] = 5
    return counts


def test_the_sentences_name_what_stands_out_and_no_more() -> None:
    counts = {"a": going_to(2, 2, 2), "b": going_to(0, 2, 2)}
    said = answer(table({"a": [2], "b": []}), table({"a": [], "b": [1]}), counts, STYLES, NAMES, "Under fog 4")
    assert "class **class 2** takes 60 % (50 to 70) of the errors of First." in said
    assert "The trainings of Second (class 0: 100 %, class 2: 100 %, class 2: 100 %) disagree" in said
    assert "more than the others: for Second **class 1** (60 % wrong, 50 to 70), against 25 % of all images" in said
    several = table({"a": [0, 1, 2], "b": []}).assign(share=[0.3, 0.4, 0.2, 0.1] * 2)
    named = answer(several, table({"a": []}), counts, STYLES, NAMES, "Under fog 4")
    assert "class **class 1** takes 40 %" in named
    assert "class **class 0** takes 30 %" in named
    assert "class **class 2** takes" not in named  # little beside what the first takes
    nothing = answer(table({"a": []}), table({"a": []}), counts, STYLES, NAMES, "Under fog 4")
    assert "no class is shown to take more" in nothing
    assert "No class is shown to suffer" in nothing
    assert "**" not in nothing


def test_the_words_say_what_they_rest_on() -> None:
    assert "over 3 trainings" in spoken_of(table({"a": [], "b": []}))
    assert "these are networks" in spoken_of(table({"a": []}, "images"))
    assert "Those of one training" in spoken_of(pd.concat([table({"a": []}), table({"b": []}, "images")]))


def panel(size: int = 4, unit: str = "%") -> Panel:
    values = np.arange(size * size, dtype=float).reshape(size, size)
    values[0, 0] = np.nan
    texts = np.array([[f"{value:.0f}" for value in line] for line in values], dtype=object)
    texts[0, 0] = ""
    return Panel("one", "a errors", values, texts, texts, (LIGHT.sequential, 0.0, 15.0), unit, "taken for",
                 values > 10)  # fmt: skip


def points(figure: go.Figure) -> list[str]:
    return [str(each) for trace in figure.data if trace.customdata is not None for each in trace.customdata]


def test_every_cell_is_drawn_once_and_tells_where_it_is() -> None:
    figure = matrices([panel(), panel(unit="°")], NAMES, NAMES, LIGHT, [Strip("b", np.ones(4), (LIGHT.diverging, -1, 1),
                      "bias", ["+1"] * 4)], tree_of(np.eye(4)).linkage)  # fmt: skip
    told = points(figure)
    assert len(told) == 2 * 15
    assert {tuple(each.split()[:2]) for each in told} == {("a", "errors")}
    assert {tuple(each.split()[2:]) for each in told} == {
        (str(a), str(b)) for a in range(4) for b in range(4) if (a, b) != (0, 0)
    }
    heat = [trace for trace in figure.data if trace.type == "heatmap" and trace.xaxis in (None, "x")]
    drawn = np.nansum([np.nan_to_num(np.array(trace.z, dtype=float)) for trace in heat], axis=0)
    np.testing.assert_allclose(drawn, np.nan_to_num(panel().values))
    assert (np.array(heat[1].z, dtype=float)[panel().values > 10] > 10).all()  # the paler ones
    assert figure.layout.coloraxis.colorbar.orientation == "h"
    assert figure.layout.yaxis.range == (3.5, -0.5)


def test_matrices_of_one_scale_have_one_colour_bar() -> None:
    figure = matrices([panel(), panel(), panel()], NAMES, NAMES, LIGHT)
    assert {trace.coloraxis for trace in figure.data if trace.type == "heatmap"} == {"coloraxis"}
    assert "coloraxis2" not in figure.layout.to_plotly_json()
    ends = [figure.layout[axis].domain for axis in ("xaxis", "xaxis2", "xaxis3")]
    assert all(first[1] < second[0] for first, second in pairwise(ends))
    assert ends[-1][1] <= 1


def seen(classes: int = 4, images: int = 80) -> Features:
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(classes, 16)).astype(np.float32)
    labels = np.arange(images) % classes
    features = (weight[labels] + rng.normal(size=(images, 16))).astype(np.float32)
    return Features(features, features @ weight.T, labels, weight, np.zeros(classes, dtype=np.float32))


def test_parallel_coordinates_join_medians_and_shade_the_chosen_class() -> None:
    spread = profiles(seen(), None, [2, 0, 1, 3])
    figure = parallel(spread, [2, 0, 1, 3], NAMES, 1, LIGHT)
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert [trace.name for trace in lines] == ["class 2", "class 0", "class 3", "class 1"]
    assert len([trace for trace in figure.data if trace.fill == "toself"]) == 2
    ticks = list(figure.layout.xaxis.ticktext)
    assert ticks == ["class 2", "class 0", "<b>class 1</b>", "class 3", "gap", "length"]
    medians = spread.set_index(["class", "axis"])["q50"]
    assert f"{medians[1, '0']:.1f}° to class 0" in lines[-1].text[1]
    low, high = min(min(trace.y) for trace in lines), max(max(trace.y) for trace in lines)
    assert low >= 0
    assert high <= 1


def test_clusters_are_opened_by_what_the_link_says_and_garbage_shows_all() -> None:
    tree = tree_of(np.random.default_rng(0).normal(size=(300, 20)))
    rows, columns = opened(tree, "")
    assert rows == columns
    assert 20 <= len(rows) <= 25
    assert sum(last - first for first, last in rows) == 300
    first, second = rows[0], rows[1]
    shown = opened(tree, written(first, second))
    assert [leaf for leaf, _ in shown[0]] == list(range(*first))
    assert [leaf for leaf, _ in shown[1]] == list(range(*second))
    assert opened(tree, written(first, first))[1] == shown[0]
    for garbage in ("x", "5-2", "~", "-1-4", "900-999~x", "0-999999"):
        assert opened(tree, garbage)[0] == rows


def test_a_thousand_classes_make_a_small_chart() -> None:
    many = seen(1000, 3000)
    tree = tree_of(many.weight)
    ranges, _ = opened(tree, "")
    groups = [tree.leaves[first:last] for first, last in ranges]
    names = [group_name(group, [f"a class of number {place}" for place in range(1000)]) for group in groups]
    values = [
        by_class(towards(many, "excess", None), many.labels, groups, groups).value,
        errors_by_class(many.predictions, many.labels, groups, groups).value,
        cosines(many.weight, groups, groups),
    ]
    words = np.full(values[0].shape, "12.3° (12.0 to 12.6), 150 images", dtype=object)
    shown = [Panel("one", f"a {place}", each, words, words, (LIGHT.sequential, 0, 1), str(place), "")
             for place, each in enumerate(values)]  # fmt: skip
    figure = matrices(shown, names, names, LIGHT)
    assert len(figure.to_json()) < 1_000_000
    assert all(len(name) < 45 for name in names)
    assert max(len(group) for group in groups) <= MOST_IN_CLUSTER


def test_numbers_in_cells_are_short_and_there_is_none_where_there_is_nothing() -> None:
    texts = _texts(np.array([[np.nan, -0.123, 0.001], [0.5, -0.04, 12.0]]), "{:.2f}")
    assert texts.tolist() == [["", "−.12", "0"], [".50", "−.04", "12.00"]]


def test_a_cluster_is_named_by_its_members() -> None:
    assert group_name(np.array([2]), NAMES) == "class 2"
    assert group_name(np.array([2, 0]), NAMES) == "class 2, class 0"
    assert group_name(np.array([2, 0, 1, 3]), NAMES) == "class 2, class 0 +2"
    assert len(group_name(np.array([0, 1]), ["a very long name indeed"] * 2)) < 36


@pytest.mark.parametrize("parameters", [
    {}, {"corruption": "gaussian_noise", "severity": "3", "global-less": "less", "global-matrix": "angles"},
    {"global-of": "logit", "vectors": "raw", "global-matrix": "cosines"}, {"tickets": "imp-90"},
])  # fmt: skip
def test_the_section_is_drawn(parameters: dict[str, str], tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("geometry", tiny_study, monkeypatch, geometry="global", **parameters)
    assert not test.error
    assert charts(test) == (2 if parameters.get("tickets") else 3)
    assert "class" in text(test)


def test_a_cell_marks_its_images(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the confusion those taken for the other class, of the angles all of the class."""
    marked: list[np.ndarray] = []
    monkeypatch.setattr(
        "app.shell.selection.Selection.set_samples", lambda self, samples, words="": marked.append(samples)
    )
    views: list[View] = []
    monkeypatch.setattr(between_classes, "_one_ticket", lambda view, folded: views.append(view))
    draw("geometry", tiny_study, monkeypatch, geometry="global")
    view = views[0]
    ticket = view.tickets[0]
    found = view.predicted(ticket)
    assert found is not None
    predicted, labels = found
    wrong = int(np.flatnonzero(predicted != labels)[0])
    row, column = (list(view.tree.leaves).index(each[wrong]) for each in (labels, predicted))
    for kind in ("errors", "angles"):
        monkeypatch.setattr(layout, "selected_points", lambda key, kind=kind: [
            {"customdata": f"{ticket.id} {kind} {row} {column}"}])  # fmt: skip
        between_classes._clicked(view, "global-ticket")
    own = labels == labels[wrong]
    assert marked[0].tolist() == np.flatnonzero(own & (predicted == predicted[wrong])).tolist()
    assert marked[1].tolist() == np.flatnonzero(own).tolist()
    st.cache_resource.clear()


def test_without_images_the_confusion_is_there_and_angles_say_why(
    tiny_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.images", lambda study: None)
    test = draw("geometry", tiny_study, monkeypatch, geometry="global")
    assert charts(test) == 2
    assert "Angles need the images" in text(test)


def test_no_ticket_chosen(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("geometry", tiny_study, monkeypatch, geometry="global", tickets="none")
    assert charts(test) == 0
    assert OPEN not in test.query_params


def test_networks_run_only_for_what_is_open(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    features = live.features

    def noted(*arguments: Any, **named: Any) -> dict[str, Features]:
        asked.append(arguments[2])
        return features(*arguments, **named)

    monkeypatch.setattr(live, "features", noted)
    monkeypatch.setattr(folds, "whole", lambda: False)
    link = {"geometry": "global", "tickets": "dense~imp-90"}
    assert charts(draw("geometry", tiny_study, monkeypatch, **link))
    assert not asked  # confusions are stored
    assert charts(draw("geometry", tiny_study, monkeypatch, **link, **{"global-matrix": "angles"}))
    assert asked
