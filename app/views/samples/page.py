"""Samples: the images themselves, those that pruning makes fragile first."""

from __future__ import annotations

from app.shell.pages import CONDITION, IMAGES, TICKETS, Page, needs_classifiers
from app.shell.selection import Selection


def show(selection: Selection) -> None:
    """Draw the page."""
    from app.views.samples import contents  # not before it is asked for: the start page waits for every page.py

    contents.show(selection)


PAGE = Page(
    "samples",
    "Samples",
    ":material/photo_library:",
    60,
    show,
    unfit=needs_classifiers,
    uses=frozenset({TICKETS, IMAGES, CONDITION}),
)
