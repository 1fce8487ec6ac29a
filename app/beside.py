"""What stands beside every page: what is selected, the inspector, and the tour."""

from __future__ import annotations

from app.inspector import panel
from app.selected import line
from app.shell.guard import guard
from app.shell.pages import Page
from app.shell.selection import Selection
from app.tour import box


def show(page: Page, selection: Selection) -> None:
    """Draw all of it."""
    guard(line.show, page, selection)
    guard(line.offer, selection)
    guard(panel.show, selection)
    guard(box.show, page.name, selection)
