"""What the inspector hears, in the browser, and what that does at once."""

from __future__ import annotations

from typing import Any

import streamlit as st
import streamlit.components.v2

from app.assets import read
from app.condition import condition_parameters, measured_conditions, usual
from app.inspector.asked import OPTION, asked, inspect
from app.inspector.order import order_of, step
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
        _look_at(selection, int(request["sample"]))
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
        _look_at(selection, step(sample, order_of(selection), act == "next"))
    elif sample is not None and isinstance(act, str):
        st.session_state[HEARD] = act


def _look_at(selection: Selection, sample: int) -> None:
    """Open another image, which a page that lists it has to mark, too."""
    order = order_of(selection)
    if order.of_page and order.place(sample) is not None:
        inspect(selection, sample)
        st.session_state[HEARD] = "page"
    else:
        change({OPTION: str(sample)})
