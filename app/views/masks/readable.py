"""The chosen tickets whose masks can be read."""

from __future__ import annotations

from dataclasses import replace

from app import load
from app.shell import layout
from app.shell.left_out import packed_without
from app.shell.selection import Selection
from pruning.errors import UserError


def at_least_two(selection: Selection, every_seed: bool = False) -> Selection | None:
    """The selection without tickets whose masks cannot be read, each of which is named on the page.

    Args:
        selection: what the user chose.
        every_seed: whether the tickets of every seed are read, else of the one shown.

    Returns:
        None where fewer than two tickets are left, which is said.
    """
    if packed_without(selection.study, "masks"):
        return None
    unread: dict[str, str] = {}
    for ticket in selection.all_seeds()["ticket_id"] if every_seed else selection.ids:
        try:
            load.packed(selection.study, ticket)
        except UserError as error:
            unread[ticket] = str(error)
    layout.notes(unread.values())
    tickets = selection.study.tickets
    study = replace(selection.study, tickets=tickets[~tickets["ticket_id"].isin(list(unread))])
    kept = [ticket for ticket in selection.tickets if ticket.id not in unread]
    # a ticket that is only there for other seeds has no style
    selection = replace(selection, study=study, tickets=kept, keys=[ticket.key for ticket in kept])
    if len(selection.tickets) >= 2:
        return selection
    layout.empty(
        "Two tickets are needed to compare masks.",
        "Click dots under Tickets in the sidebar; a sparsity in its first line shows all methods at once.",
    )
    return None
