"""The other studies there are: which can be compared with this one, and why the rest cannot."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import streamlit as st

from analysis.comparisons import two_studies
from app import choice, load
from app.load import StudyView
from app.shell import layout
from app.shell.elsewhere import lead_to
from pruning.errors import UserError

SHOWN = 3
"""Groups of studies that are named at once; the rest are folded."""


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
    """Say that there is nothing to compare with, how to get it, and lead to studies here that can be compared."""
    layout.empty(
        "There is no other study of this network on these test images.",
        "Add one with the button below the study menu, or name folders with studies in PRUNING_STUDIES.",
    )
    groups = alike(_with_tickets())
    if groups:
        st.markdown("Studies here that can be compared with one another:")
        for group in groups[:SHOWN]:
            _lead(group)
    if groups[SHOWN:]:
        with st.expander(f"{len(groups) - SHOWN} more such groups of studies"):
            for group in groups[SHOWN:]:
                _lead(group)
    say_refused(refused)


def _with_tickets() -> dict[str, StudyView]:
    views = {}
    for name, path in choice.studies().items():
        with suppress(UserError):
            views[name] = load.open_study(name, path)
    return {name: study for name, study in views.items() if not study.tickets.empty}


def alike(views: Mapping[str, StudyView]) -> list[dict[str, StudyView]]:
    """Groups of two studies or more of which any two can be compared, in the order in which their first ones come."""
    groups: list[dict[str, StudyView]] = []
    for name, study in views.items():
        fitting = (group for group in groups if all(_fit(study, other) for other in group.values()))
        group = next(fitting, None)
        if group is None:
            groups.append({name: study})
        else:
            group[name] = study
    return [group for group in groups if len(group) > 1]


def _fit(one: StudyView, other: StudyView) -> bool:
    """Whether two studies can be compared; not where one of them cannot be read."""
    with suppress(UserError):
        return not (other_task(one, other) or two_studies.misfit(load.described(one), load.described(other)))
    return False


def _lead(group: Mapping[str, StudyView]) -> None:
    """Draw what studies are of, and a button for each, which leads to this section of its own."""
    config = next(iter(group.values())).config
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{layout.plain(config.model)}** on {layout.plain(config.data)}:", width="content")
        for name in group:
            st.button(name, icon=":material/arrow_forward:", key=f"compare-{name}", type="tertiary",
                      on_click=lead_to, args=(name,), kwargs={"studies": "pair"})  # fmt: skip


def say_refused(refused: list[str]) -> None:
    """Say why the rest cannot be compared, once one asks."""
    if refused:
        with st.expander(f"Studies that cannot be compared with this one: {len(refused)}"):
            layout.notes(refused)
