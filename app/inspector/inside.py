"""What the inspector shows of an image: pictures, what tickets take it for, its way over severities, its neighbours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from analysis.comparisons.one_image import path
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from app import linked, live
from app.condition import chosen_condition, measured_conditions
from app.inspector import parts, spaces
from app.inspector.hearing import mount
from app.inspector.order import Order, order_of
from app.inspector.subject import Subject, compared, offered, stored, subject
from app.pictures import study_images
from app.shell.left_out import without_networks
from app.shell.selection import Selection
from pruning.errors import UserError

TRAINING = {"test": "Test images", "training": "Training images"}


def draw(selection: Selection, sample: int) -> None:
    """Draw all of it."""
    order = order_of(selection)
    images = _images(selection)
    if images is None:
        _without_images(selection, sample, order)
        return
    try:
        found = subject(selection, images, sample)
    except UserError as error:
        mount("inspector-top", {"html": parts.head(sample, "", str(error), True)}, selection)
        return
    classes, theme = selection.study.classes, selection.theme
    shown = [found.views[view] for view in found.shown]
    html = [
        parts.head(sample, classes[found.label], _place(sample, order), order.steps),
        parts.pictures(found),
        parts.conditions(offered(selection, images), found.condition),
        "<h3>What tickets take it for</h3>",
        parts.readings(found.tickets, shown, parts.predictions(found), found.label, classes, theme),
        "<h3>Scores of the classes</h3>",
        parts.bars(found),
        parts.ways(),
    ]
    mount("inspector-top", {"html": "".join(html)}, selection)
    _in_spaces(found)


def similar(selection: Selection, sample: int) -> np.ndarray | None:
    """The selection, the image, and its neighbours in all tickets' spaces, clean; None where there are no images."""
    images = _images(selection)
    if images is None:
        return None
    found = subject(selection, images, sample)
    clean = live.features(selection.study, images, [ticket.id for ticket in found.tickets])
    near = spaces.neighbours(found, clean, training=False)
    own = [table["sample"].to_numpy(np.int64) for (_, view), table in near.items() if view == 0]
    return np.unique(np.concatenate([linked.current(selection), [sample], *own]))


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
    mount("inspector-near", {"html": spaces.neighbours_html(found, near, pictures, training)}, selection)


def _without_images(selection: Selection, sample: int, order: Order) -> None:
    """What the results say of the image."""
    rows = stored(selection, sample)
    if rows.empty:
        mount("inspector-top", {"html": parts.head(sample, "", "Nothing is stored of this image.", True)}, selection)
        return
    label, classes = int(rows["label"].dropna().iloc[0]), selection.study.classes
    condition = chosen_condition(selection)
    shown: list[Condition] = list(dict.fromkeys([CLEAN, condition]))
    html = [
        parts.head(sample, classes[label], _place(sample, order), order.steps),
        parts.conditions(measured_conditions(selection.study), condition),
        parts.readings(compared(selection), shown, parts.read_from(rows), label, classes, selection.theme),
    ]
    mount("inspector-top", {"html": "".join(html)}, selection)


def _place(sample: int, order: Order) -> str:
    count, place = f"{len(order.images):,}", order.place(sample)
    if not len(order.images):
        return "Arrow keys go through all images; select some to go through those."
    if place is not None:
        return f"{place + 1:,} of {count} {order.what}; arrow keys go on."
    return f"Not among the {count} {order.what}; arrow keys lead to them."
