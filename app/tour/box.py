"""The tour on the page: a small box whose steps bring the pages to what they tell of.

Where it is stands in the URL as `tour`, and everything a step sets does too, so that leaving it leaves the page as it
is. It is offered once in a session, on the start page of that sample.
"""

from __future__ import annotations

import streamlit as st

from app import choice
from app.shell import links
from app.shell.selection import Selection
from app.shell.url import change, mirror
from app.tour.steps import OPTION, STEPS, parameters

OFFERED = "tour offered"  # in the session


def show(page: str, selection: Selection) -> None:
    """Draw the box of the step that the URL asks for; on the start page, once, the offer of the tour."""
    at = asked()
    if at is not None and selection.study.name == choice.FIRST:
        _box(at)
    elif at is None and page == "overview" and selection.study.name == choice.FIRST and _fresh():
        _offer()


def asked() -> int | None:
    """The step that the URL asks for, from 0; None where it asks for none."""
    value = mirror().get(OPTION, "")
    return int(value) - 1 if value.isdecimal() and 1 <= int(value) <= len(STEPS) else None


def _fresh() -> bool:
    """Whether it has not been taken or refused, and the link asks for nothing else to be looked at."""
    return not st.session_state.get(OFFERED) and not set(mirror()) - {"study"}


def _offer() -> None:
    with st.container(key="tour-offer", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("New here?", width="content")
        if st.button("Take the tour: two minutes", icon=":material/tour:", type="tertiary", key="tour-start"):
            _go(0)
        if st.button("", icon=":material/close:", type="tertiary", key="tour-refuse", help="Not now"):
            st.session_state[OFFERED] = True
            st.rerun()


def _box(at: int) -> None:
    step = STEPS[at]
    with st.container(key="tour", border=True):
        st.markdown(f":small[:gray[{at + 1} of {len(STEPS)}]]  \n**{step.title}**  \n{step.words}")
        with st.container(horizontal=True, gap="small"):
            if at and st.button("Back", key="tour-back"):
                _go(at - 1)
            if at + 1 < len(STEPS) and st.button("Next", key="tour-next", type="primary"):
                _go(at + 1)
            if st.button("Leave" if at + 1 < len(STEPS) else "Done", key="tour-leave", type="tertiary"):
                change({OPTION: None})
                st.rerun()


def _go(at: int) -> None:
    st.session_state[OFFERED] = True
    change(parameters(at, mirror()))
    links.leave_for(STEPS[at].page)
