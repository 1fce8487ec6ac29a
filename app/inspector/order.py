"""In what order the inspector's arrow keys go through images: that of the page beside it, or that of the selection."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import streamlit as st

from app import linked
from app.load import StudyView
from app.pictures import study_images
from app.shell.image_sets import image_count
from app.shell.selection import Selection
from pruning.errors import UserError

OFFERED, BESIDE = "order offered", "order beside"
"""In the session: the order of the page that is being drawn, and of the one that is beside the inspector."""


@dataclass(frozen=True)
class Order:
    """What arrow keys go through.

    Attributes:
        images: indices of test images, in order; none where all follow by their number.
        what: which they are, after their number.
        of_page: whether the page beside has them in this order, and has to follow.
        count: how many test images there are; None where that is not known.
    """

    images: np.ndarray
    what: str = "selected images"
    of_page: bool = False
    count: int | None = None

    @property
    def steps(self) -> bool:
        """Whether there may be another image to go to."""
        return len(self.images) != 1

    def place(self, sample: int) -> int | None:
        """Where an image stands, from 0; None where it is not among them."""
        found = np.flatnonzero(self.images == sample)
        return int(found[0]) if len(found) else None


def offer(images: Sequence[int] | np.ndarray) -> None:
    """Have arrow keys go through a page's images as it lists them. The page calls it each time that it is drawn."""
    st.session_state[OFFERED] = np.asarray(images, dtype=np.int64)


def take() -> None:
    """Note what the page offered that was just drawn, for the runs in which it is not drawn again."""
    st.session_state[BESIDE] = st.session_state.pop(OFFERED, None)


def order_of(selection: Selection) -> Order:
    """The order of the page beside, or else the selection; of no images where nothing is selected."""
    beside = st.session_state.get(BESIDE)
    if beside is not None and len(beside):
        return Order(beside, "images as the page lists them", of_page=True)
    return Order(np.array(linked.current(selection), dtype=np.int64), count=_count(selection.study))


def _count(study: StudyView) -> int | None:
    """How many test images there are: as measured, or else as they are on this machine."""
    count = image_count(study)
    if count is None:
        with suppress(UserError):  # of the data, which is said where they are shown
            there = study_images.pictures(study)
            count = None if there is None else len(there.labels)
    return count


def step(sample: int, order: Order, forward: bool) -> int:
    """The next image, or the one before, round and round.

    One that is not among them is followed by the next number of a selection, which rises, and by the first of a page.
    """
    images, place = order.images, order.place(sample)
    if not len(images):
        following = sample + (1 if forward else -1)
        if order.count is None:
            return max(0, following)
        return following % order.count if sample < order.count else (0 if forward else order.count - 1)
    if place is None:
        after = 0 if order.of_page else int(np.searchsorted(images, sample))
        return int(images[(after if forward else after - 1) % len(images)])
    return int(images[(place + (1 if forward else -1)) % len(images)])
