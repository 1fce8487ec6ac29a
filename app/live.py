"""Features of a study's tickets under any condition, worked out when a page asks and kept while there is room."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import streamlit as st
import torch

from analysis.corruptions import CORRUPTIONS, workers
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from analysis.engine.live import Features, features_of
from analysis.engine.networks import Network
from analysis.engine.replay import Replayed, network_of
from analysis.engine.settings import settings
from analysis.results.stamps import file_stamp
from app import load
from app.load import StudyView
from app.memory.recent import Recent
from app.memory.remembered import remembered
from app.pictures import study_images
from app.pictures.offer import pictures
from pruning.data import available
from pruning.data.base import used_rows
from pruning.errors import UserError
from pruning.execution.processes import cores
from pruning.progress import Progress
from pruning.study.folder import TICKETS, TOML
from pruning.training.precision import pick_device

ROOM = 1_000_000_000
"""Bytes of features that are kept, the least recently used given up first."""

MOST_TRAINING = 5_000
"""Training images among which neighbours are looked for at most, evenly spaced."""

PATIENCE = 0.7
"""Seconds after which a bar says how far it is."""


class Kept(Recent[Features]):
    """Features by what decides them; one computes at a time."""

    def __init__(self, room: int = ROOM) -> None:
        super().__init__(lambda features: features.nbytes, room)


@st.cache_resource(show_spinner=False)
def _kept() -> Kept:
    return Kept()


def images(study: StudyView) -> TestImages | None:
    """The study's test images; None, and the reason and the way to them on the page, when they are not to be had.

    Raises:
        UserError: a folder that the settings name does not hold what it should.
    """
    if not available(study.config.data):
        found = pictures(study)
        return None if found is None else TestImages(found.images, torch.from_numpy(found.labels))
    return _own(study.path, file_stamp(study.path / TOML))


@st.cache_resource(max_entries=4, show_spinner="Reading the images …")
def _own(path: Path, stamp: str) -> TestImages:
    study = load.folder(path)
    return TestImages.of(study, settings(study), study_images.dataset(study.config.data))


def training(shown: TestImages) -> TestImages | None:
    """Training images of the same data, `MOST_TRAINING` at most; None where they are not on this machine."""
    if shown.data is None:
        return None
    train = shown.data.train
    rows = used_rows(len(train.labels), MOST_TRAINING)
    return TestImages(train.images[rows], train.labels[rows])


def can_show(shown: TestImages, condition: Condition) -> bool:
    """Whether the images can be had under a condition: one of arrays that are not on this machine cannot."""
    return condition == CLEAN or condition in shown.given or condition[0] in CORRUPTIONS or shown.attacks(condition)


def network(study: StudyView, ticket_id: str) -> Network:
    """A ticket's network, ready to be shown images. Do not write into it.

    Raises:
        UserError: the ticket's file is damaged, or its weights do not fit.
    """
    return _network(study.path, ticket_id, file_stamp(study.path / TICKETS / f"{ticket_id}.safetensors"))


@remembered()
def _network(path: Path, ticket_id: str, stamp: str) -> Network:
    study = load.folder(path)
    return network_of(study.load(ticket_id), pick_device(), settings(study).precision)


def features(
    study: StudyView,
    shown: TestImages,
    ids: Sequence[str],
    condition: Condition = CLEAN,
    progress: Progress | None = None,
    kind: str = "test",
) -> dict[str, Features]:
    """What tickets make of the test images under a condition; a bar says how far it is where that takes a while.

    Args:
        study: whose tickets they are.
        shown: what `images` gave.
        ids: the tickets.
        condition: corruption and severity.
        progress: told how far it is in place of the bar.
        kind: says which of the study's images they are, where `training` gave them.

    Returns:
        Ticket id -> features, in the order of `ids`.

    Raises:
        UserError: the condition is not to be had here, a network cannot be attacked, or a ticket's file is damaged.
    """
    if not can_show(shown, condition):
        raise UserError(f"The images of {condition[0]} are not on this machine, and no corruption here makes them.")
    store = _kept()
    keys = {ticket: (*_key(study, ticket, condition), kind) for ticket in ids}
    with store.lock:
        found = {ticket: store.get(key) for ticket, key in keys.items()}
        missing = {ticket: network(study, ticket) for ticket, each in found.items() if each is None}
        for shower in missing.values():
            if isinstance(shower, Replayed):
                shower.check(shown)
        if missing:
            with bar() if progress is None else nullcontext(progress) as tell, workers.shared_by(cores()):
                made = features_of(missing, shown, condition, tell)
            for ticket, each in made.items():
                store.put(keys[ticket], each)
            found |= made
    return {ticket: each for ticket, each in found.items() if each is not None}


def _key(study: StudyView, ticket_id: str, condition: Condition) -> tuple[str, ...]:
    """Everything that decides what a ticket makes of the images."""
    stamps = file_stamp(study.path / TOML), file_stamp(study.path / TICKETS / f"{ticket_id}.safetensors")
    return str(study.path), ticket_id, condition[0], str(condition[1]), *stamps


@contextmanager
def working(doing: str) -> Iterator[Progress]:
    """The networks for oneself while they are worked with, and a progress bar that says what is being done."""
    with _kept().lock, bar(doing) as progress:
        yield progress


@contextmanager
def bar(doing: str = "Showing the images to the tickets") -> Iterator[Progress]:
    """A progress bar with the time left, for work that is not done at once."""
    began, place = time.perf_counter(), st.empty()

    def tell(fraction: float, text: str) -> None:
        seconds = time.perf_counter() - began
        if seconds > PATIENCE and 0 < fraction < 1:
            left = seconds * (1 - fraction) / fraction
            place.progress(fraction, text=f"{doing} ({text}), about {left:.0f} s left")

    try:
        yield tell
    finally:
        place.empty()
