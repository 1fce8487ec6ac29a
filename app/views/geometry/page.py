"""Geometry: where images lie in each ticket's feature space, and how alike tickets and corruptions are there."""

from __future__ import annotations

from analysis.corruptions.conditions import CLEAN
from app.condition import chosen_condition
from app.shell.left_out import wholly
from app.shell.pages import CONDITION, IMAGES, TICKETS, Page, needs_classifiers
from app.shell.sections import choose
from app.shell.selection import Selection


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    section = choose(selection, "geometry", "geometry", "Geometry")
    section.show(selection if chosen_condition(selection) == CLEAN else wholly(selection))


PAGE = Page(
    "geometry",
    "Geometry",
    ":material/scatter_plot:",
    40,
    show,
    unfit=needs_classifiers,
    uses=frozenset({TICKETS, IMAGES, CONDITION}),
)
