"""What is selected, in one line on every page: tickets, images, condition; and what the page does not use of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st
import streamlit.components.v2

from analysis.corruptions.conditions import CLEAN
from app import linked
from app.assets import read
from app.condition import chosen_condition, condition_parameters, condition_text
from app.shell.guard import fragment
from app.shell.image_sets import WORDS, images_text
from app.shell.layout import plain
from app.shell.pages import CONDITION, IMAGES, TICKETS, Page
from app.shell.selection import Selection
from app.shell.url import change, mirror
from pruning.errors import UserError

CLEARED = "selected cleared"
"""In the session: that something was cleared, so that the page has to follow."""

SHOWN = 40  # characters of the words that the line has room for


@dataclass(frozen=True)
class Part:
    """A part of what is selected: what a page may use, its words, what clears it, and how it came about."""

    of: str
    text: str
    clear: Callable[[], None]
    words: str = ""

    @property
    def markdown(self) -> str:
        """What the line says, as short as it has to be."""
        if not self.words:
            return self.text
        short = self.words if len(self.words) <= SHOWN else f"{self.words[: SHOWN - 1].rstrip()}…"
        return f"{self.text}: {plain(short)}"


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return streamlit.components.v2.component("selected", js=read("selected.js"))


@fragment
def show(page: Page, selection: Selection) -> None:
    """Draw the line where anything is selected. A lasso draws it anew, and nothing else of the page."""
    if st.session_state.pop(CLEARED, False):
        st.rerun()
    _component()(key="selected-ears", height=1, on_heard_change=lambda: None)
    there = parts(selection)
    if not there:
        return
    st.html(f"<style>{read('selected.css')}</style>")
    with st.container(horizontal=True, vertical_alignment="center", key="marked-bar", width="content"):
        if any(part.of == IMAGES for part in there):
            _opener(selection, "", "select-images-again")
        for part in there:
            used = part.of in page.uses
            why = f" (this page is {page.unused})" if page.unused else ""
            text = f"**{part.markdown}**" if used else f":gray[{part.text}, not used here{why}]"
            words = f" ({plain(part.words)})" if part.words else ""
            st.button(
                text, key=f"clear-{part.of}", icon=":material/close:", icon_position="right", type="tertiary",
                help=f"Clear: {part.text}{words}" + ("" if used else ". This page shows the same without it."),
                on_click=_clear, args=(part,),
            )  # fmt: skip


def offer(selection: Selection) -> None:
    """The way to the dialog that builds a selection, in the sidebar: over a page it would lie on charts."""
    if _classifies(selection):
        with st.sidebar:
            _opener(selection, "Select images …", "select-images-open")


def _opener(selection: Selection, text: str, key: str) -> None:
    about = "Build a selection of images, which every page knows of."
    if st.button(text, key=key, type="tertiary", icon=":material/filter_alt:", help=about):
        from app.selected import builder  # it imports what shows images to networks

        builder.show(selection)


def parts(selection: Selection) -> list[Part]:
    """What differs from what a page shows at first: images, the condition, and beside these the tickets."""
    found = []
    marked = linked.current(selection)
    if "tickets" in mirror():
        count = len(selection.keys)
        text = f"{count} ticket{'' if count == 1 else 's'}"
        found.append(Part(TICKETS, text, lambda: change({"tickets": None})))
    if marked:
        words = mirror().get(WORDS, "")
        found.append(Part(IMAGES, images_text(len(marked)), lambda: selection.set_samples(None), words))
    condition = _condition(selection)
    if condition != CLEAN:
        found.append(
            Part(CONDITION, condition_text(condition), lambda: change(condition_parameters(CLEAN) | {"severity": None}))
        )
    return found


def _condition(selection: Selection) -> tuple[str, int]:
    try:
        return chosen_condition(selection) if _classifies(selection) else CLEAN
    except UserError:
        return CLEAN


def _classifies(selection: Selection) -> bool:
    try:
        return selection.study.task.classifies_images
    except UserError:  # of the task, which the page says
        return False


def _clear(part: Part) -> None:
    part.clear()
    st.session_state[CLEARED] = True
