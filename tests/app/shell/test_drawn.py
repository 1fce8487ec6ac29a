"""Figures are kept by what decides how they look, and not longer than there is room."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
import streamlit as st

from app.shell import theme
from app.shell.content import digest
from app.shell.drawn import Figures, drawn
from app.shell.light import in_light

FRAME = pd.DataFrame({"key": ["a", "b"], "value": [1.0, np.nan], "n": [1, 2]}, index=[3, 4])


@dataclass(frozen=True)
class Style:
    colour: str
    width: float = 1.0


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.mark.parametrize(
    "other",
    [
        FRAME.assign(value=[1.0, 0.0]),
        FRAME.assign(key=["a", "c"]),
        FRAME.assign(n=[1.0, 2.0]),
        FRAME.rename(columns={"n": "m"}),
        FRAME[["value", "key", "n"]],
        FRAME.iloc[::-1],
        FRAME.reset_index(drop=True),
        FRAME.head(1),
        FRAME.assign(key=FRAME["key"].astype("category")),
    ],
)
def test_frames_that_differ_anywhere_have_other_digests(other: pd.DataFrame) -> None:
    assert digest(FRAME) == digest(FRAME.copy())
    assert digest(FRAME) != digest(other)


def test_what_looks_alike_is_told_apart() -> None:
    style = Style("red")
    values = [
        1, 1.0, True, "1", None, [], [1], [[1]], [1, 2], ["1", "2"], ["12"], (1, 2), {1: 2}, {"1": 2}, style,
        replace(style, width=2.0), {"red": 1.0}, np.array([1, 2]), np.array([[1, 2]]), np.array([1.0, 2.0]),
        np.array(["1", "2"], dtype=object), np.arange(12)[::2], len, max,
    ]  # fmt: skip
    known = [value for value in values if not callable(value)]
    assert len({digest(value) for value in known}) == len(known)
    assert digest(np.arange(12)[::2]) == digest(np.arange(0, 12, 2))
    assert digest(style) == digest(Style("red"))


def test_what_holds_what_nobody_knows_is_refused() -> None:
    outer = 3
    for value in (object(), lambda: outer, iter([1]), {1, 2}):
        with pytest.raises(TypeError):
            digest([value])


def test_a_chart_is_drawn_once_for_the_same_arguments_and_anew_for_others() -> None:
    calls = []

    @drawn
    def chart(rows: pd.DataFrame, style: Style, **more: object) -> go.Figure:
        calls.append(rows)
        return go.Figure().add_scatter(y=rows["value"], line={"color": style.colour})

    first = chart(FRAME, Style("red"))
    assert chart(FRAME.copy(), Style("red")) is first
    other = chart(FRAME, Style("blue"))
    assert other.data[0].line.color == "blue"
    assert first.data[0].line.color == "red"
    assert len(calls) == 2
    chart(FRAME, Style("red"), unknown=object())
    chart(FRAME, Style("red"), unknown=object())
    assert len(calls) == 4


def test_what_was_not_used_for_longest_is_given_up() -> None:
    def figure() -> go.Figure:
        return go.Figure().add_scatter(y=["x" * 1000])

    store = Figures(room=10**9)
    store.put("one", figure())
    size = store.size
    store.room = 3 * size
    for name in ("two", "three"):
        store.put(name, figure())
    store.get("one")
    store.put("four", figure())
    assert {name for name in ("one", "two", "three", "four") if store.get(name) is not None} == {"one", "three", "four"}
    assert store.size == 3 * size
    store.put("four", figure())
    assert store.size == 3 * size
    store.room = 1
    store.put("five", figure())
    assert list(store.found) == ["five"]  # what is larger than all the room is kept while it is the last


@drawn
def _chart(rows: pd.DataFrame, tickets: dict[str, theme.Style], notes: list[str], colours: theme.Theme) -> go.Figure:
    chart = go.Figure(layout={"template": colours.template, "title": {"text": notes[0]}})
    for key, style in tickets.items():
        chart.add_scatter(y=rows["value"], name=key, line={"color": style.color})
    return chart


def test_a_dark_chart_is_given_as_the_light_theme_draws_it() -> None:
    chosen = [("a", "imp", 0.5, "IMP 50 %"), ("b", "imp", 0.9, "IMP 90 %"), ("c", "dense", 0.0, "Dense")]

    def of(mode: theme.Mode) -> go.Figure:
        colours, tickets = theme.get(mode), theme.styles(chosen, ["imp"], mode)
        return _chart(FRAME, tickets, [f'<span style="color:{colours.good}">●</span>'], colours)

    light = of("light")
    assert of("dark").to_json() != light.to_json()
    assert in_light(of("dark")).to_json() == light.to_json()
    assert in_light(light) is light
