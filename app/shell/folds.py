"""What is folded: its title opens it, and only then is what lies in it worked out and sent to the browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

WHOLE = "whole pages"
"""In the session: what is folded is drawn all the same, as in a report, which has no server to ask."""


@contextmanager
def fold(title: str, key: str = "", icon: str | None = None, expanded: bool = False) -> Iterator[bool]:
    """A part of a page that its title opens; gives whether it is open, and so whether to draw anything in it.

    Args:
        title: markdown.
        key: unique on the page; the title where it is "".
        icon: before the title.
        expanded: whether it is open at first.
    """
    name = key or f"fold-{title}"
    box = st.expander(title, key=f"{name}-open" if expanded else name, icon=icon, expanded=expanded, on_change="rerun")
    with box:
        yield bool(box.open) or whole()


def whole() -> bool:
    """Whether everything is drawn, folded or not."""
    return bool(st.session_state.get(WHOLE))
