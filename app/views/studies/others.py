"""The other studies there are: which can be compared with this one, and why the rest cannot."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations

import streamlit as st

from analysis.comparisons import two_studies
from app import choice, load
from app.load import StudyView
from app.shell import layout
from pruning.errors import UserError


def others(study: StudyView) -> tuple[dict[str, StudyView], list[str]]:
    """The studies that can be compared with this one by name, and why the others cannot, a sentence each."""
    fitting: dict[str, StudyView] = {}
    refused = []
    for name, path in choice.studies().items():
        if name == study.name:
            continue
        try:
            other = load.open_study(name, path)
            why = other_task(study, other) or two_studies.misfit(load.described(study), load.described(other))
        except UserError as error:
            why = f"it cannot be read: {error}".rstrip(".")
        else:
            why = why or ("it has no tickets yet" if other.tickets.empty else "")
            if not why:
                fitting[name] = other
                continue
        refused.append(f"{name}: {why}.")
    return fitting, refused


def other_task(one: StudyView, other: StudyView) -> str:
    """Why networks of the two are not comparable, as the rest of a sentence; "" where they have one task."""
    return "" if one.config.task == other.config.task else f"its networks are trained for another task, {other.task.label}"


def nothing_fits(refused: list[str]) -> None:
    """Say that there is nothing to compare with, and how to get it."""
    layout.empty(
        "There is no other study of this network on these test images.",
        "Add one with the button below the study menu, or name folders with studies in PRUNING_STUDIES.",
    )
    there = [f"{one} with {' and '.join(others)}" for one, others in _comparable().items()]
    layout.notes([f"Studies here that can be compared: {'; '.join(there)}."] if there else [])
    say_refused(refused)


def _comparable() -> dict[str, list[str]]:
    """The studies that another can be compared with, by name, each pair once."""
    views = {}
    for name, path in choice.studies().items():
        with suppress(UserError):
            views[name] = load.open_study(name, path)
    views = {name: study for name, study in views.items() if not study.tickets.empty}
    found: dict[str, list[str]] = {}
    for (one, study), (other, partner) in combinations(views.items(), 2):
        with suppress(UserError):
            if not (other_task(study, partner) or two_studies.misfit(load.described(study), load.described(partner))):
                found.setdefault(one, []).append(other)
    return found


def say_refused(refused: list[str]) -> None:
    """Say why the rest cannot be compared, once one asks."""
    if refused:
        with st.expander(f"Studies that cannot be compared with this one: {len(refused)}"):
            layout.notes(refused)
