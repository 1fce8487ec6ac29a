"""What the pages read: studies, their tickets, results and masks, each kept until its files change.

What is cached is keyed by file times, so what is found or measured while the app runs appears on the next click.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
import torch

from analysis.comparisons import of_study
from analysis.comparisons.two_studies import Described
from analysis.metrics.overlap import Counts, PackedMasks, count
from analysis.results.stamps import file_stamp, files
from analysis.results.store import Results, tables_in
from app.memory.remembered import remembered
from app.names import shown
from pruning.errors import UserError
from pruning.execution.processes import cores
from pruning.study import staleness
from pruning.study.config import DENSE, StudyConfig
from pruning.study.folder import TICKETS, TOML, Study
from pruning.tasks import Task, get_task
from pruning.ticket import read_header


@dataclass(frozen=True)
class StudyView:
    """A study as the app shows it.

    `name` stands for it in the URL. `tickets` has a row a found ticket, in the study's order: `ticket_id`, `key` (the
    same for all seeds of one method and sparsity, such as `imp-90`), `method`, `method_label`, `label`, `sparsity` (as
    asked, 0 to 1), `seed`, `kept`, `total`, `seconds` (nan where that is not known), `recorded` (whether its results
    alone are here, no masks, no weights). `problems` are sentences about files that could not be read.
    `stamp` changes when a ticket or a result does. `classes` are the names of the classes, as the tickets know them.
    """

    name: str
    path: Path
    config: StudyConfig
    detail_seed: int
    tickets: pd.DataFrame = field(repr=False)
    problems: tuple[str, ...]
    stamp: str
    classes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The study's title."""
        return shown(self.config.title)

    @cached_property
    def task(self) -> Task:
        """What networks are trained for. Raises UserError when the user's own file is at fault, or may not run."""
        return get_task(self.config.task)

    @property
    def methods(self) -> list[str]:
        """Methods with at least one ticket, in the study's order."""
        return list(dict.fromkeys(self.tickets["method"]))

    @property
    def originals(self) -> dict[str, str]:
        """Method -> the method it is made from, for controls and their like."""
        return {method.title: method.of for method in self.config.methods if isinstance(method.of, str)}

    @property
    def dense(self) -> list[str]:
        """Keys of the dense network's tickets."""
        return list(dict.fromkeys(self.tickets.loc[self.tickets["method"] == DENSE, "key"]))

    @property
    def baseline(self) -> str | None:
        """Key of the ticket that others are compared with unless another is chosen; None when there is no ticket."""
        return next(iter([*self.dense, *self.tickets["key"]]), None)

    @property
    def sparsities(self) -> list[float]:
        """Sparsities of the pruned tickets found, rising."""
        return sorted(self.tickets.loc[self.tickets["method"] != DENSE, "sparsity"].unique().tolist())

    @property
    def seeds(self) -> list[int]:
        """Seeds with at least one ticket, rising."""
        return sorted(self.tickets["seed"].unique().tolist())


def open_study(name: str, path: Path) -> StudyView:
    """The study in a folder.

    Raises:
        UserError: its `study.toml` is missing or says what is not allowed.
    """
    return _open(name, path, stamp(path))


def folder(path: Path) -> Study:
    """The study in a folder as the packages below know it, which remembers what it has read of the tickets.

    Raises:
        UserError: as `open_study`.
    """
    return _folder(path, file_stamp(path / TOML))


@st.cache_resource(max_entries=64, show_spinner=False)
def _folder(path: Path, stamp: str) -> Study:
    return Study.open(path)


def stamp(path: Path, fresh: bool = False) -> str:
    """Changes when the study file, a ticket or a result of the folder does; `fresh`: see `stamps.files`."""
    return files(path, fresh).whole


@st.cache_resource(max_entries=16, show_spinner="Reading the study …")
def _open(name: str, path: Path, stamp: str) -> StudyView:
    study = folder(path)
    entries, problems = study.scan()
    tickets = of_study.rows_of(entries)
    for column in ("method_label", "label"):
        tickets[column] = tickets[column].map(shown)
    classes = tuple(map(shown, entries[0].info.classes)) if entries else ()
    return StudyView(name, path, study.config, study.detail_seed, tickets, tuple(problems), stamp, classes)


def stale(study: StudyView) -> str:
    """The sentence about tickets that would come out otherwise today, with the command that mends it; '' for none."""
    return _stale(study.path, study.stamp)


@st.cache_resource(max_entries=16, show_spinner=False)
def _stale(path: Path, stamp: str) -> str:
    return staleness.summary(folder(path))


def results(path: Path) -> Results:
    """The results of the study in a folder, without what is damaged: `damaged` says what was left out."""
    return Results(path, forgiving=True)


def damaged(study: StudyView) -> list[str]:
    """Sentences on damaged result files that pages came upon and left out."""
    return results(study.path).found_damaged()


