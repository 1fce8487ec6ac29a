"""The images one by one under the page's condition: from the results where they are clean, else worked out live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.comparisons.local_changes import moves_of_trainings
from analysis.comparisons.local_geometry import image_rows, moves, with_relative_lengths
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from analysis.engine.live import Features
from app import live, load
from app.shell import layout
from app.shell.drawn import kept
from app.shell.per_sample import with_labels
from app.shell.selection import Chosen, Selection
from app.shell.theme import Style
from app.views.geometry.columns_choice import samples_of
from app.views.geometry.measures import Measures
from pruning.study.commands import measuring
from pruning.study.opened import only_read


@dataclass(frozen=True)
class Images:
    """What the section shows.

    Attributes:
        condition: that of `here`.
        trainings: rows of `study.tickets`, of every seed of the tickets.
        clean: a row a training and clean image, of all classes, as `local_geometry.image_rows` with relative lengths.
        here: the same under the condition.
        centred: whether there are gaps; without, raw angles and lengths are all there is.
        shown: the test images, where they were needed and are here.
    """

    condition: Condition
    trainings: pd.DataFrame
    clean: pd.DataFrame
    here: pd.DataFrame
    centred: bool
    shown: TestImages | None

    @property
    def corrupted(self) -> bool:
        """Whether the images are not the clean ones."""
        return self.condition != CLEAN

    def moves(self, measured: Measures, reference: str = "") -> pd.DataFrame:
        """How they move from clean, or from where a reference ticket has them, in what `measured` draws."""
        before = self.here if reference else self.clean
        return moves(before, self.here, measured.length, measured.over_length, reference)

    def gap_moves(self, measured: Measures, reference: str = "") -> pd.DataFrame | None:
        """The same in the gap, whatever is drawn, and in every training; `reference` is a key.

        None where images have nothing to have moved from.
        """
        if not reference and not self.corrupted:
            return None
        before = self.here if reference else self.clean
        return moves_of_trainings(before, self.here, measured.length, measured.gap, self.trainings, reference)


@dataclass(frozen=True)
class Panel:
    """What the charts of the section share.

    Attributes:
        selection: what the user has selected.
        chosen: the tickets side by side.
        images: all that is known of the images.
        rows: those of `images.here` that are shown: of these tickets, and of the classes picked.
        measured: what is drawn.
    """

    selection: Selection
    chosen: list[Chosen]
    images: Images
    rows: pd.DataFrame
    measured: Measures

    @property
    def shown(self) -> list[Chosen]:
        """The tickets that have rows."""
        there = set(self.rows["ticket_id"].unique())
        return [ticket for ticket in self.chosen if ticket.id in there]

    @property
    def styles(self) -> dict[str, Style]:
        """Ticket id -> style, of those that have rows."""
        return {ticket.id: ticket.style for ticket in self.shown}

    @property
    def whose(self) -> str:
        """Whose images and arrows charts show, where there are several seeds; "" where there is one."""
        several = self.images.trainings["seed"].nunique() > 1
        return f"Drawn are the networks of seed {self.selection.seed} alone." if several else ""

    @property
    def labels(self) -> list[int]:
        """The classes shown."""
        return sorted(self.rows["label"].unique().tolist())

    def key(self, *more: object) -> tuple[object, ...]:
        """Everything that decides what is drawn, and more."""
        study = self.selection.study
        return (str(study.path), study.stamp, tuple(self.styles.items()), self.images.condition, self.images.centred,
                self.measured, *more)  # fmt: skip

    def figure(self, make: Callable[[], go.Figure], *more: object) -> go.Figure:
        """The figure, made once."""
        key = self.key(tuple(self.labels), self.selection.theme.mode, *more)
        return kept(key, make)

    def labelled(self) -> pd.DataFrame:
        """The rows shown, with the tickets' names."""
        return with_labels(self.rows, self.chosen)


def images_under(selection: Selection, tickets: list[Chosen], condition: Condition) -> Images | None:
    """The images of tickets under a condition; says what is missing, and is None where nothing is there."""
    trainings = selection.all_seeds([ticket.key for ticket in tickets])
    clean = samples_of(selection, tickets, trainings["ticket_id"].tolist())
    if clean.empty:
        return None
    centred = bool(clean["gap"].notna().any())
    if not clean["angle"].notna().any():
        layout.empty(
            "These networks have no last linear layer, so there are no class directions, and no angles to them.",
            "Choose other tickets at the left.",
        )
        return None
    if not centred:
        more = f"`{measuring(selection.study.path)}` adds the rest."
        st.caption(
            ":material/info: These results are of an earlier version, with raw angles alone, which cannot be compared "
            f"between tickets; {layout.plain(only_read(selection.study.path)) or more}"
        )
    if condition == CLEAN:
        return Images(condition, trainings, clean, clean, centred, None)
    ids = tuple(clean["ticket_id"].unique())
    shown = live.images(selection.study) if centred else None
    if shown is not None and live.can_show(shown, condition):
        here = _live(selection, shown, ids, condition)
        return Images(condition, trainings, clean, with_relative_lengths(here, clean), True, shown)
    here = _stored(selection, ids, condition)
    if here.empty:
        st.caption(":material/info: No single images of these tickets are stored under it; the clean ones are shown.")
        return Images(CLEAN, trainings, clean, clean, centred, None)
    st.caption(
        ":material/info: Shown are the angles and lengths that the results hold, as they are: gaps need the images. "
        "Raw angles compare a ticket with itself, not with others."
    )
    here = here.merge(clean[["ticket_id", "sample", "label"]], on=["ticket_id", "sample"])
    return Images(condition, trainings, clean, with_relative_lengths(here, clean), False, None)


def features_under(
    selection: Selection, images: Images, ids: Sequence[str]
) -> tuple[dict[str, Features], dict[str, Features]] | None:
    """Ticket -> its features under the condition, and of the clean images; None, and why, where they cannot be had."""
    # Where corrupted images were not to be had, that has been said.
    shown = images.shown if images.corrupted else live.images(selection.study)
    if shown is None or not live.can_show(shown, images.condition):
        return None
    return tuple(live.features(selection.study, shown, ids, each) for each in (images.condition, CLEAN))  # type: ignore[return-value]


def _live(selection: Selection, shown: TestImages, ids: tuple[str, ...], condition: Condition) -> pd.DataFrame:
    study = selection.study
    return _rows(study.path, study.stamp, ids, condition, selection, shown)


@st.cache_data(max_entries=24, show_spinner="Measuring the images …")
def _rows(
    path: Path, stamp: str, ids: tuple[str, ...], condition: Condition, _selection: Selection, _shown: TestImages
) -> pd.DataFrame:
    study = _selection.study
    here, clean = (live.features(study, _shown, ids, each) for each in (condition, CLEAN))
    frames = [image_rows(own, clean[ticket].mean).assign(ticket_id=ticket) for ticket, own in here.items()]
    return pd.concat(frames, ignore_index=True)


def _stored(selection: Selection, ids: tuple[str, ...], condition: Condition) -> pd.DataFrame:
    name = condition[0].replace("'", "''")
    where = f"corruption = '{name}' AND severity = {condition[1]}"
    return load.table(selection.study, "corrupted", ids=ids, where=where)
