"""The pages, and how one is drawn: the sidebar first, then the page, neither ever as a traceback."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

import streamlit as st

from app.shell import layout, sidebar
from app.shell.selection import Selection

PAGES = {
    "overview": ("Overview", ":material/table_chart:"),
    "masks": ("Masks", ":material/grid_on:"),
    "dynamics": ("Dynamics", ":material/show_chart:"),
    "geometry": ("Geometry", ":material/scatter_plot:"),
    "robustness": ("Robustness", ":material/blur_on:"),
    "samples": ("Samples", ":material/photo_library:"),
    "gallery": ("Gallery", ":material/auto_awesome_mosaic:"),
    "studies": ("Studies", ":material/compare_arrows:"),
}
"""Name of the module in `app.views`, which is its place in the URL too -> title, icon."""
START = next(iter(PAGES))


def pages() -> list[st.Page]:
    """The pages for `st.navigation`."""
    # The start page lives at "/" alone, whatever its path; so that its name leads there too, a hidden twin has it.
    shown = [
        st.Page(page(name), title=title, icon=icon, url_path="start" if name == START else name, default=name == START)
        for name, (title, icon) in PAGES.items()
    ]
    title, icon = PAGES[START]
    return [*shown, st.Page(page(START), title=title, icon=icon, url_path=START, visibility="hidden")]


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
    import_module(f"app.views.{name}.page").show(selection)
