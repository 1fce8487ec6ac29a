"""What queries ask of the study shown, kept while its files stay the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import streamlit as st

from analysis.comparisons.queried_images import Asked, Live, ask
from analysis.corruptions.conditions import Condition, in_order
from analysis.engine.live import Features
from app import live, load
from app.load import StudyView
from app.pictures import study_images
from app.shell.selection import Selection
from pruning.study.config import DENSE


def asked(selection: Selection) -> Asked:
    """The images of the study that is shown, with the tickets of the selected seed.

    Raises:
        UserError: nothing is stored of single images yet.
    """
    study, baseline = selection.study, selection.baseline.key if selection.baseline else DENSE
    return _asked(study.path, study.stamp, selection.seed, baseline, study)


@st.cache_resource(max_entries=8, show_spinner=False)
def _asked(path: Path, stamp: str, seed: int, baseline: str, _study: StudyView) -> Asked:
    return ask(load.folder(path), seed, baseline, load.results(path), _live(_study))


def _live(study: StudyView) -> Live | None:
    """The app's features of tickets; None where the images are not on this machine."""

    def made(ids: Sequence[str], condition: Condition) -> Mapping[str, Features]:
        images = live.images(study)
        assert images is not None  # as its pictures are there
        return live.features(study, images, ids, condition)

    return made if study_images.pictures(study) is not None else None


def conditions(study: StudyView) -> list[Condition]:
    """The conditions that tickets were shown, the clean images first."""
    found = load.query(study, "SELECT DISTINCT corruption, severity FROM conditions")
    return in_order(zip(found["corruption"].astype(str), found["severity"].astype(int), strict=True))
