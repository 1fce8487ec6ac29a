"""Links the charts of a page: what is lassoed in one is marked in all, in the browser, and then told to the server."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import streamlit as st
import streamlit.components.v2

from app.assets import read
from app.shell.image_sets import SAMPLES, in_link
from app.shell.selection import Selection
from app.shell.url import mirror

VERSION = "linked version"


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    script = read("points.js") + read("pointer.js") + read("linked.js")
    return streamlit.components.v2.component("linked_charts", js=script)


def linked(selection: Selection, group: str, drag: str | None = None) -> list[int]:
    """Link the charts inside `st.container(key=group)` and return the marked samples, rising.

    A chart takes part through its traces made by `charts.columns.points`, which are drawn here and by nobody else. Call
    it inside a fragment: a lasso then runs that fragment only, so that the charts, which the browser has marked
    already, are not drawn anew. `drag` is what dragging in them does (plotly's
    "lasso", "select", "zoom", "pan") where the figures do not say: a figure that changes loses its zoom.
    """
    key = f"linked {group}"

    def store() -> None:
        heard = (st.session_state.get(key) or {}).get("lasso") or {}
        st.session_state[VERSION] = int(heard.get("version", 0))
        selection.set_samples(_from_bitmap(heard.get("marked", "")), "lasso", "replace")  # which joins with keys

    marked = _current(selection)
    data = {
        "group": group,
        "marked": _to_bitmap(marked),
        "version": st.session_state.get(VERSION, 0),
        "veil": selection.theme.surface,
        "drag": drag,
    }
    _component()(key=key, data=data, height=1, on_lasso_change=store)
    return [int(sample) for sample in marked]


def current(selection: Selection) -> list[int]:
    """The samples marked now. In a fragment `selection` itself is that of the page's last full run."""
    return [int(sample) for sample in _current(selection)]


def _current(selection: Selection) -> np.ndarray:
    try:
        samples: np.ndarray | None = in_link(selection.study, mirror().get(SAMPLES, ""))[0]
    except ValueError:
        samples = selection.samples
    return np.array([], dtype=np.int64) if samples is None else samples


def _to_bitmap(samples: np.ndarray) -> str:
    """One bit a sample, the lowest bit of a byte first, in base64; empty when there are none."""
    bits = np.zeros(int(samples.max(initial=-1)) + 1, dtype=bool)
    bits[samples] = True
    return base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode()


def _from_bitmap(text: str) -> np.ndarray:
    """The inverse: int64 indices, rising."""
    return np.flatnonzero(np.unpackbits(np.frombuffer(base64.b64decode(text), dtype=np.uint8), bitorder="little"))
