"""What stands beside every page: what is selected, and the inspector."""

from __future__ import annotations

from app.inspector import panel
from app.selected import line
from app.shell.guard import guard
from app.shell.pages import Page
from app.shell.selection import Selection


def show(page: Page, selection: Selection) -> None:
    """Draw both."""
    guard(line.show, page, selection)
    guard(panel.show, selection)
