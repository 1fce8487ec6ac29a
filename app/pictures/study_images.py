"""The test images of a study, as far as they are on this machine; those of another data set may stand in for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from analysis.results.stamps import file_stamp
from app.load import StudyView
from pruning.data import Dataset, available, load_data
from pruning.data.base import used_rows
from pruning.errors import UserError
from pruning.progress import Progress

STAND_IN = "pictures.json"
"""In a study folder: for each test sample its row among the test images of the data set that `pictures` names."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """The test images as they can be shown.

    They are uint8 [N, C, H, W], with the class of each in the study's own numbering, int64 [N], and "" or a sentence on
    whose images they are.
    """

    images: torch.Tensor
    labels: np.ndarray
    note: str = ""


def pictures(study: StudyView) -> Pictures | None:
    """The study's test images.

    Those of the named data set that stands in where its own data are not on this machine; None where that is not there
    either. Raises UserError for damaged data, or a `pictures.json` that does not fit.
    """
    own, other = study.config.data, study.config.pictures
    if available(own):
        test, samples = dataset(own).test, study.config.analysis.get("samples")
        rows = used_rows(len(test.labels), samples if isinstance(samples, int) and samples > 0 else None)
        return Pictures(test.images[rows], test.labels[rows].numpy())
    if other is not None and (study.path / STAND_IN).is_file() and available(other):
        return _stand_in(study.path / STAND_IN, own, other, study.classes, file_stamp(study.path / STAND_IN))
    return None


def dataset(name: str) -> Dataset:
    """The data set of that name, read once for all pages. Do not write into it.

    A bar says how far it is where a large folder is decoded for the first time.
    """
    if name not in _decoded():
        with _bar() as progress:
            load_data(name, progress=progress)
        _decoded().add(name)
    return _dataset(name)


@st.cache_resource(max_entries=2, show_spinner="Reading the images …")
def _dataset(name: str) -> Dataset:
    return load_data(name, progress=False)


@st.cache_resource(show_spinner=False)
def _decoded() -> set[str]:
    """The data sets that were read."""
    return set()


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar that is there from the first tidings on."""
    place: list[DeltaGenerator] = []

    def tell(fraction: float, text: str, /) -> None:
        place.extend([] if place else [st.empty()])
        place[0].progress(fraction, text=text)

    try:
        yield tell
    finally:
        for each in place:
            each.empty()


@st.cache_resource(max_entries=2, show_spinner="Reading the images …")
def _stand_in(file: Path, own: str, other: str, classes: tuple[str, ...], stamp: str) -> Pictures:
    data = dataset(other)
    try:
        rows = np.asarray(json.loads(file.read_text()))
    except (OSError, ValueError) as error:
        raise UserError(f"{file} cannot be read as a list of row numbers ({error}).") from None
    if rows.ndim != 1 or rows.dtype.kind != "i" or not ((rows >= 0) & (rows < len(data.test.labels))).all():
        raise UserError(f"{file} must be a list of row numbers of the {len(data.test.labels)} test images of {other}.")
    labels = data.test.labels.numpy()[rows]
    if sorted(classes) == sorted(data.classes):  # the same classes may be numbered otherwise
        labels = np.array([classes.index(name) for name in data.classes])[labels]
    note = f"The pictures are the test images of {other}, as the study's own data, {own}, are not on this machine."
    return Pictures(data.test.images[torch.from_numpy(rows)], labels, note)
