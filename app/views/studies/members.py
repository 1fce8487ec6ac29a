"""The studies on a board, and what is asked of their results, each kept until its files change."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import leaderboard
from analysis.comparisons.leaderboard import Member
from analysis.comparisons.outcomes import Images, PerImage
from analysis.corruptions.conditions import Condition
from app import choice, load
from app.load import StudyView
from app.memory.remembered import remembered
from pruning.errors import UserError

CONDITIONS = ("ticket_id", "corruption", "severity", "n", "accuracy")
TICKETS = ["ticket_id", "key", "method", "label", "sparsity", "seed"]


@dataclass(frozen=True)
class Found:
    """The studies there are.

    Attributes:
        together: name -> those on the same test images as this one, this one first.
        elsewhere: name -> those on other images, whose numbers are not comparable; why: name -> in what words.
        refused: a sentence for each that has no place on a board.
    """

    together: dict[str, StudyView]
    elsewhere: dict[str, StudyView]
    why: dict[str, str]
    refused: list[str]

    @property
    def every(self) -> dict[str, StudyView]:
        """All that have numbers."""
        return {**self.together, **self.elsewhere}

    def names(self) -> dict[str, str]:
        """What each is called; by its folder where another has the same title."""
        titles = [study.title for study in self.every.values()]
        return {name: study.title if titles.count(study.title) == 1 else name for name, study in self.every.items()}


def found(study: StudyView) -> Found:
    """The studies there are, seen from this one."""
    result = Found({study.name: study}, {}, {}, [])
    for name, path in choice.studies().items():
        if name == study.name:
            continue
        try:
            other = load.open_study(name, path)
            reason = _no_place(study, other)
            why = "" if reason else leaderboard.apart(load.described(study), load.described(other))
        except UserError as error:
            reason = f"it cannot be read: {error}".rstrip(".")
        if reason:
            result.refused.append(f"{name}: {reason}.")
        elif why:
            result.elsewhere[name], result.why[name] = other, why
        else:
            result.together[name] = other
    return result


def _no_place(study: StudyView, other: StudyView) -> str:
    if study.config.task != other.config.task:
        return f"its networks are trained for another task, {other.task.label}"
    return "it has no tickets yet" if other.tickets.empty else ""


def member(study: StudyView) -> Member:
    """A study as a board takes it."""
    rows = load.table(study, "conditions", columns=CONDITIONS)
    return Member(study.name, load.described(study), study.tickets[TICKETS], rows)


def board(studies: Sequence[StudyView], together: Sequence[str]) -> tuple[pd.DataFrame, tuple[Condition, ...]]:
    """Rows of `leaderboard.board`, and the conditions that the mean is over: those common to the studies `together`."""
    return _board(tuple((each.name, each.path, each.stamp) for each in studies), tuple(together))


@st.cache_data(max_entries=8, show_spinner="Bringing the studies together …")
def _board(
    studies: tuple[tuple[str, Path, str], ...], together: tuple[str, ...]
) -> tuple[pd.DataFrame, tuple[Condition, ...]]:
    members = [member(load.open_study(name, path)) for name, path, _ in studies]
    common = leaderboard.common_conditions([each for each in members if each.name in together])
    return leaderboard.board(members, common), tuple(common)


def unread(
    studies: Sequence[StudyView], rows: pd.DataFrame, parts: Collection[Images], common: tuple[Condition, ...]
) -> dict[str, str]:
    """Name -> why what a study's tickets in rows of a board get right cannot be read, of those of which it cannot."""
    found = {}
    for study in studies:
        try:
            for images in parts:
                _outcomes(study.name, study.path, study.stamp, _keys(study.name, rows), images, common)
        except UserError as error:
            found[study.name] = refusal(study.name, error)
    return found


def refusal(name: str, error: UserError) -> str:
    """The sentence on a study that cannot be read; what the error says to do is for who measured it."""
    return f"{name}: it cannot be read: {str(error).partition(';')[0].rstrip('.')}."


def _keys(name: str, rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(rows.loc[rows["study"] == name, "key"])


def places(
    studies: Sequence[StudyView], rows: pd.DataFrame, images: Images, common: tuple[Condition, ...], within: float
) -> pd.DataFrame:
    """Rows of `leaderboard.places` of the tickets in rows of a board.

    Raises:
        UserError: what those of a study get right cannot be read; `unread` says of which.
    """
    asked = tuple((each.name, each.path, each.stamp, _keys(each.name, rows)) for each in studies)
    return _places(asked, images, common, within)


@st.cache_data(max_entries=32, show_spinner="Comparing the studies …")
def _places(
    studies: tuple[tuple[str, Path, str, tuple[str, ...]], ...],
    images: Images,
    common: tuple[Condition, ...],
    within: float,
) -> pd.DataFrame:
    outcomes = {
        name: _outcomes(name, path, stamp, keys, images, common) for name, path, stamp, keys in studies if keys
    }
    return leaderboard.places({name: own for name, own in outcomes.items() if own}, within)


@remembered("Comparing the studies …")
def _outcomes(
    name: str, path: Path, stamp: str, keys: tuple[str, ...], images: Images, common: tuple[Condition, ...]
) -> PerImage:
    """What a study's tickets get right, image by image."""
    tickets = load.open_study(name, path).tickets
    tickets = tickets[tickets["key"].isin(keys)]
    names = leaderboard.condition_names(images, common)
    if not names or tickets.empty:
        return {}
    rows = load.results(path).table(
        "conditions",
        ids=list(tickets["ticket_id"]),
        columns=["ticket_id", "corruption", "severity", "n", "offsets"],
        where="corruption IN ({})".format(", ".join(f"'{each}'" for each in names)),
    )
    return leaderboard.per_image(rows, tickets, images, common)
