"""Similarity on the page Geometry: the map's nodes, its tree and the sentence."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.comparisons.similarity import Agreement, Nodes, shares
from analysis.comparisons.similarity_maps import Placed, ranks
from app.shell import theme
from app.shell.theme import Style
from app.views.geometry.charts.similarity import agreement, node_map, order
from app.views.geometry.similarity import answer, faithful
from tests.app.views.test_pages import _fresh, charts, draw, text  # noqa: F401

LIGHT = theme.get("light")
STYLES = {"a": Style("Ticket a", "#336699", "circle"), "b": Style("Ticket b", "#cc5500", "square")}
CONDITIONS = [("clean", 0), ("fog", 3), ("snow", 3)]


def made_up() -> Nodes:
    rng = np.random.default_rng(0)
    return Nodes(["a", "b"], list(CONDITIONS), rng.normal(size=(2, 3, 20, 3)), rng.random((2, 3)), 0.5)


@pytest.mark.parametrize("colouring", ["ticket", "group"])
def test_every_node_is_drawn_once_and_the_tree_joins_them(colouring: str) -> None:
    nodes = made_up()
    table = nodes.table.assign(x=np.arange(6.0), y=np.arange(6.0) % 2, group=["clean", "weather", "weather"] * 2)
    tree = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]
    figure = node_map(table, tree, STYLES, colouring, LIGHT, nodes.noise)
    lines, *rest = figure.data
    assert [list(lines.x[at : at + 2]) for at in range(0, 15, 3)] == [[a, b] for a, b in tree]
    drawn = [tuple(each) for trace in rest if trace.customdata is not None for each in trace.customdata]
    assert sorted(drawn) == sorted((row.key, row.corruption, str(row.severity)) for row in table.itertuples())
    sizes = {tuple(each): size for trace in rest if trace.customdata is not None
             for each, size in zip(trace.customdata, trace.marker.size, strict=True)}  # fmt: skip
    best, worst = table.loc[table["accuracy"].idxmax()], table.loc[table["accuracy"].idxmin()]
    assert sizes[best.key, best.corruption, str(best.severity)] == max(sizes.values())
    assert sizes[worst.key, worst.corruption, str(worst.severity)] == min(sizes.values())
    clean = table[table["corruption"] == "clean"]
    rings = [(shape.x0, shape.x1) for shape in figure.layout.shapes]
    assert rings == [(x - nodes.noise, x + nodes.noise) for x in clean["x"]]
    assert not node_map(table, tree, STYLES, colouring, LIGHT, np.nan).layout.shapes
    marked = node_map(table, tree, STYLES, colouring, LIGHT, np.nan, "fog").data[1:]
    outlined = [tuple(each) for trace in marked for each, colour
                in zip(trace.customdata, trace.marker.line.color, strict=True) if colour == LIGHT.accent]  # fmt: skip
    assert sorted(outlined) == [("a", "fog", "3"), ("b", "fog", "3")]


def test_each_ticket_is_a_line_over_the_conditions() -> None:
    rows = ranks(made_up())
    figure = order(rows, STYLES, "fog", LIGHT)
    assert [trace.name for trace in figure.data] == ["Ticket a", "Ticket b"]
    for trace in figure.data:
        assert list(trace.x) == [0, 1, 2]
        assert {tuple(each)[1] for each in trace.customdata} == {"clean", "fog", "snow"}
    assert [(shape.x0 + shape.x1) / 2 for shape in figure.layout.shapes] == [
        rows.loc[rows["corruption"] == "fog", "place"].iloc[0]
    ]


def test_each_map_says_how_far_it_is_to_be_trusted() -> None:
    xy = np.zeros((3, 2))
    assert faithful(Placed(xy, stress=0.12, trustworthiness=0.9)) == (
        "Metric multidimensional scaling, stress 0.12, trustworthiness 0.90."
    )
    assert "hold 61 % of the variance" in faithful(Placed(xy, explained=0.61))
    assert "whose distances mean little" in faithful(Placed(xy))


def test_the_sentence_claims_what_the_test_shows_and_no_more() -> None:
    parts = shares(made_up()).set_index("part")
    pairs = pd.DataFrame({"a": ["clean"], "b": ["fog 3"], "distance": [1.0], "tau": [0.5]})
    assert "rank the tickets alike (Spearman −0.70" in answer(parts, made_up(), Agreement(pairs, -0.7, 0.001))
    said = answer(parts, made_up(), Agreement(pairs, -0.7, 0.001))
    assert "the two tickets are farther apart than two seeds" in said
    assert "cannot be told from chance" in answer(parts, made_up(), Agreement(pairs, -0.2, 0.4))
    assert "fewer than four tickets" in answer(parts, made_up(), Agreement(pairs, np.nan, np.nan))
    assert [tuple(agreement(pairs, LIGHT).data[0].x)] == [(1.0,)]
    one = replace(made_up(), keys=["a"], values=made_up().values[:1], accuracy=made_up().accuracy[:1])
    assert "one ticket's, so that the corruption alone" in answer(parts, one, Agreement(pairs, np.nan, np.nan))


def test_the_section_is_drawn(tiny_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = draw("geometry", tiny_study, monkeypatch, geometry="similarity")
    assert charts(test) == 3
    assert "is the network's" in text(test)
    assert not test.error
    other = draw("geometry", tiny_study, monkeypatch, geometry="similarity", seed="1")
    assert charts(other) == 3  # the results image by image are of the detail seed, whichever is looked at
    plane = draw("geometry", tiny_study, monkeypatch, geometry="similarity", severity="1",
                 **{"similarity-map": "pca", "similarity-vectors": "angle"})  # fmt: skip
    assert "of the variance" in text(plane)
    assert not plane.error
