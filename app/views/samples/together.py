"""Who fails together: an UpSet plot of the errors under one condition, whose bars select their images."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from analysis.comparisons.images_behind import failing_together, failures
from analysis.corruptions.conditions import CLEAN
from app.charts.texts import every
from app.charts.upset import Words, named, upset
from app.condition import chosen_condition, condition_text
from app.shell import layout
from app.shell.images_behind import select
from app.shell.selection import Chosen, Selection
from app.shell.theme import Style
from app.shell.url import LIST
from app.views.samples.one_condition import stored

MOST, BARS, HEIGHT = 8, 15, 130
"""Tickets, bars, and pixels of a bar at most."""
CARD = "together"
ON_CLEAN = "on clean images"
WORDS = Words("images", "expected were errors independent (as many for each ticket)")
MEANINGS = {
    "members": "the tickets that fail, all others being right",
    "size": "how many tickets fail",
    "count": "images on which just these fail [images]",
    "low": "95 % interval of the count over images, its lower end (Wilson's) [images]",
    "high": "its upper end [images]",
    "expected": "how many it would be were the errors of different tickets independent [images]",
}


def show(selection: Selection, chosen: list[Chosen], samples: pd.DataFrame) -> None:
    """Draw the card, where two tickets or more have results under the condition.

    Args:
        selection: the page's.
        chosen: the baseline, and the tickets beside it.
        samples: what the tickets make of the clean images.
    """
    tickets, right, images = _right(selection, chosen, samples)
    if len(tickets) < 2:
        return
    table = failures(right)
    if table.empty:
        return
    styles = {ticket.id: ticket.style for ticket in tickets}
    where = _where(selection)
    errors = {ticket: int((~own).sum()) for ticket, own in right.items()}
    layout.card(
        f"Who fails together {where}",
        upset(table.head(BARS), errors, styles, selection.theme, WORDS, HEIGHT),
        lambda: table.assign(members=[named(members, styles) for members in table["members"]]),
        CARD,
        help="UpSet plot (Lex et al. 2014): each bar counts the images that the tickets with a dot below it have wrong "
        "while all others have them right; beside a ticket, all its errors. Intervals in the hover are Wilson's, over "
        "images.",
        caption=_caption(selection, chosen, tickets, table),
        on_select=partial(_mark, selection, right, images, styles, where),
        selection_mode="points",
        config=layout.QUIET,
        meanings=MEANINGS,
    )


def sentence(selection: Selection, chosen: list[Chosen], samples: pd.DataFrame) -> str:
    """What the card shows, in a sentence of markdown; "" where fewer than two tickets have results."""
    tickets, right, images = _right(selection, chosen, samples)
    if len(tickets) < 2:
        return ""
    table, where = failures(right), _where(selection)
    return (
        f"No ticket misclassifies an image {where}." if table.empty else answer(table, len(tickets), len(images), where)
    )


def _right(
    selection: Selection, chosen: list[Chosen], samples: pd.DataFrame
) -> tuple[list[Chosen], dict[str, np.ndarray], np.ndarray]:
    """The tickets with results under the condition, by id which images they have right, and which images these are."""
    rows = stored(selection, chosen, samples, chosen_condition(selection))
    right = rows.assign(right=rows["prediction"] == rows["label"])
    each = right.pivot(index="sample", columns="ticket_id", values="right").dropna()
    tickets = [ticket for ticket in chosen if ticket.id in each][:MOST]
    return tickets, {ticket.id: each[ticket.id].to_numpy(bool) for ticket in tickets}, each.index.to_numpy()


def _where(selection: Selection) -> str:
    condition = chosen_condition(selection)
    return ON_CLEAN if condition == CLEAN else f"under {condition_text(condition)}"


def answer(table: pd.DataFrame, tickets: int, images: int, where: str) -> str:
    """How many images all, several and one alone have wrong, in a sentence of markdown; `table` of `failures`."""
    by_size = table.groupby("size")["count"].sum()
    by_all, alone = int(by_size.get(tickets, 0)), int(by_size.get(1, 0))
    some = int(by_size.sum())
    which = "clean images," if where == ON_CLEAN else f"images {where},"
    return (
        f"Of {images:,} {which} **{some:,} are wrong for one of these {tickets} tickets or more: {by_all:,} for "
        f"{every(tickets)}, {alone:,} for one alone.**"
    )


def _caption(selection: Selection, chosen: list[Chosen], tickets: list[Chosen], table: pd.DataFrame) -> str:
    said = [f"Seed {selection.seed}, so it speaks of these networks. Click a bar to select its images."]
    rest = table.iloc[BARS:]
    if len(rest):
        said.append(f"{len(rest)} more sets of tickets fail together on {rest['count'].sum():,} images.")
    if len(tickets) < len(chosen):
        said.append(f"The first {len(tickets)} tickets with results under it.")
    return " ".join(said)


def _mark(
    selection: Selection, right: dict[str, np.ndarray], samples: np.ndarray, styles: dict[str, Style], where: str
) -> None:
    """Select the images of the bar that was clicked."""
    clicked = layout.picked(CARD, 4)
    if clicked is None:
        return
    members = [each for each in clicked[3].split(LIST) if each in right]
    found = samples[failing_together(right, members)]
    select(selection, found, f"wrong for {named(members, styles)} {where}")
