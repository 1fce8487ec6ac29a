"""The pages, and how one is drawn: the sidebar first, then the page, neither ever as a traceback."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import streamlit as st

from app import layout, sidebar
from app.selection import Selection

PAGES = {
    "overview": ("Overview", ":material/table_chart:"),
    "masks": ("Masks", ":material/grid_on:"),
    "geometry": ("Geometry", ":material/scatter_plot:"),
    "robustness": ("Robustness", ":material/blur_on:"),
    "samples": ("Samples", ":material/photo_library:"),
}
"""Name of the module in `app.views`, which is its place in the URL too -> title, icon. The first one is the start."""


def pages() -> list[st.Page]:
    """The pages for `st.navigation`."""
    first = next(iter(PAGES))
    return [
        st.Page(page(name), title=title, icon=icon, url_path=name, default=name == first)
        for name, (title, icon) in PAGES.items()
    ]


def page(name: str) -> Callable[[], None]:
    """The function that draws a page."""

    def draw() -> None:
        chosen: list[Selection] = []
        layout.guard(lambda: chosen.extend(sidebar.show()))
        for selection in chosen:
            layout.guard(_show, name, selection)
            sidebar.show_notes(selection)

    draw.__name__ = name
    return draw


def _show(name: str, selection: Selection) -> None:
    import_module(f"app.views.{name}").show(selection)
