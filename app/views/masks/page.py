"""Masks: which weights the tickets keep, how far they agree, and when that was settled."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import streamlit as st

from app import load
from app.shell import families, layout
from app.shell.pages import Page
from app.shell.selection import Selection
from pruning.errors import UserError

VIEWS = {"pairs": "Pairs", "many": "Intersections", "training": "Mask evolution"}
"""Name of the module in `app.views.masks`, and in the URL -> title."""

LEADS = {
    "pairs": "Which weights does each ticket keep, how much do two masks overlap, and in which layers?",
    "many": "Which weights do several tickets keep, and do their masks overlap more than by chance?",
    "training": "When does a mask settle, and how does it move before?",
}
ALONE = ("training",)
"""Views that need no second ticket."""


def show(selection: Selection) -> None:
    """Draw the page: one view of it at a time."""
    view = selection.option("masks", next(iter(VIEWS)))
    layout.page_title("Masks", LEADS.get(view, next(iter(LEADS.values()))))
    view = selection.pick("masks", "View", VIEWS, label_visibility="collapsed", width="content")
    unread: list[str] = []
    if view not in ALONE:
        selection, unread = readable(selection, every_seed=view == "many")
    if len(selection.tickets) < 2 and view not in ALONE:
        layout.empty(
            "Two tickets are needed to compare masks.",
            "Click dots under Tickets in the sidebar; a sparsity in its first line shows all methods at once.",
        )
        layout.notes(unread)
        return
    with st.container(key=f"masks-{view}"):
        import_module(f"app.views.masks.{view}").show(selection)
    layout.notes([*unread, *families.without_ticket(selection.study)])


def readable(selection: Selection, every_seed: bool) -> tuple[Selection, list[str]]:
    """The selection without the tickets whose masks cannot be read, and a sentence about each of them."""
    unread: dict[str, str] = {}
    for ticket in selection.all_seeds()["ticket_id"] if every_seed else selection.ids:
        try:
            load.packed(selection.study, ticket)
        except UserError as error:
            unread[ticket] = str(error)
    if not unread:
        return selection, []
    tickets = selection.study.tickets
    study = replace(selection.study, tickets=tickets[~tickets["ticket_id"].isin(list(unread))])
    kept = [ticket for ticket in selection.tickets if ticket.id not in unread]
    return replace(selection, study=study, tickets=kept), list(unread.values())


PAGE = Page("masks", "Masks", ":material/grid_on:", 20, show)
