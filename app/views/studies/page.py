"""Studies: a second study of the same network and data beside the first, ticket by ticket."""

from __future__ import annotations

from app.shell.pages import Page
from app.shell.selection import Selection


def show(selection: Selection) -> None:
    """Draw the page."""
    from app.views.studies import contents  # not before it is asked for: the start page waits for every page.py

    contents.show(selection)


PAGE = Page("studies", "Studies", ":material/compare_arrows:", 80, show, in_report=False, unused="of whole studies")
