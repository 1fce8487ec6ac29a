"""The corruption and severity that the page looks at: one choice for all its sections, and that of Robustness."""

from __future__ import annotations

from collections.abc import Iterable

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

    The clean images are at the top and chosen while the URL asks for nothing. Offered are the conditions that the study
    was measured under, of families that change the images alike for all networks and are few.
    """
    measured = _measured(selection.study)
    options = [CLEAN[0], *measured]
    asked = _asked(selection, measured)
    key = "pick condition"
    st.session_state[key] = asked if asked in options else CLEAN[0]

    def store() -> None:
        selection.set(**_parameters(st.session_state.get(key) or CLEAN[0]))

    corruption = st.selectbox("Images", options, key=key, on_change=store, width=230, format_func=_text)
    if corruption == CLEAN[0]:
        return CLEAN
    levels = measured[corruption]
    usual = min(levels, key=lambda level: (abs(level - USUAL), level))
    picked = selection.pick("severity", "Severity", list(map(str, levels)), default=str(usual), width="content")
    return corruption, int(picked)


def is_clean(selection: Selection) -> bool:
    """Whether the clean images are looked at, as far as the URL says."""
    measured = _measured(selection.study)
    return _asked(selection, measured) not in measured


def _asked(selection: Selection, measured: Iterable[str]) -> str:
    """The corruption that the URL asks for."""
    family = selection.option("family", FIRST)
    return selection.option(corruption_option(family), CLEAN[0], [CLEAN[0], *measured, MEAN])


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


def _measured(study: StudyView) -> dict[str, list[int]]:
    """Corruption -> severities measured."""
    found = load.query(study, "SELECT DISTINCT corruption, severity FROM conditions")
    found = found.assign(severity=found["severity"].astype(int)).sort_values("severity")
    levels = found.groupby("corruption")["severity"].agg(list)
    families = {family: own for family, own in by_family(found["corruption"].unique()).items() if _offered(family)}
    return {corruption: levels[corruption] for own in families.values() for corruption in own}


def _offered(family: str) -> bool:
    return family not in FAMILIES or FAMILIES[family].image_by_image


def _text(corruption: str) -> str:
    return "Clean images" if corruption == CLEAN[0] else name(corruption)
