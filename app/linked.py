"""Links the charts of a page: what is lassoed in one is marked in all, in the browser, and then told to the server."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
import streamlit.components.v2

from app.assets import read
from app.shell.codec import decode_samples
from app.shell.selection import Selection
from app.shell.url import mirror

VERSION = "linked version"


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return streamlit.components.v2.component("linked_charts", js=read("linked.js"))


def linked(selection: Selection, group: str) -> list[int]:
    """Link the charts inside `st.container(key=group)` and return the marked samples, rising.

    A chart takes part through its traces made by `charts.columns.points`. Call it inside a fragment: a lasso then
    runs that fragment only, so that the charts, which the browser has marked already, are not drawn anew.
    """
    key = f"linked {group}"

    def store() -> None:
        heard = (st.session_state.get(key) or {}).get("lasso") or {}
        st.session_state[VERSION] = int(heard.get("version", 0))
        selection.set_samples([int(sample) for sample in heard.get("samples", [])])

    marked = current(selection)
    data = {
        "group": group,
        "samples": marked,
        "version": st.session_state.get(VERSION, 0),
        "veil": selection.theme.surface,
    }
    _component()(key=key, data=data, height=1, on_lasso_change=store)
    return marked


def current(selection: Selection) -> list[int]:
    """The samples marked now. In a fragment `selection` itself is that of the page's last full run."""
    try:
        samples: np.ndarray | None = decode_samples(mirror().get("samples", ""))
    except ValueError:
        samples = selection.samples
    return [] if samples is None else [int(sample) for sample in samples]
