"""The tickets that charts of images put side by side: a few of those chosen, the same on every page."""

from __future__ import annotations

from app.shell.selection import Chosen, Selection
from app.shell.url import LIST

MOST = 4
PREFERRED = ("dense", "imp", "magnitude", "random")


def default(selection: Selection) -> list[str]:
    """Keys of those that are side by side while nobody says otherwise."""
    if len(selection.tickets) <= MOST:
        return [ticket.key for ticket in selection.tickets]
    return [ticket.key for ticket in sorted(selection.tickets, key=lambda ticket: _preference(ticket.method))[:MOST]]


def side_by_side(selection: Selection) -> list[Chosen]:
    """Those that the URL asks for, without the widget that asks."""
    tickets = {ticket.key: ticket for ticket in selection.tickets}
    asked = [key for key in selection.option("columns").split(LIST) if key in tickets]
    keys = asked if asked and len(tickets) > MOST else default(selection)
    return [tickets[key] for key in tickets if key in keys][:MOST]


def _preference(method: str) -> int:
    return PREFERRED.index(method) if method in PREFERRED else len(PREFERRED)
