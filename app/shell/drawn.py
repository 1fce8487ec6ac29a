"""Figures that were drawn before, kept while there is room: most of what a page costs is building them anew."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec

import plotly.graph_objects as go
import streamlit as st

from app.shell.content import digest

ROOM = 150_000_000
"""Bytes of figures that are kept, about, the least recently used given up first."""
TIMES = 4  # as many bytes as a figure has as text are what it takes in memory, about

P = ParamSpec("P")


@dataclass
class Figures:
    """Figures by what decides how they look, as many as there is room for."""

    room: int = ROOM
    found: OrderedDict[Hashable, tuple[go.Figure, int]] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    size: int = 0

    def get(self, key: Hashable) -> go.Figure | None:
        """What is kept under a key."""
        with self.lock:
            if key not in self.found:
                return None
            self.found.move_to_end(key)
            return self.found[key][0]

    def put(self, key: Hashable, figure: go.Figure) -> None:
        """Keep a figure, and give up what was not used for longest."""
        size = TIMES * len(figure.to_json())
        with self.lock:
            self.size += size - self.found.pop(key, (figure, 0))[1]
            self.found[key] = figure, size
            while self.size > self.room and len(self.found) > 1:
                self.size -= self.found.popitem(last=False)[1][1]


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
        try:
            what = f"{chart.__module__}.{chart.__qualname__}", digest(arguments, options)
        except TypeError:
            return chart(*arguments, **options)
        return kept(what, lambda: chart(*arguments, **options))

    return draw
