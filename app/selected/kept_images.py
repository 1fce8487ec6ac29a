"""Selections of images that the study keeps under names: what keeps one, and the list of those there are."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.comparisons.queried_images import Asked
from analysis.results.selections import LONGEST, Kept, forget, keep, kept
from app.names import shown
from app.shell import layout
from app.shell.image_sets import images_text
from app.shell.selection import Selection
from pruning.errors import UserError

FAILED = "keeping failed"
"""In the session: why a selection could not be kept, or forgotten."""

SHOWN = 30
"""Kept selections that are listed."""

WORDS = 70
"""Characters of how one came about."""


def keeper(selection: Selection, images: Asked, marked: np.ndarray, words: str) -> None:
    """The field and the button that keep what is selected."""

    def store() -> None:
        name = st.session_state.get("keep-name", "")
        try:
            keep(selection.study.path, name, marked, images.labels, words)
            st.session_state["keep-name"] = ""
        except UserError as error:
            st.session_state[FAILED] = str(error)

    st.text_input("Keep it in the study as", key="keep-name", max_chars=LONGEST, placeholder="a name", width=220)
    st.button("Keep", icon=":material/bookmark:", key="keep", on_click=store)


def show(selection: Selection, images: Asked) -> None:
    """List the kept selections; nothing where there is none."""
    failed = st.session_state.pop(FAILED, "")
    if failed:
        st.warning(layout.plain(failed), icon=":material/info:")
    found, problems = kept(selection.study.path)
    if found:
        st.markdown("**Kept in the study**")
    for place, one in enumerate(found[:SHOWN]):
        _line(selection, images, place, one)
    if len(found) > SHOWN:
        st.caption(f"And {len(found) - SHOWN} more, in the folder `selections/` of the study.")
    layout.notes(problems)


def _line(selection: Selection, images: Asked, place: int, one: Kept) -> None:
    fits = one.is_of(images.labels)
    with st.container(key=f"kept-{place}"):
        said, go, gone = st.columns([9, 1.3, 0.5], gap="small", vertical_alignment="center")
    short = one.words if len(one.words) <= WORDS else f"{one.words[: WORDS - 1].rstrip()}…"
    words = f": {layout.plain(shown(short))}" if short else ""
    name = layout.plain(shown(one.name))
    other = "" if fits else f" :gray[, of {one.of:,} other test images than these]"
    said.markdown(f"**{name}** :gray[{images_text(len(one.images))}{words}]{other}")
    with go:
        if st.button("Select", key=f"kept-{place}-go", disabled=not fits, type="tertiary", icon=":material/check:"):
            selection.set_samples(one.images, f"“{one.name}”")
            st.rerun()

    def leave() -> None:
        try:
            forget(one)
        except UserError as error:
            st.session_state[FAILED] = str(error)

    with gone:
        st.button("", key=f"kept-{place}-gone", icon=":material/delete:", type="tertiary", on_click=leave,
                  help="Delete it from the study")  # fmt: skip
