"""The app: `python -m streamlit run app/main.py [-- PATH]`, where PATH is a study folder."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[1])
if ROOT not in sys.path:  # Streamlit puts the script's folder on the path, not the project's
    sys.path.insert(0, ROOT)

import streamlit as st  # noqa: E402

from app import layout, sidebar  # noqa: E402
from app.assets import read  # noqa: E402
from app.selection import Selection, synchronise  # noqa: E402

PAGES = {
    "overview": ("Overview", ":material/table_chart:"),
    "masks": ("Masks", ":material/grid_on:"),
    "geometry": ("Geometry", ":material/scatter_plot:"),
    "robustness": ("Robustness", ":material/blur_on:"),
    "samples": ("Samples", ":material/photo_library:"),
}


def page(name: str) -> Callable[[], None]:
    """The function that Streamlit calls for a page: the sidebar, then the page, neither ever a traceback."""

    def draw() -> None:
        chosen: list[Selection] = []
        layout.guard(lambda: chosen.extend(sidebar.show()))
        for selection in chosen:
            sidebar.show_notes(selection)
            layout.guard(_show, name, selection)

    draw.__name__ = name
    return draw


def _show(name: str, selection: Selection) -> None:
    import_module(f"app.views.{name}").show(selection)


def main() -> None:
    """Set the page up, bring URL and session together, draw the page that the user is on."""
    st.set_page_config(
        page_title="Pruning side by side", page_icon=str(Path(__file__).parent / "assets" / "icon.svg"), layout="wide"
    )
    st.html(f"<style>{read('style.css')}</style>")
    synchronise()
    pages = [
        st.Page(page(name), title=title, icon=icon, url_path=name, default=name == "overview")
        for name, (title, icon) in PAGES.items()
    ]
    st.navigation(pages, position="top").run()


main()
