"""The dialog that builds a selection of images: by a query, from kept ones, and by what it does to the one there is."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.comparisons.image_query import text
from analysis.comparisons.queried_images import Asked
from app import linked
from app.condition import chosen_condition, condition_text
from app.names import shown
from app.selected import kept_images, query_form
from app.selected.asked import asked, conditions
from app.shell import layout
from app.shell.columns import REST, describe
from app.shell.downloads import to_csv
from app.shell.image_sets import WAY, WAYS, WORDS, images_text, joined, way_in
from app.shell.selection import Chosen, Selection
from app.shell.url import LONGEST, mirror
from pruning.errors import UserError

MOST = 200
"""Tickets that the form offers."""

ABOUT_WAYS = "What new images do to those that are selected. So do those of a number that you click on, on any page."


@st.dialog("Select images", width="large")
def show(selection: Selection) -> None:
    """Open the dialog."""
    contents(selection)


def contents(selection: Selection) -> None:
    """Draw what is in it."""
    try:
        images = asked(selection)
    except UserError as error:
        layout.empty("There is nothing to select by yet.", layout.plain(str(error)))
        return
    marked = np.array(linked.current(selection), dtype=np.int64)
    if len(marked):
        _now(selection, images, marked)
    _by_query(selection, images, marked)
    kept_images.show(selection, images)


def _now(selection: Selection, images: Asked, marked: np.ndarray) -> None:
    """What is selected, and what can be done with it."""
    with st.container(border=True, key="select-now"):
        words = mirror().get(WORDS, "")
        said = f": {layout.plain(shown(words))}" if words else ""
        st.markdown(f"**{images_text(len(marked))}** selected{said}")
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            if st.button("Invert", icon=":material/invert_colors:", key="select-invert",
                         help="All other test images instead."):  # fmt: skip
                rest = np.setdiff1d(np.arange(len(images.labels)), marked)
                selection.set_samples(rest, f"all but ({words or images_text(len(marked))})", "replace")
                st.rerun()
            if st.button("Clear", icon=":material/close:", key="select-clear"):
                selection.set_samples(None)
                st.rerun()
            condition = chosen_condition(selection)
            rows = images.rows(marked, [ticket.key for ticket in selection.tickets], condition)
            meanings = {
                "sample": "place of the image among the test images used, from 0",
                "label": "number of the true class",
                "class": "name of the true class",
                REST: f"class that this ticket of seed {selection.seed} predicts ({condition_text(condition)})",
            }
            st.download_button(
                "CSV", lambda: to_csv(rows, describe(map(str, rows.columns), meanings)), "selection.csv", "text/csv",
                icon=":material/download:", key="select-csv", on_click="ignore",
                help="These images, with what the chosen tickets take them for under the condition looked at.",
            )  # fmt: skip
            kept_images.keeper(selection, images, marked, words)
        if len(mirror().get("samples", "")) > LONGEST:
            st.caption("Too many for a link: keep them under a name.")


def _by_query(selection: Selection, images: Asked, marked: np.ndarray) -> None:
    tickets = [*selection.tickets, *([selection.baseline] if selection.baseline else [])]
    try:
        terms = query_form.show(_offered(selection, images, tickets))
        fits = np.flatnonzero(images.fits(terms))
    except UserError as error:
        st.warning(layout.plain(str(error)), icon=":material/info:")
        return
    if not terms:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="select-go-line"):
        total = f"{len(images.labels):,} test images"
        if len(marked):
            ways = {str(way): title for way, title in WAYS.items()}
            selection.pick(WAY, "And the images selected", ways, width="content", help=ABOUT_WAYS)
            after = len(joined(marked, fits, way_in(mirror())))
            note = f"**{len(fits):,}** of {total} fit; **{after:,}** would be selected"
        else:
            note = f"**{len(fits):,}** of {total} fit"
        st.markdown(note, width="stretch")
        empty = not len(fits)
        if st.button("Select", type="primary", icon=":material/check:", key="select-go", disabled=empty):
            selection.set_samples(fits, text(terms))
            st.rerun()


def _offered(selection: Selection, images: Asked, first: list[Chosen]) -> query_form.Offered:
    """The chosen tickets first, then the others of the seed."""
    own = selection.study.tickets
    own = own[own["seed"] == selection.seed].head(MOST)
    labels = {ticket.key: ticket.label for ticket in first} | dict(zip(own["key"], own["label"], strict=True))
    there, looked_at = conditions(selection.study), chosen_condition(selection)
    return query_form.Offered(images.classes, labels, there, images.baseline, looked_at)
