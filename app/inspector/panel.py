"""The inspector: opens beside any page by a click on an image, and goes on through the selection by arrow keys.

It is a fragment: what is clicked on draws it anew, and the page beside it stays as it is, unless it has to follow.
"""

from __future__ import annotations

import streamlit as st

from app.assets import read
from app.inspector import order
from app.inspector.asked import asked
from app.inspector.hearing import HEARD, mount
from app.shell import links
from app.shell.guard import fragment, guard
from app.shell.left_out import wholly
from app.shell.selection import Selection
from app.shell.url import change

LEADS: dict[str, tuple[str, dict[str, str | None]]] = {
    "map": ("geometry", {"geometry": "features"}),
    "attribution": ("geometry", {"geometry": "attribution"}),
    "gallery": ("gallery", {"picture": None, "class": None}),
}
"""Where a request leads: the page, and what is put into the URL besides the image."""


def show(selection: Selection) -> None:
    """Draw the inspector where the URL asks for it, and what listens for clicks on images where it does not."""
    order.take()
    if selection.study.task.classifies_images:
        _draw(selection)


@fragment
def _draw(selection: Selection) -> None:
    _follow(selection)
    sample = asked(selection)
    mount("inspector-ears", {"listens": True, "sample": sample}, selection)
    if sample is None:
        return
    from app.inspector import inside  # it imports what shows images to networks

    theme = selection.theme
    st.html(
        f"<style>:root{{--inspector-ground:{theme.surface};--inspector-line:{theme.grid}}}{read('beside.css')}</style>"
    )
    with st.container(key="inspector"):
        guard(inside.draw, wholly(selection), sample)


def _follow(selection: Selection) -> None:
    """Do what the page has to follow."""
    heard, sample = st.session_state.pop(HEARD, None), asked(selection)
    if heard in ("condition", "page"):
        st.rerun()
    if heard is None or sample is None:
        return
    if heard == "similar":
        from app.inspector import inside

        found = inside.similar(selection, sample)
        if found is not None:
            selection.set_samples(found, f"like image {sample}")
            st.rerun()
    if heard in LEADS:
        page, values = LEADS[heard]
        change({**values, "sample": str(sample), "image": str(sample)})
        links.leave_for(page)
