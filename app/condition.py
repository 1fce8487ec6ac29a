"""The corruption and severity that are looked at: one choice for Geometry, Robustness and the inspector."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis.comparisons.outcomes import MEAN
from analysis.comparisons.stored_conditions import by_family
from analysis.corruptions import FAMILIES, family_of
from analysis.corruptions.conditions import CLEAN, Condition
from app import load
from app.charts.names import name
from app.load import StudyView
from app.shell.links import corruption_option
from app.shell.selection import Selection

USUAL = 3
"""The severity while none is chosen, or the nearest there is."""

FIRST = "cifar_c"
"""The family while the URL names none, as on the page Robustness."""


def pick_condition(selection: Selection) -> Condition:
    """The choosers of corruption and severity, in the container that is open, and what they say.

    The clean images are at the top and chosen while the URL asks for nothing. Offered are those of
    `measured_conditions`.
    """
    measured = measured_conditions(selection.study)
    options = [CLEAN[0], *measured]
    asked = _asked(selection, options)
    key = "pick condition"
    st.session_state[key] = asked if asked in options else CLEAN[0]

    def store() -> None:
        selection.set(**_parameters(st.session_state.get(key) or CLEAN[0]))

    corruption = st.selectbox("Images", options, key=key, on_change=store, width=230, format_func=_text)
    if corruption == CLEAN[0]:
        return CLEAN
    levels = measured[corruption]
    default = str(usual(levels))
    picked = selection.pick("severity", "Severity", list(map(str, levels)), default=default, width="content")
    return corruption, int(picked)


def chosen_condition(selection: Selection) -> Condition:
    """What the choosers say, without drawing them."""
    if _asked(selection) == CLEAN[0]:
        return CLEAN  # and the names of all corruptions are not needed
    measured = measured_conditions(selection.study)
    corruption = _asked(selection, [CLEAN[0], *measured])
    if corruption not in measured:
        return CLEAN
    levels = measured[corruption]
    return corruption, int(selection.option("severity", str(usual(levels)), list(map(str, levels))))


def usual(levels: Sequence[int]) -> int:
    """The severity while none is chosen, of those there are."""
    return min(levels, key=lambda level: (abs(level - USUAL), level))


def condition_parameters(condition: Condition) -> dict[str, str | None]:
    """What to put into the URL, with `selection.set`, so that the page looks at a condition."""
    corruption, severity = condition
    return _parameters(corruption) | ({"severity": str(severity)} if severity else {})


def condition_text(condition: Condition) -> str:
    """A condition for people: `Fog 3`, `Clean images`."""
    return _text(condition[0]) if condition == CLEAN else f"{name(condition[0])} {condition[1]}"


def _parameters(corruption: str) -> dict[str, str | None]:
    if corruption == CLEAN[0]:
        return {"family": None, corruption_option(FIRST): None}
    family = family_of(corruption)
    return {"family": None if family == FIRST else family, corruption_option(family): corruption}


def _asked(selection: Selection, options: Sequence[str] | None = None) -> str:
    """The corruption that the URL asks for, or the mean, which the page Robustness has."""
    family = selection.option("family", FIRST)
    return selection.option(corruption_option(family), CLEAN[0], None if options is None else [*options, MEAN])


def measured_conditions(study: StudyView) -> dict[str, list[int]]:
    """Corruption -> severities measured, of families that change the images alike for all networks and are few."""
    found = load.query(study, "SELECT DISTINCT corruption, severity FROM conditions")
    found = found.assign(severity=found["severity"].astype(int)).sort_values("severity")
    levels = found.groupby("corruption")["severity"].agg(list)
    families = {family: own for family, own in by_family(found["corruption"].unique()).items() if _offered(family)}
    return {corruption: levels[corruption] for own in families.values() for corruption in own}


def _offered(family: str) -> bool:
    return family not in FAMILIES or FAMILIES[family].image_by_image


def _text(corruption: str) -> str:
    return "Clean images" if corruption == CLEAN[0] else name(corruption)
