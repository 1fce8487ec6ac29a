"""What each chosen ticket takes an image for, as the hover of its picture says it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pandas as pd

from analysis.corruptions.conditions import CLEAN, Condition
from app.condition import condition_text
from app.shell.selection import Chosen

MOST = 12
"""Tickets in a hover at most."""


def readings(
    rows: pd.DataFrame, chosen: Sequence[Chosen], classes: Sequence[str], images: Collection[int], condition: Condition
) -> dict[int, str]:
    """Put the tickets' predictions into words, a line a ticket, for each of the images.

    Args:
        rows: ticket_id, sample, label, prediction, under the condition.
        chosen: the tickets, in order.
        classes: names of the classes.
        images: which images.
        condition: what the predictions are under.
    """
    where = "clean" if condition == CLEAN else f"under {condition_text(condition)}"
    own = rows[rows["sample"].isin(list(images))]
    found = {int(image): [f"Taken for ({where}):"] for image in images}
    for ticket in chosen[:MOST]:
        mine = own[own["ticket_id"] == ticket.id]
        for image, label, given in zip(mine["sample"], mine["label"], mine["prediction"], strict=True):
            mark = "✓" if label == given else "✗"
            found[int(image)].append(f"{mark} {classes[int(given)]}: {ticket.label}")
    return {image: "\n".join(lines) for image, lines in found.items() if len(lines) > 1}
