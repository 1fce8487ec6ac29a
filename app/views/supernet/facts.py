"""What the sections of Supernet read: tickets whose branches were cut, how they are drawn, who is held against whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import second_task, supernets
from app import load
from app.shell import families
from app.shell.score import ShownScore
from app.shell.selection import Selection
from app.shell.theme import Style
from pruning.study.folder import Entry

COLUMNS = {
    "event": "which cutting and pruning, counted from 1; 0 is the start",
    "density": "share of the prunable weights that is kept [fraction]",
    "macs": "multiply-adds of all weights of the channels that are left, for one image; of a branch, of its own",
    "macs_kept": "multiply-adds of the weights that are kept, for one image",
    "accuracy": "share of the test images classified right just after the event, batch norms measured anew [fraction]",
    "returned": "share of the weights kept that were pruned before the event [fraction]",
    "branch": "the branch, by its module's name",
    "cell": "which cell of the network, from 1",
    "kernel": "side of the branch's kernel [pixels]",
    "channels": "channels left, mean over seeds",
    "whole": "channels at the start",
    "share": "share of the branch's channels that is left [fraction]",
    "n": "training seeds",
    "measure": "what is shown: density, macs, accuracy or returned",
    "low": "lower end of the 95 % interval over seeds",
    "high": "upper end of the 95 % interval over seeds",
    "macs_low": "lower end of the range of macs_kept over seeds",
    "macs_high": "upper end of the range of macs_kept over seeds",
}
SECOND_TASK = {
    "kind": "what is trained in the second task: "
    + "; ".join(f"{kind}: {said}" for kind, said in second_task.KINDS.items()),
    "first": "the task that the mask was found in; empty where it does not matter",
    "second": "the task that the network is trained and tested in",
    "mean": "share of the second task's test images classified right, mean over seeds [fraction]",
    "difference": "accuracy minus that of another task's mask, mean over seeds and second tasks [fraction]",
    "n": "training seeds",
}


@dataclass(frozen=True)
class View:
    """The study's tickets with a search on record.

    Attributes:
        selection: the page's. found: key -> its seeds. styles: key -> style.
    """

    selection: Selection
    found: dict[str, list[Entry]]
    styles: dict[str, Style]

    @cached_property
    def searches(self) -> list[str]:
        """The keys of those whose channels were cut on the way."""
        return supernets.searches(self.found)

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with the tickets' names in place of their keys, for a download."""
        return families.named(rows, self.styles)

    def pick(self, name: str, keys: list[str]) -> str:
        """Let the user choose one of these tickets: the first that is chosen at the left, else the first."""
        if len(keys) == 1:
            return keys[0]
        chosen = next((key for key in self.selection.keys if key in keys), keys[0])
        labels = {key: self.styles[key].label for key in keys}
        return self.selection.pick(name, "Ticket", labels, default=chosen, kind="select", width=340)


def view(selection: Selection) -> View:
    """All tickets with a search on record, in the study's order."""
    study = selection.study
    keys = list(dict.fromkeys(study.tickets["key"]))
    found = supernets.searched(families.entries_of(study, keys))
    return View(selection, found, families.styles(selection, list(found)))


def rivals(selection: Selection, key: str) -> pd.DataFrame:
    """`comparisons.supernets.rivals` of a ticket on clean images; no rows where nothing is measured."""
    study = selection.study
    return _rivals(study.path, study.stamp, study.name, key)


@st.cache_data(max_entries=16, show_spinner=False)
def _rivals(path: Path, stamp: str, name: str, key: str) -> pd.DataFrame:
    study = load.open_study(name, path)
    kind = families.kinds(study)[0]
    return families.fractions(study, supernets.rivals(families.outcomes(study, kind), study.tickets, key))


def second_tasks(selection: Selection) -> dict[str, second_task.Group]:
    """`comparisons.second_task.groups` of all tickets, of whatever data."""
    return _second_tasks(selection.study.path, selection.study.stamp)


@st.cache_resource(max_entries=8, show_spinner=False)
def _second_tasks(path: Path, stamp: str) -> dict[str, second_task.Group]:
    study = load.folder(path)
    return second_task.groups([*study.entries(), *study.elsewhere()])


def score(selection: Selection) -> ShownScore:
    """What stands for accuracy."""
    return families.score(selection.study)
