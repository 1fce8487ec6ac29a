"""Images in order, as the gallery of the page Samples shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.comparisons.fragility import Exchanged
from analysis.comparisons.image_query import Term


@dataclass(frozen=True)
class Ordered:
    """Images in order.

    Attributes:
        table: a row an image: sample, label, told (what the hover says), note (beside its name), share (its bar, 0 to
            1), and what else the CSV holds.
        what: which they are, after their number.
        help: what the order and the bar mean.
        meanings: what the other columns mean.
        query: what an image has to fulfil to be among them; empty where all are.
    """

    table: pd.DataFrame
    what: str
    help: str
    meanings: Mapping[str, str]
    query: tuple[Term, ...] = ()

    @property
    def title(self) -> str:
        """The gallery's heading."""
        return f"{len(self.table):,} image{'' if len(self.table) == 1 else 's'}{self.what}"

    @property
    def rows(self) -> pd.DataFrame:
        """What the CSV holds."""
        return self.table.drop(columns=["told", "note", "share"])


def lost_in_words(found: Exchanged, baseline: str) -> str:
    """What tickets lose against the baseline, and what they win, as markdown."""
    whose = "the ticket" if found.tickets == 1 else f"{found.tickets} tickets"
    lost, won = (f"({100 * low:.1f} to {100 * high:.1f} %)" for _, low, high in (found.lost, found.won))
    return (
        f"Of the predictions of {whose} on all {found.images:,} images **{100 * found.lost[0]:.1f} %** {lost} are "
        f"wrong where **{baseline}** is right, and {100 * found.won[0]:.1f} % {won} right where it is wrong; "
        f"{found.half:,} of these images make half of what is lost. These networks: two trainings of one method "
        "exchange images too."
    )
