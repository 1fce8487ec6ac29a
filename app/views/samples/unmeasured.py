"""Chosen tickets that the page can say nothing of, as they are not measured under what is looked at."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from analysis.corruptions.conditions import CLEAN, Condition
from app.answers.listed import listed
from app.condition import condition_text
from app.shell import layout
from app.shell.selection import Chosen


def note_unmeasured(chosen: Sequence[Chosen], there: Collection[str], condition: Condition = CLEAN) -> None:
    """Draw a line that names the tickets without results; nothing where all have some.

    Args:
        chosen: the tickets that are asked about.
        there: ids of those with results.
        condition: what the results are under.
    """
    absent = [layout.plain(ticket.label) for ticket in chosen if ticket.id not in there]
    if absent:
        where = "" if condition == CLEAN else f" under {condition_text(condition)}"
        what = "it has" if len(absent) == 1 else "they have"
        st.caption(
            f":material/info: {listed(absent)} {'is' if len(absent) == 1 else 'are'} not measured{where}: which images "
            f"{what} wrong is not known."
        )
