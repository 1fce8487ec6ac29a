"""What the sections of Transfer read: tickets on another data set, by what they were given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import streamlit as st
import torch

from analysis.comparisons import transfer
from analysis.comparisons.transfer_pictures import examples
from analysis.transfer.ways import MAPPING, PROBE, PROMPT
from app import load
from app.load import StudyView
from app.memory.remembered import remembered
from app.pictures import study_images
from app.shell import families, verdicts
from app.shell.selection import Selection
from app.shell.theme import Style
from pruning.data import available
from pruning.errors import UserError

WAYS = {PROBE: "linear probe", PROMPT: "visual prompt", MAPPING: "mapping alone"}
VALUES = {"accuracy": "accuracy", "ece": "calibration error (ECE)"}
COLUMNS = {
    "kind": "the data set that the ticket is transferred to",
    "way": "probe: a new classifier on its features; prompt: a learnt border, its classes mapped; mapping: without it",
    "shots": "training images of each class that were given; 0: all",
    "value": "what is measured: accuracy, or calibration error (ECE), both fractions",
    "mean": "its mean over seeds of the means over draws [fraction]",
    "draws": "how often the few images were drawn",
    "over": "what the interval is over: seeds, draws of the few images, or test images",
    "upstream": "share of the source's clean test images classified right [fraction]",
    "source": "class of the network",
    "target": "class of the target",
    "share": "share of the target's training images of that class that are predicted as the network's [fraction]",
    "chosen": "whether the network's class stands for the target's",
    "scaled": "whether after temperature scaling, cross-fitted over two halves of the test images",
    "bin": "bin of equally many test images, from 0, the least confident first",
    "n": "test images",
    "top": "first row of the picture within the border [pixels]",
    "left": "its first column [pixels]",
    "height": "its rows [pixels]",
    "width": "its columns [pixels]",
    "border": "mean brightness of the border, 0 (black) to 1",
    "brier": "mean Brier score on the target's test images, 0 (best) to 2",
    "nll": "mean negative log-likelihood on them [nats]",
    "scaled_ece": "calibration error after temperature scaling, cross-fitted over two halves of them [fraction]",
    "ece": "expected calibration error, over 15 bins of equal mass [fraction]",
}


@dataclass(frozen=True)
class View:
    """One target and one budget.

    Attributes:
        selection: the page's. rows: of `comparisons.transfer.of_tickets`, of the target. kind: its name. shots: images
            a class, 0 for all.
    """

    selection: Selection
    rows: pd.DataFrame
    kind: str
    shots: int

    @cached_property
    def styles(self) -> dict[str, Style]:
        """Key -> style, of what was transferred."""
        return families.styles(self.selection, list(dict.fromkeys(self.rows["key"])))

    @property
    def chosen(self) -> list[str]:
        """The chosen keys that were transferred; all of them where none is."""
        return [key for key in self.styles if key in self.selection.keys] or list(self.styles)

    @property
    def baseline(self) -> str:
        """The key that others are held against."""
        own = self.selection.baseline
        return own.key if own is not None and own.key in self.styles else next(iter(self.styles))

    @property
    def given(self) -> pd.DataFrame:
        """The rows of the budget."""
        return self.rows[self.rows["shots"] == self.shots]

    def against(self) -> pd.DataFrame:
        """`comparisons.transfer.against` the baseline, by probe and prompt; all tickets are the family."""
        study, within = self.selection.study, verdicts.equivalence(self.selection)
        return _against(study.path, study.stamp, study.name, self.kind, self.shots, self.baseline, within)

    def detail(self, table: str, keys: Sequence[str] | None = None) -> pd.DataFrame:
        """Rows of a table that is kept of one seed alone, with the tickets' keys, in the study's order."""
        study = self.selection.study
        own = study.tickets[study.tickets["seed"] == study.detail_seed]
        own = own[own["key"].isin(self.chosen if keys is None else list(keys))]
        rows = load.table(study, table, ids=list(own["ticket_id"]))
        rows = own[["ticket_id", "key"]].merge(rows, on="ticket_id")
        return rows[rows["kind"] == self.kind]

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with the tickets' names in place of keys and ids, for a download."""
        names = rows["key"].map({key: style.label for key, style in self.styles.items()})
        rows = rows.drop(columns=["key", "ticket_id", "method"], errors="ignore")
        rows.insert(0, "ticket", names)
        return rows


def any_transferred(study: StudyView) -> bool:
    """Whether any ticket was."""
    return not load.table(study, "transfer", columns=["ticket_id"]).empty


def view(selection: Selection) -> View:
    """The target and budget that are chosen, with their menus."""
    rows = _rows(selection.study.path, selection.study.stamp, selection.study.name)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        kinds = list(dict.fromkeys(rows["kind"]))
        kind = kinds[0]
        if len(kinds) > 1:
            kind = selection.pick("target", "Shown", kinds, kind="select", width=260)
        own = rows[rows["kind"] == kind]
        budgets = sorted(own["shots"].unique(), key=lambda shots: shots or float("inf"))
        texts = {str(shots): str(shots) if shots else "all" for shots in budgets}
        shots = selection.pick("shots", "Images a class", texts, default=str(budgets[-1]), width="content")
    return View(selection, own, kind, int(shots))


@remembered("Reading what was transferred …")
def _rows(path: Path, stamp: str, name: str) -> pd.DataFrame:
    study = load.open_study(name, path)
    summary = load.table(study, "summary", columns=["ticket_id", "accuracy"]).set_index("ticket_id")["accuracy"]
    return transfer.of_tickets(load.table(study, "transfer"), study.tickets, summary)


@st.cache_data(max_entries=32, show_spinner="Comparing the tickets …")
def _against(path: Path, stamp: str, name: str, kind: str, shots: int, baseline: str, within: float) -> pd.DataFrame:
    rows = _rows(path, stamp, name)
    rows = rows[(rows["kind"] == kind) & (rows["shots"] == shots) & (rows["way"] != MAPPING)]
    pairs = [(key, baseline) for key in dict.fromkeys(rows["key"]) if key != baseline]
    return transfer.against(rows, pairs, equivalence=within)


@dataclass(frozen=True)
class Examples:
    """A data set's classes, and the first image of each, uint8 [C, H, W]; None where it is not on this machine."""

    classes: tuple[str, ...]
    images: list[torch.Tensor | None]

    @property
    def there(self) -> bool:
        """Whether there is any picture."""
        return any(image is not None for image in self.images)


def target_examples(kind: str, classes: int) -> Examples:
    """Of the target, from its training images."""
    try:
        data = study_images.dataset(kind) if available(kind) else None
    except UserError:
        data = None
    if data is None:
        return Examples(tuple(map(str, range(classes))), [None] * classes)
    rows = examples(data.train.labels.numpy(), len(data.classes))
    return Examples(data.classes, [data.train.images[row] if row >= 0 else None for row in rows])


def source_examples(study: StudyView) -> Examples:
    """Of the study's own data, from its test images."""
    try:
        found = study_images.pictures(study)
    except UserError:
        found = None
    if found is None:
        return Examples(study.classes, [None] * len(study.classes))
    rows = examples(found.labels, len(study.classes))
    return Examples(study.classes, [found.images[row] if row >= 0 else None for row in rows])
