"""The widgets that sections of the page Robustness share, and what they say where something was not measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import streamlit as st

from analysis.comparisons.outcomes import MEAN
from analysis.corruptions import FAMILIES
from app.charts.names import name, ordered
from app.load import StudyView
from app.shell import layout
from app.shell.lacking import unmeasured
from app.shell.links import corruption_option
from app.views.robustness.compared_tickets import FOURIER, ComparedTickets


def pick_family(compared: ComparedTickets, among: Iterable[str] | None = None) -> str:
    """The chooser of the family, where several were measured. The Fourier basis has a section of its own.

    `among`: the families that can be chosen; None: all that were measured.
    """
    families = compared.measured if among is None else among
    options = {family: _label(family) for family in families if family != FOURIER}
    if len(options) == 1:
        return next(iter(options))
    return compared.selection.pick("family", "Corruptions of", options, width="content")


def pick_corruption(compared: ComparedTickets, family: str, width: int = 320) -> str:
    """The chooser of one corruption of the family, or of the mean of those that count."""
    standard, extra = ordered(compared.measured[family])
    names = {MEAN: f"Mean of the {len(standard)} common corruptions"} if standard else {}
    names |= {corruption: name(corruption) for corruption in standard}
    more = " (extra)" if family == "cifar_c" else ""
    names |= {corruption: f"{name(corruption)}{more}" for corruption in extra}
    return compared.selection.pick(corruption_option(family), "Corruption", names, kind="select", width=width)


def over(compared: ComparedTickets, count: int, severity: int) -> str:
    """What images are selected under, where a number is a mean over so many corruptions: under any of them."""
    return f"under at least one of {count} corruptions, severity {severity}, seed {compared.selection.seed}"


def of_one(compared: ComparedTickets, corruption: str) -> str:
    """Which images a click selects, as captions have it: "of seed 0"; of a mean over corruptions, under which."""
    under = ", under at least one of the corruptions" if corruption == MEAN else ""
    return f"of seed {compared.selection.seed}{under}"


def note_missing(compared: ComparedTickets, family: str) -> None:
    """A line on tickets that were not measured under the family."""
    there = compared.styles_under(family)
    absent = [style.label for key, style in compared.styles.items() if key not in there]
    if absent:
        st.caption(f":material/info: Not measured yet under all of {_label(family)}: {', '.join(absent)}.")


def not_measured(
    compared: ComparedTickets, what: str, family: str = "", has: Callable[[StudyView], bool] | None = None
) -> None:
    """Says that no ticket was measured on something, the command that does it, and which studies have it."""
    message = f"No ticket chosen has been measured on {what} yet."
    unmeasured(compared.selection.study, message, options=["--family", family] if family else [], has=has)


def has_baseline(compared: ComparedTickets, family: str) -> bool:
    """Whether there is a baseline with results and something to compare with it; says what is missing if not."""
    there = compared.styles_under(family)
    if compared.baseline is None or compared.baseline not in there:
        layout.empty("The baseline has no results on corrupted images.", "Choose another at the left, or measure it.")
        return False
    if len(there) < 2:
        layout.empty("Only the baseline is chosen.", "Choose other tickets at the left to compare with it.")
        return False
    return True


def _label(family: str) -> str:
    return FAMILIES[family].label if family in FAMILIES else "Images given"
