"""Studies: a second study of the same network and data beside the first, ticket by ticket."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations

import streamlit as st

from analysis.comparisons import two_studies
from app import choice, load
from app.load import StudyView
from app.shell import families, layout, verdicts
from app.shell.selection import Selection
from app.views.studies import cards
from app.views.studies import pair as pair_of
from app.views.studies.pair import Pair
from pruning.errors import UserError


def show(selection: Selection) -> None:
    """Draw the page."""
    shown = families.score(selection.study)
    layout.page_title(
        "Studies",
        f"Two studies of one network on the same {'test images' if shown.images else 'data'}: do their tickets differ "
        f"in {shown.name}, and do their masks agree?",
    )
    fitting, refused = _others(selection.study)
    if not fitting:
        _nothing_fits(refused)
        return
    pair = pair_of.pick(selection, fitting)
    for keys, where, what in zip(pair.keys, ("at the left", "above"), ("this", "the second"), strict=True):
        if not keys:
            layout.empty(f"No ticket of {what} study is chosen.", f"Choose some {where}.")
            return
    if not families.score(selection.study).images:
        cards.score_card(selection, pair)
        _below(selection, pair)
        _refused(refused)
        return
    table = pair_of.compared(pair, verdicts.equivalence(selection))
    if table.empty:
        layout.empty(
            "No chosen ticket has results in either study under conditions that both measured.",
            "Choose others at the left, or measure the studies.",
            f"python -m analysis run {pair.one.path}\npython -m analysis run {pair.other.path}",
        )
    else:
        labels = {key: style.label for key, style in pair.styles.items()}
        st.markdown(cards.sentence(table, labels, pair.names, verdicts.equivalence(selection)))
        cards.accuracy_card(selection, pair, table)
    _below(selection, pair)
    if not table.empty:
        cards.table_card(pair, table)
    _refused(refused)


def _below(selection: Selection, pair: Pair) -> None:
    left, right = st.columns([1.25, 1], gap="medium")
    with left:
        cards.masks_card(selection, pair)
    with right:
        cards.settings_card(pair)


def _others(study: StudyView) -> tuple[dict[str, StudyView], list[str]]:
    """The studies that can be compared with this one by name, and why the others cannot, a sentence each."""
    fitting: dict[str, StudyView] = {}
    refused = []
    for name, path in choice.studies().items():
        if name == study.name:
            continue
        try:
            other = load.open_study(name, path)
            why = _other_task(study, other) or two_studies.misfit(load.described(study), load.described(other))
        except UserError as error:
            why = f"it cannot be read: {error}".rstrip(".")
        else:
            why = why or ("it has no tickets yet" if other.tickets.empty else "")
            if not why:
                fitting[name] = other
                continue
        refused.append(f"{name}: {why}.")
    return fitting, refused


def _other_task(one: StudyView, other: StudyView) -> str:
    """Why networks of the two are not comparable, as the rest of a sentence; "" where they have one task."""
    return "" if one.config.task == other.config.task else f"its networks are trained for another task, {other.task.label}"


def _nothing_fits(refused: list[str]) -> None:
    layout.empty(
        "There is no other study of this network on these test images.",
        "Add one with the button beside the study menu, or name folders with studies in PRUNING_STUDIES.",
    )
    there = [f"{one} with {' and '.join(others)}" for one, others in _comparable().items()]
    layout.notes([f"Studies here that can be compared: {'; '.join(there)}."] if there else [])
    _refused(refused)


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
            if not (_other_task(study, partner) or two_studies.misfit(load.described(study), load.described(partner))):
                found.setdefault(one, []).append(other)
    return found


def _refused(refused: list[str]) -> None:
    if refused:
        layout.notes(["Studies that cannot be compared with this one:", *refused])
