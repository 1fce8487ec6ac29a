"""Figures that were drawn before, kept while there is room: most of what a page costs is building them anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import ParamSpec

import plotly.graph_objects as go
import streamlit as st

from app.memory.recent import Recent
from app.shell.content import digest
from app.shell.light import is_dark

ROOM = 150_000_000
"""Bytes of figures that are kept, about, the least recently used given up first."""
TIMES = 4  # as many bytes as a figure has as text are what it takes in memory, about

P = ParamSpec("P")


class Figures(Recent[go.Figure]):
    """Figures by what decides how they look."""

    def __init__(self, room: int = ROOM) -> None:
        super().__init__(lambda figure: TIMES * len(figure.to_json()), room)


@st.cache_resource(show_spinner=False)
def _figures() -> Figures:
    return Figures()


def kept(what: Hashable, make: Callable[[], go.Figure]) -> go.Figure:
    """The figure that `make` draws, kept under `what`: everything that decides how it looks. Not to be changed."""
    figures = _figures()
    found = figures.get(what)
    if found is None:
        found = make()
        figures.put(what, found)
    return found


def drawn(chart: Callable[P, go.Figure]) -> Callable[P, go.Figure]:
    """A chart that is drawn once for the same arguments; anew where what they hold is not known.

    The figure is not to be changed, as it is everybody's.
    """

    @wraps(chart)
    def draw(*arguments: P.args, **options: P.kwargs) -> go.Figure:
        def make() -> go.Figure:
            figure = chart(*arguments, **options)
            if any(is_dark(value) for value in (*arguments, *options.values())):
                figure._drawn_of = chart, arguments, options  # for `light.in_light`
            return figure

        try:
            what = f"{chart.__module__}.{chart.__qualname__}", digest(arguments, options)
        except TypeError:
            return make()
        return kept(what, make)

    return draw
