"""What the inspector hears, in the browser, and what that does at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
import streamlit.components.v2

from app import linked
from app.assets import read
from app.condition import condition_parameters, measured_conditions, usual
from app.inspector.asked import OPTION, asked
from app.shell.selection import Selection
from app.shell.url import change

HEARD = "inspector heard"
"""In the session: what was asked for and is not done by drawing the inspector anew."""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return streamlit.components.v2.component(
        "inspector", html='<div class="inspected"></div>', css=read("inspector.css"), js=read("inspector.js")
    )


def mount(key: str, data: dict[str, Any], selection: Selection) -> None:
    """Put a part of the inspector on the page: `data` for its script, which may ask for something."""

    def heard() -> None:
        request = (st.session_state.get(key) or {}).get("asked")
        if isinstance(request, dict):
            _hear(selection, request)

    more: dict[str, Any] = {"height": 1} if data.get("listens") else {}
    _component()(key=key, data=data, on_asked_change=heard, **more)


def _hear(selection: Selection, request: dict[str, Any]) -> None:
    """What is done at once; the rest is done by `panel` in the run that comes."""
    act, sample = request.get("act"), asked(selection)
    if "sample" in request:
        change({OPTION: str(int(request["sample"]))})
    elif "corruption" in request:
        levels = measured_conditions(selection.study).get(str(request["corruption"]), [])
        if levels:
            level = int(request.get("severity", selection.option("severity", str(usual(levels)))))
            condition = str(request["corruption"]), level if level in levels else usual(levels)
            change(condition_parameters(condition))
            st.session_state[HEARD] = "condition"
    elif act == "close":
        change({OPTION: None})
    elif act in ("previous", "next") and sample is not None:
        change({OPTION: str(step(sample, order_of(selection), act == "next"))})
    elif sample is not None and isinstance(act, str):
        st.session_state[HEARD] = act


def order_of(selection: Selection) -> np.ndarray:
    """The images that arrow keys go through: the selection; none where nothing is selected, and then all."""
    return np.array(linked.current(selection), dtype=np.int64)


def step(sample: int, order: np.ndarray, forward: bool) -> int:
    """The next image, or the one before, round and round; `order` rises, and is empty where all images follow."""
    if not len(order):
        return max(0, sample + (1 if forward else -1))
    at = int(np.searchsorted(order, sample, side="right" if forward else "left")) - (0 if forward else 1)
    return int(order[at % len(order)])