def table(
    study: StudyView,
    name: str,
    ids: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    where: str | None = None,
) -> pd.DataFrame:
    """Rows of a results table (see `python -m analysis tables`), ticket by ticket in the order of `ids`.

    The frame is yours to change. `where` is an SQL condition. A ticket that was not measured has no rows.
    """
    chosen = None if ids is None else tuple(ids)
    now = files(study.path).of([name], chosen)
    return _table(study.path, now, name, chosen, tuple(columns) if columns else None, where).copy(deep=False)


@remembered()
def _table(
    path: Path, stamp: str, name: str, ids: tuple[str, ...] | None, columns: tuple[str, ...] | None, where: str | None
) -> pd.DataFrame:
    return results(path).table(name, ids=ids, columns=columns, where=where)


def query(study: StudyView, sql: str, params: tuple[Any, ...] = ()) -> pd.DataFrame:
    """What DuckDB answers over the study's results tables; `?` in the SQL are filled from `params`."""
    return _query(study.path, files(study.path).of(tables_in(sql)), sql, params).copy(deep=False)


@remembered()
def _query(path: Path, stamp: str, sql: str, params: tuple[Any, ...]) -> pd.DataFrame:
    return results(path).query(sql, list(params) or None)


def masks(study: StudyView, ticket_id: str) -> dict[str, np.ndarray]:
    """Parameter name -> bool array of the parameter's shape, True = kept. Do not write into them."""
    return _masks(study.path, ticket_id, file_stamp(study.path / TICKETS / f"{ticket_id}.safetensors"))


@remembered()
def _masks(path: Path, ticket_id: str, stamp: str) -> dict[str, np.ndarray]:
    ticket = folder(path).load(ticket_id)
    if ticket.info.recording is not None:
        raise UserError(ticket.info.recording.without_weights(ticket.recipe.label))
    return {name: mask.numpy() for name, mask in ticket.masks.items()}


def overlaps(study: StudyView, ids: Sequence[str]) -> Counts:
    """What the masks of the tickets `ids` have in common, layer by layer.

    Raises:
        UserError: they cannot be compared, or a ticket's file is damaged.
    """
    stamps = tuple(file_stamp(study.path / TICKETS / f"{ticket_id}.safetensors") for ticket_id in ids)
    return _overlaps(study.path, tuple(ids), stamps)


def overlaps_between(studies: Sequence[tuple[StudyView, Sequence[str]]]) -> Counts:
    """What the masks of tickets of several studies have in common.

    The names are "PLACE ID", PLACE being the study's in `studies`, as two studies may hold the same ticket.

    Raises:
        UserError: as `overlaps`.
    """
    tickets = [(place, study, ticket_id) for place, (study, ids) in enumerate(studies) for ticket_id in ids]
    stamps = [file_stamp(study.path / TICKETS / f"{ticket_id}.safetensors") for _, study, ticket_id in tickets]
    return _overlaps_between(
        tuple(
            (place, study.path, ticket_id, stamp)
            for (place, study, ticket_id), stamp in zip(tickets, stamps, strict=True)
        )
    )


@remembered("Comparing the masks …")
def _overlaps_between(tickets: tuple[tuple[int, Path, str, str], ...]) -> Counts:
    return count({f"{place} {ticket}": _packed(path, ticket, stamp) for place, path, ticket, stamp in tickets}, cores())


@remembered("Comparing the masks …")
def _overlaps(path: Path, ids: tuple[str, ...], stamps: tuple[str, ...]) -> Counts:
    return count({ticket: _packed(path, ticket, stamp) for ticket, stamp in zip(ids, stamps, strict=True)}, cores())


@remembered()
def _packed(path: Path, ticket_id: str, stamp: str) -> PackedMasks:
    masks = _masks(path, ticket_id, stamp)
    return PackedMasks.pack({name: torch.from_numpy(mask) for name, mask in masks.items()})


def amiss(study: StudyView) -> list[str]:
    """Sentences about results that are damaged, stale or not of today's making. Reads every file of theirs.

    Raises:
        UserError: the study's settings name what is not known.
    """
    return _amiss(study.path, study.stamp)


@st.cache_resource(max_entries=16, show_spinner=False)
def _amiss(path: Path, stamp: str) -> list[str]:
    from analysis.engine.status import status  # it knows every measure

    return status(folder(path)).sentences


def described(study: StudyView) -> Described:
    """What decides whether the study can be compared with another; see `analysis.comparisons.two_studies`."""
    return _described(study.path, study.stamp)


@st.cache_resource(max_entries=32, show_spinner=False)
def _described(path: Path, stamp: str) -> Described:
    study, stored = folder(path), results(path)
    entries, ids = study.entries(), stored.ids("samples")
    rows = stored.table("samples", ids=ids[:1], columns=["sample", "label"]).sort_values("sample")
    layers = {name: tuple(size) for each in entries[:1] for name, size in read_header(each.path).shapes.items()}
    labels = rows["label"].to_numpy(np.int64) if len(rows) else None
    return Described(study.config.data, study.config.model, labels, layers)


def packed(study: StudyView, ticket_id: str) -> PackedMasks:
    """The masks of a ticket at a bit a weight. Do not write into them."""
    return _packed(study.path, ticket_id, file_stamp(study.path / TICKETS / f"{ticket_id}.safetensors"))
