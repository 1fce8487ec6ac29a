"""Many masks at once: UpSet plots and pairs beside their chance level."""

import numpy as np
import pytest
import torch

from analysis.comparisons import mask_pairs
from analysis.metrics import overlap
from analysis.metrics.intersections import regions
from app.charts import upset
from app.shell import theme
from app.shell.selection import Chosen
from app.shell.theme import Style
from app.views.masks import many
from app.views.masks.charts import chance

LIGHT = theme.get("light")
COLORS = {"a": "#aa0000", "b": "#00aa00", "c": "#0000aa"}
STYLES = {name: Style(f"Ticket {name}", color, "circle") for name, color in COLORS.items()}


def masks(seed: int = 0) -> dict[str, dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    found = {name: {"l": torch.rand(400, generator=generator) < 0.4} for name in "ab"}
    return found | {"c": {"l": found["a"]["l"].clone()}}


def test_bars_and_marks_are_counts_and_expectations() -> None:
    table = mask_pairs.ranked(regions(masks()), False)
    figure = upset.upset(table, {name: int(m["l"].sum()) for name, m in masks().items()}, STYLES, LIGHT)
    bar, mark = figure.data[0], figure.data[1]
    assert list(bar.y) == list(table["count"])
    np.testing.assert_allclose(mark.y, table["expected"])
    assert bar.y[0] >= bar.y[1]
    only_b = next(place for place, members in enumerate(table["members"]) if members == ("b",))
    assert bar.marker.color[only_b] == STYLES["b"].color
    direct = int((masks()["b"]["l"] & ~masks()["a"]["l"]).sum())
    assert bar.y[only_b] == direct


def test_dots_stand_below_their_bar_in_the_tickets_colour() -> None:
    table = mask_pairs.ranked(regions(masks()), False)
    figure = upset.upset(table, dict.fromkeys("abc", 1), STYLES, LIGHT)
    dots = {trace.name: trace for trace in figure.data if trace.name in {style.label for style in STYLES.values()}}
    for ticket, style in STYLES.items():
        inside = [color == style.color for color in dots[style.label].marker.color]
        assert inside == [ticket in members for members in table["members"]]


@pytest.mark.parametrize(
    ("count", "expected", "words"),
    [(20, 10.0, "2 times the 10.0 of chance"), (3, 0.0, "none by chance"), (3, 0.001, "next to none by chance")],
)
def test_lift_in_words(count: float, expected: float, words: str) -> None:
    assert upset.lift(count, expected) == words


def chosen(key: str, method: str) -> Chosen:
    return Chosen(key, key, key, method, method, 0.9, 0, 10, 100, Style(key, "#000000", "circle"))


def test_dense_twins_and_random_ones_are_not_compared_at_first() -> None:
    tickets = [chosen("dense", "dense"), chosen("random", "random"), *(chosen(f"m{n}", f"m{n}") for n in range(7))]
    keys = many.first(tickets, {"m0": "m1"})
    assert keys == ["m1", "m2", "m3", "m4", "m5", "m6"]
    assert many.first(tickets[:3], {}) == ["random", "m0"]
    assert many.first(tickets[:2], {}) == ["dense", "random"]


def test_pairs_are_drawn_with_their_chance() -> None:
    table = mask_pairs.pairs([overlap.count(masks())])
    figure = chance.pairs(table, STYLES, LIGHT)
    dots = next(trace for trace in figure.data if trace.name == "observed")
    marks = next(trace for trace in figure.data if trace.name == "expected by chance")
    np.testing.assert_allclose(dots.x, table["overlap"])
    np.testing.assert_allclose(marks.x, table["chance_layers"])
    assert [shape.x1 for shape in figure.layout.shapes] == pytest.approx(list(table["overlap"]))
    assert "Ticket a and Ticket c" in dots.customdata[0][0]
