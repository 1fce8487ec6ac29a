"""The inspector: opens beside any page by a click on an image, and goes on through the selection by arrow keys.

It is a fragment: what is clicked on draws it anew, and the page beside it stays as it is, unless it has to follow.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import streamlit as st
import streamlit.components.v2

from analysis.comparisons.one_image import path
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from app import linked, live
from app.assets import read
from app.condition import chosen_condition, condition_parameters, measured_conditions, usual
from app.inspector import parts, spaces
from app.inspector.subject import OPTION, Subject, asked, compared, offered, stored, subject
from app.pictures import study_images
from app.shell import links
from app.shell.guard import guard
from app.shell.left_out import wholly, without_networks
from app.shell.selection import Selection
from app.shell.url import change
from pruning.errors import UserError

HEARD = "inspector heard"
"""In the session: what was asked for and is not done by drawing the inspector anew."""

TRAINING = {"test": "Test images", "training": "Training images"}
LEADS: dict[str, tuple[str, dict[str, str | None]]] = {
    "map": ("geometry", {"geometry": "features"}),
    "attribution": ("geometry", {"geometry": "attribution"}),
    "gallery": ("gallery", {"picture": None, "class": None}),
}
"""Where a request leads: the page, and what is put into the URL besides the image."""


@st.cache_resource(show_spinner=False)
def _component() -> Any:
    return streamlit.components.v2.component(
        "inspector", html='<div class="inspected"></div>', css=read("inspector.css"), js=read("inspector.js")
    )


def show(selection: Selection) -> None:
    """Draw the inspector where the URL asks for it, and what listens for clicks on images where it does not."""
    if selection.study.task.classifies_images:
        _draw(selection)


@st.fragment
def _draw(selection: Selection) -> None:
    _follow(selection)
    sample = asked(selection)
    _mount("inspector-ears", {"listens": True, "sample": sample}, selection)
    if sample is None:
        return
    theme = selection.theme
    st.html(
        f"<style>:root{{--inspector-ground:{theme.surface};--inspector-line:{theme.grid}}}{read('beside.css')}</style>"
    )
    with st.container(key="inspector"):
        guard(_inside, wholly(selection), sample)


def _inside(selection: Selection, sample: int) -> None:
    order = _order(selection)
    images = _images(selection)
    if images is None:
        _without_images(selection, sample, order)
        return
    try:
        found = subject(selection, images, sample)
    except UserError as error:
        _mount("inspector-top", {"html": parts.head(sample, "", str(error), len(order) > 0)}, selection)
        return
    classes, theme = selection.study.classes, selection.theme
    shown = [found.views[view] for view in found.shown]
    html = [
        parts.head(sample, classes[found.label], _place(selection, sample, order), len(order) > 1 or not len(order)),
        parts.pictures(found),
        parts.conditions(offered(selection, images), found.condition),
        "<h3>What tickets take it for</h3>",
        parts.readings(found.tickets, shown, parts.predictions(found), found.label, classes, theme),
        "<h3>Scores of the classes</h3>",
        parts.bars(found),
        parts.ways(),
    ]
    _mount("inspector-top", {"html": "".join(html)}, selection)
    _in_spaces(found)


def _images(selection: Selection) -> TestImages | None:
    """The test images; None where they are not on this machine, which the page says, and offers to fetch them."""
    study = selection.study
    return live.images(study) if study_images.pictures(study) is not None else None


def _in_spaces(found: Subject) -> None:
    """Its way over severities, and its neighbours: both need the features of all images, which may take a while."""
    selection = found.selection
    ids = [ticket.id for ticket in found.tickets]
    clean = live.features(selection.study, found.images, ids)
    if all(own.without for own in clean.values()):
        st.caption("These networks have no classifier that was found, so the image has no gap and no neighbours.")
        return
    st.plotly_chart(
        spaces.chart(found, path(found.seen, clean)), theme=None, key="inspector-path", config={"displayModeBar": False}
    )
    st.caption("✗: misclassified. Below 0 the direction of another class is nearer. Single networks, one image.")
    training = selection.pick("near", "Its neighbours among", TRAINING, width="content") == "training"
    pictures, among = found.images.images, clean
    if training:
        others = live.training(found.images)
        if others is None:
            st.caption("The training images are not on this machine.")
            return
        ids = [ticket.id for ticket in compared(without_networks(selection)) if ticket in found.tickets]
        found = replace(found, tickets=tuple(ticket for ticket in found.tickets if ticket.id in ids))
        pictures, among = others.images, live.features(selection.study, others, ids, kind="training")
    near = spaces.neighbours(found, among, training)
    _mount("inspector-near", {"html": spaces.neighbours_html(found, near, pictures, training)}, selection)


def _without_images(selection: Selection, sample: int, order: np.ndarray) -> None:
    """What the results say of the image."""
    rows = stored(selection, sample)
    if rows.empty:
        _mount("inspector-top", {"html": parts.head(sample, "", "Nothing is stored of this image.", True)}, selection)
        return
    label, classes = int(rows["label"].dropna().iloc[0]), selection.study.classes
    condition = chosen_condition(selection)
    shown: list[Condition] = list(dict.fromkeys([CLEAN, condition]))
    html = [
        parts.head(sample, classes[label], _place(selection, sample, order), True),
        parts.conditions(measured_conditions(selection.study), condition),
        parts.readings(compared(selection), shown, parts.read_from(rows), label, classes, selection.theme),
    ]
    _mount("inspector-top", {"html": "".join(html)}, selection)


def _order(selection: Selection) -> np.ndarray:
    """The images that arrow keys go through: the selection; none where nothing is selected, and then all."""
    return np.array(linked.current(selection), dtype=np.int64)


def _place(selection: Selection, sample: int, order: np.ndarray) -> str:
    if not len(order):
        return "Arrow keys go through all images; select some to go through those."
    if sample in order:
        return f"{int(np.searchsorted(order, sample)) + 1:,} of {len(order):,} selected images; arrow keys go on."
    return f"Not among the {len(order):,} selected images; arrow keys lead to them."


def step(sample: int, order: np.ndarray, forward: bool) -> int:
    """The next image, or the one before, round and round; `order` rises, and is empty where all images follow."""
    if not len(order):
        return max(0, sample + (1 if forward else -1))
    at = int(np.searchsorted(order, sample, side="right" if forward else "left")) - (0 if forward else 1)
    return int(order[at % len(order)])


def _mount(key: str, data: dict[str, Any], selection: Selection) -> None:
    def heard() -> None:
        request = (st.session_state.get(key) or {}).get("asked")
        if isinstance(request, dict):
            _hear(selection, request)

    more: dict[str, Any] = {"height": 1} if data.get("listens") else {}
    _component()(key=key, data=data, on_asked_change=heard, **more)


def _hear(selection: Selection, request: dict[str, Any]) -> None:
    """What is done at once; the rest is done by `_follow` in the run that comes."""
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
        change({OPTION: str(step(sample, _order(selection), act == "next"))})
    elif sample is not None and isinstance(act, str):
        st.session_state[HEARD] = act


def _follow(selection: Selection) -> None:
    """Do what the page has to follow."""
    heard, sample = st.session_state.pop(HEARD, None), asked(selection)
    if heard == "condition":
        st.rerun()
    if heard is None or sample is None:
        return
    if heard == "similar":
        images = _images(selection)
        if images is not None:
            selection.set_samples(_similar(selection, images, sample), f"like image {sample}")
            st.rerun()
    if heard in LEADS:
        page, values = LEADS[heard]
        change({**values, "sample": str(sample), "image": str(sample)})
        links.leave_for(page)


def _similar(selection: Selection, images: TestImages, sample: int) -> np.ndarray:
    """The selection, the image, and its neighbours in all tickets' spaces, clean."""
    found = subject(selection, images, sample)
    clean = live.features(selection.study, images, [ticket.id for ticket in found.tickets])
    near = spaces.neighbours(found, clean, training=False)
    own = [table["sample"].to_numpy(np.int64) for (_, view), table in near.items() if view == 0]
    return np.unique(np.concatenate([_order(selection), [sample], *own]))
