"""In what order the inspector's arrow keys go through images: that of the page beside it, or that of the selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from app import linked
from app.shell.selection import Selection

OFFERED, BESIDE = "order offered", "order beside"
"""In the session: the order of the page that is being drawn, and of the one that is beside the inspector."""


@dataclass(frozen=True)
class Order:
    """What arrow keys go through.

    Attributes:
        images: indices of test images, in order; none where all follow by their number.
        what: which they are, after their number.
        of_page: whether the page beside has them in this order, and has to follow.
    """

    images: np.ndarray
    what: str = "selected images"
    of_page: bool = False

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
    return Order(np.array(linked.current(selection), dtype=np.int64))


def step(sample: int, order: Order, forward: bool) -> int:
    """The next image, or the one before, round and round.

    One that is not among them is followed by the next number of a selection, which rises, and by the first of a page.
    """
    images, place = order.images, order.place(sample)
    if not len(images):
        return max(0, sample + (1 if forward else -1))
    if place is None:
        after = 0 if order.of_page else int(np.searchsorted(images, sample))
        return int(images[(after if forward else after - 1) % len(images)])
    return int(images[(place + (1 if forward else -1)) % len(images)])
