"""Gallery: one image under every corruption of a family, made at the moment it is looked at."""

from __future__ import annotations

from app.shell.pages import IMAGES, TICKETS, Page, needs_classifiers
from app.shell.selection import Selection


def show(selection: Selection) -> None:
    """Draw the page."""
    from app.views.gallery import contents  # not before it is asked for: the start page waits for every page.py

    contents.show(selection)


PAGE = Page(
    "gallery",
    "Gallery",
    ":material/auto_awesome_mosaic:",
    70,
    show,
    unfit=needs_classifiers,
    uses=frozenset({TICKETS, IMAGES}),
    in_report=False,
    unused="of every corruption",
)
