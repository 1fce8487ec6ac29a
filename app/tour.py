"""A tour of two minutes over the first sample: a small box whose steps bring the pages to what they tell of.

Where it is stands in the URL as `tour`, and everything a step sets does too, so that leaving it leaves the page as it
is. It is offered once in a session, on the start page of that sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st

from app import choice
from app.shell import links
from app.shell.selection import Selection
from app.shell.url import change, mirror

OPTION, OFFERED = "tour", "tour offered"
FEW = "dense~random-90~magnitude-90~imp-90"
USED = ("tickets", "corruption", "severity", "inspect", "geometry", "section", "masks", "overview", "columns")
"""What steps set in the URL, and what each takes back of those before it."""


class Step(NamedTuple):
    """What is told, on which page, and what the URL says there."""

    page: str
    title: str
    words: str
    view: Mapping[str, str]


STEPS = (
    Step("", "One question a card",
         "A **ticket** is a pruned network: a method at a sparsity. Each card answers one question about the tickets "
         "chosen at the left, never with more than the intervals say. Click a dot there to show or hide a ticket.", {}),
    Step("masks", "Which weights does each keep?",
         "Bars count the weights that these tickets keep together; orange marks say what chance would give. Random "
         "shares with nobody more than that.", {"masks": "many"}),
    Step("geometry", "What happens to the geometry?",
         "Every point is a test image under fog. Upwards is better: its feature is nearer to its own class than to any "
         "other. Draw around points and the same images are marked in every panel.",
         {"tickets": FEW, "corruption": "fog", "severity": "3"}),
    Step("geometry", "A point is an image",
         "This is one of them: clean, under fog, and where the two differ; what each ticket takes it for; and its "
         "neighbours. A click on any point opens it, the arrow keys go on.",
         {"tickets": FEW, "corruption": "fog", "severity": "3", "inspect": "110"}),
    Step("robustness", "Which survive corrupted input?",
         "Tickets on one grey band are not shown to differ. The sections behind it say under which corruption, on "
         "which classes, and whether the confidence still holds.", {}),
    Step("robustness", "Why are images lost?",
         "Under fog all features drift alike; what undoing that drift would win back is counted here. Open what is "
         "folded below to see towards which class.", {"tickets": FEW, "section": "lost", "corruption": "fog",
                                                     "severity": "4"}),
    Step("", "Now yours",
         "All of this is in the address: copy it and somebody else sees the same. *Add a study* at the left takes "
         "checkpoints of your own. The ƒ in a card's corner says what its numbers are.", {}),
)  # fmt: skip


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


def parameters(at: int) -> dict[str, str | None]:
    """What step `at` puts into the URL."""
    return {**dict.fromkeys(USED), **STEPS[at].view, OPTION: str(at + 1)}


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
    change(parameters(at))
    links.leave_for(STEPS[at].page)
