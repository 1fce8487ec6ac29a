"""Other studies that have what a page or a part of one finds nothing of in the study shown."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import streamlit as st

from app import choice, load
from app.load import StudyView
from app.shell.url import change, mirror
from pruning.errors import UserError

FEW = 4  # studies that are pointed to
SECTIONS = ("dynamics", "masks", "overview", "geometry", "section")


def offer(has: Callable[[StudyView], bool], key: str) -> None:
    """Draw a button for each of the first studies that have it, which leads to the same page of theirs."""
    found = []
    for name, path in choice.studies().items():
        with suppress(UserError):
            study = load.open_study(name, path)
            if not study.tickets.empty and has(study):
                found.append(name)
        if len(found) == FEW:
            break
    if not found:
        return
    with st.container(horizontal=True, vertical_alignment="center", key=f"elsewhere-{key}"):
        st.markdown("Studies that have it:", width="content")
        for name in found:
            st.button(name, icon=":material/arrow_forward:", key=f"with-{name}", on_click=lead_to,
                      args=(name,))  # fmt: skip


def lead_to(name: str, **views: str) -> None:
    """Go to the same section of another study, or to the one that `views` say. For use in a callback."""
    change({**dict.fromkeys(mirror()), "study": name, **_views(), **views})


def _views() -> dict[str, str]:
    """What the address says of sections, which every study has; tickets and samples are each study's own."""
    return {name: value for name, value in mirror().items() if name in SECTIONS}
