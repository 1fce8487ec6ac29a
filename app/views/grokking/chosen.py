"""Which tickets the sections show, and what their files say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import grokking
from analysis.comparisons.grokking import Found
from app import load
from app.shell import families
from app.shell.lacking import unfound
from app.shell.selection import Selection
from app.shell.theme import Style
from pruning.study.folder import Entry

MOST = 8
"""Tickets that a chart of lines shows clearly."""


@dataclass(frozen=True)
class View:
    """Tickets with their seeds and how they are drawn, in the study's order.

    Attributes:
        selection: of the page.
        found: key -> its seeds. styles: key -> style.
        left_out: how many of the chosen tickets are not among them.
    """

    selection: Selection
    found: Found
    styles: dict[str, Style]
    left_out: int = 0

    @cached_property
    def times(self) -> pd.DataFrame:
        """Rows of `grokking.times`."""
        return grokking.times(self.found)

    @property
    def baseline(self) -> str:
        """The baseline's key, '' where it is not among the tickets."""
        chosen = self.selection.baseline
        return chosen.key if chosen is not None and chosen.key in self.found else ""

    @property
    def seeds(self) -> int:
        """How many seeds a ticket has at most."""
        return max((len(entries) for entries in self.found.values()), default=0)

    @property
    def several(self) -> bool:
        """Whether any ticket has several seeds."""
        return self.seeds > 1

    def entry(self, key: str) -> Entry:
        """The ticket's file at the selected seed, else at its first one."""
        entries = self.found[key]
        return next((each for each in entries if each.recipe.seed == self.selection.seed), entries[0])

    def named(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows with the tickets' names in place of their keys, for a download."""
        return families.named(rows, self.styles)

    def only(self, keys: Sequence[str]) -> View:
        """The same of some tickets alone."""
        found = {key: self.found[key] for key in self.found if key in keys}
        return View(self.selection, found, {key: self.styles[key] for key in found}, self.left_out)


def of_chosen(selection: Selection, most: int = MOST) -> View | None:
    """The baseline and the chosen tickets; says what is missing where none noted when it learnt."""
    base = [selection.baseline.key] if selection.baseline else []
    keys = list(dict.fromkeys([*base, *selection.keys]))
    view = _view(selection, families.ordered(selection.study, keys[:most]))
    return view and View(selection, view.found, view.styles, max(0, len(keys) - most))


def of_all(selection: Selection) -> View | None:
    """Every ticket of the study; says what is missing where none noted when it learnt."""
    return _view(selection, list(dict.fromkeys(selection.study.tickets["key"])))


def against_baseline(selection: Selection) -> pd.DataFrame:
    """Rows of `grokking.against` for every ticket of the study: one family, whichever are chosen."""
    study, baseline = selection.study, selection.baseline
    return _against(study.path, study.stamp, study.name, baseline.key if baseline else "")


@st.cache_data(max_entries=16, show_spinner=False)
def _against(path: Path, stamp: str, name: str, baseline: str) -> pd.DataFrame:
    study = load.open_study(name, path)
    found = families.entries_of(study, list(dict.fromkeys(study.tickets["key"])))
    return grokking.against(grokking.times(found), baseline)


def _view(selection: Selection, keys: Sequence[str]) -> View | None:
    there = families.entries_of(selection.study, keys)
    noted = {
        key: [entry for entry in there[key] if entry.info.history and entry.info.recorded("milestones")]
        for key in keys if key in there
    }  # fmt: skip
    found = {key: entries for key, entries in noted.items() if entries}
    if not found:
        unfound(
            selection.study,
            "No ticket that is chosen noted when it learnt.",
            "Choose others in the grid at the left, or find the study's tickets.",
        )
        return None
    return View(selection, found, families.styles(selection, list(found)))
