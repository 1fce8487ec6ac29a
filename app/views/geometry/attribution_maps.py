"""What the section Attribution is of: the images looked at, and what their pixels do to the tickets' features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from torch import Tensor

from analysis.comparisons.attribution import Attribution, Way, attribute
from analysis.comparisons.ticket_attribution import TicketMaps, telling
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from app import live
from app.memory.recent import Recent
from app.shell.selection import Chosen, Selection
from app.views.geometry.spaces import Spaces
from pruning.progress import Progress
from pruning.training.precision import pick_device

MOST_IMAGES = 12
"""Images whose maps are averaged at most: each is hidden patch by patch from every network."""


@dataclass(frozen=True, eq=False)
class Asked:
    """What is looked at.

    Attributes:
        selection: of the page.
        images: the study's test images.
        tickets: the baseline, and those beside it.
        baseline: its key.
        samples: the images, one or several of one class.
        label: their class, by number.
        way: how effects are found.
        measure: "gap" or "length".
    """

    selection: Selection
    images: TestImages
    tickets: Sequence[Chosen]
    baseline: str
    samples: Sequence[int]
    label: int
    way: Way
    measure: str

    @property
    def around(self) -> Spaces:
        """The clean images from whose mean features are seen: evenly spaced ones where there are many."""
        return Spaces(self.selection.study, self.images).some()


def candidates(selection: Selection, images: TestImages, tickets: Sequence[Chosen], condition: Condition) -> np.ndarray:
    """The images that tell most of why tickets are lost under the condition; see `telling`.

    Raises:
        UserError: as `live.features`.
    """
    ids = {ticket.key: ticket.id for ticket in tickets}
    right = []
    for each in dict.fromkeys([CLEAN, condition]):
        found = live.features(selection.study, images, list(ids.values()), each)
        right.append({key: found[ticket_id].right for key, ticket_id in ids.items()})
    return telling(right[0], right[-1], tickets[0].key)


def ticket_maps(asked: Asked, condition: Condition) -> TicketMaps:
    """The attributions of the images looked at, by all seeds of the tickets.

    Raises:
        UserError: as `live.features`.
    """
    study = asked.selection.study
    rows = asked.selection.all_seeds([ticket.key for ticket in asked.tickets]).drop_duplicates(["key", "seed"])
    rows = rows.sort_values("seed").reset_index(drop=True)
    ids = tuple(rows["ticket_id"])
    places = {
        ticket.key: {int(row.seed): int(row.Index) for row in rows[rows["key"] == ticket.key].itertuples()}
        for ticket in asked.tickets
    }
    means = asked.around.features(ids)
    with live.working("Looking for the pixels that count") as progress:
        found = []
        for done, sample in enumerate(asked.samples):
            step = _step(progress, done, len(asked.samples))
            arguments = str(study.path), study.stamp, ids, sample, condition, asked.way
            found.append(_attribution(*arguments, asked, [means[each].mean for each in ids], step))
    return TicketMaps(found, places, asked.baseline)


def picture_of(images: TestImages, samples: Sequence[int], condition: Condition) -> np.ndarray:
    """The image under the condition, or the mean of several: uint8 [C, H, W]."""
    shown = [_shown(images, sample, condition).numpy() for sample in samples]
    return np.asarray(np.mean(shown, axis=0).round().astype(np.uint8))


ROOM = 100_000_000
"""Bytes of attributions that are kept."""


@st.cache_resource(show_spinner=False)
def _kept() -> Recent[Attribution]:
    return Recent(lambda found: sum(each.nbytes for each in vars(found).values() if isinstance(each, np.ndarray)), ROOM)


def _attribution(
    path: str,
    stamp: str,
    ids: tuple[str, ...],
    sample: int,
    condition: Condition,
    way: Way,
    asked: Asked,
    means: Sequence[np.ndarray],
    progress: Progress,
) -> Attribution:
    """Kept by hand: what Streamlit caches may not draw on a bar that is there already."""
    key = path, stamp, ids, sample, condition, way
    found = _kept().get(key)
    if found is None:
        networks = [live.network(asked.selection.study, ticket_id) for ticket_id in ids]
        image = _shown(asked.images, sample, condition)
        found = attribute(networks, means, image, int(asked.images.labels[sample]), way, progress)
        _kept().put(key, found)
    return found


def _shown(images: TestImages, sample: int, condition: Condition) -> Tensor:
    return images.batch(condition, slice(sample, sample + 1), pick_device(), 0)[0].cpu()


def _step(progress: Progress, done: int, images: int) -> Progress:
    """The progress of one image as a part of that of all."""
    return lambda fraction, text: progress((done + fraction) / images, text)
