"""Studies: any number of them on one board, and two ticket by ticket."""

from __future__ import annotations

from app.shell.pages import Page
from app.shell.sections import choose
from app.shell.selection import Selection


def show(selection: Selection) -> None:
    """Draw the page: one section of it at a time."""
    choose(selection, "studies", "studies", "Studies").show(selection)


PAGE = Page("studies", "Studies", ":material/compare_arrows:", 80, show, in_report=False, unused="of whole studies")
