"""The two studies that are compared, the tickets chosen in each, and how these look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import scores, two_studies
from analysis.comparisons.verdicts import of_pairs
from analysis.results.store import Results
from app import load
from app.load import StudyView
from app.shell import families, theme
from app.shell.parameters import default_keys
from app.shell.selection import Selection
from app.shell.theme import Style
from app.views.studies.members import refusal
from pruning.errors import UserError

CONDITIONS = ["ticket_id", "corruption", "severity", "n", "offsets"]


@dataclass(frozen=True)
class Pair:
    """The two studies, the keys chosen in each, and a style for each key of either."""

    one: StudyView
    other: StudyView
    keys: tuple[list[str], list[str]]
    styles: dict[str, Style]

    @property
    def names(self) -> tuple[str, str]:
        """What the studies are called; their folders too where the titles are the same."""
        if self.one.title != self.other.title:
            return self.one.title, self.other.title
        return f"{self.one.title} ({self.one.name})", f"{self.other.title} ({self.other.name})"


def pick(selection: Selection, fitting: Mapping[str, StudyView]) -> Pair:
    """Draw the choosers of the second study and of its tickets."""
    one = selection.study
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        names = {name: study.title if study.title != one.title else name for name, study in fitting.items()}
        other = fitting[selection.pick("second", "Second study", names, kind="select", width=320)]
        first = other.tickets.drop_duplicates("key").set_index("key")["label"]
        default = [key for key in selection.keys if key in first.index] or default_keys(other)
        order = [key for key in dict.fromkeys(one.tickets["key"]) if key in first.index]  # the first study's
        options = {key: first[key] for key in dict.fromkeys([*order, *first.index])}
        keys = selection.pick_many("second-tickets", "Its tickets", options, default, kind="menu")
    return Pair(one, other, (list(selection.keys), keys), _styles(selection, other, keys))


def _styles(selection: Selection, other: StudyView, keys: list[str]) -> dict[str, Style]:
    """Key -> style.

    Keys of the first study look as on every page; those that only the second has take their place beside them.
    """
    one = selection.study
    both = pd.concat([one.tickets, other.tickets]).drop_duplicates("key").set_index("key")
    wanted = [
        (key, str(both.at[key, "method"]), float(both.at[key, "sparsity"]), str(both.at[key, "label"]))
        for key in dict.fromkeys([*selection.keys, *keys])
    ]
    found = theme.styles(
        wanted,
        [*one.methods, *other.methods],
        selection.theme.mode,
        {**other.originals, **one.originals},
        one.methods,
    )
    here = dict(zip(one.tickets["key"], one.tickets["ticket_id"], strict=True))
    return {
        key: selection.styles.get(here.get(key, ""), style) if key in selection.keys else style
        for key, style in found.items()
    }


def compared(pair: Pair, within: float) -> pd.DataFrame:
    """Rows of `comparisons.two_studies.compare_studies`."""
    return _table(
        (pair.one.name, pair.other.name), (pair.one.path, pair.other.path), (pair.one.stamp, pair.other.stamp),
        (tuple(pair.keys[0]), tuple(pair.keys[1])), within,
    )  # fmt: skip


@st.cache_data(max_entries=16, show_spinner="Comparing the studies …")
def _table(
    names: tuple[str, str],
    paths: tuple[Path, Path],
    stamps: tuple[str, str],
    keys: tuple[tuple[str, ...], tuple[str, ...]],
    within: float,
) -> pd.DataFrame:
    views = [load.open_study(name, path) for name, path in zip(names, paths, strict=True)]
    ids = [two_studies.ids_of_seeds(view.tickets, own) for view, own in zip(views, keys, strict=True)]
    rows = [
        load.results(view.path).table("conditions", ids=[ticket for each in found.values() for ticket in each], columns=CONDITIONS)
        for view, found in zip(views, ids, strict=True)
    ]
    try:
        found = two_studies.in_common(rows[0], rows[1], (ids[0], ids[1]))
    except UserError:
        for view, own, of in zip(views, rows, ids, strict=True):
            _refuse_unread(view, own, of)
        raise
    return two_studies.compare_studies(*found, within)


def _refuse_unread(view: StudyView, rows: pd.DataFrame, ids: Mapping[str, Mapping[str, int]]) -> None:
    """Raise UserError, with the study's name, where its results are what cannot be read."""
    try:
        two_studies.in_common(rows, rows, (ids, ids))
    except UserError as error:
        raise UserError(refusal(view.name, error)) from None


def scored(pair: Pair, within: float) -> pd.DataFrame:
    """Each ticket's score in both studies: key, first, second (means), and where both have it the columns of `judge`."""
    means = [families.means(view).set_index("key")["accuracy"] for view in (pair.one, pair.other)]
    keys = list(dict.fromkeys([*pair.keys[0], *pair.keys[1]]))
    own = [means[side].reindex([key for key in keys if key in pair.keys[side]]) for side in (0, 1)]
    found = pd.DataFrame({"key": keys}).assign(
        first=[own[0].get(key, np.nan) for key in keys], second=[own[1].get(key, np.nan) for key in keys]
    )
    both = scores.Scores(
        pair.one.task.score,
        {
            f"{side} {key}": values
            for side, view in enumerate((pair.one, pair.other))
            for key, values in families.of_task(view).items()
            if key in pair.keys[side]
        },
    )
    pairs = [(f"1 {key}", f"0 {key}") for key in keys if key in pair.keys[0] and key in pair.keys[1]]
    table = scores.fractions(both, of_pairs(both, pairs, within))
    return found.merge(table.assign(key=table["b"].str.removeprefix("0 ")), on="key", how="left")
