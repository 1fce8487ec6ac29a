"""The supernet as a graph: what is left of each branch, and who else has as many weights."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import supernets
from app.shell import layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.supernet import facts, words
from app.views.supernet.charts import events as event_charts
from app.views.supernet.charts import graph as charts


def show(selection: Selection) -> None:
    """Draw the section."""
    view = facts.view(selection)
    key = view.pick("supernet-of", list(view.found))
    entries, style = view.found[key], view.styles[key]
    rows = supernets.mean_branches(entries)
    labels = dict(zip(selection.study.tickets["key"], selection.study.tickets["label"], strict=True))
    sums = supernets.left_at_the_end(rows)
    against = words.against(facts.rivals(selection, key), key, labels, facts.score(selection))
    st.markdown(f"{words.left(rows, sums, style.label, len(entries))} {against}")
    over = f"Means over {len(entries)} seeds." if len(entries) > 1 else "One seed."
    last = int(rows["event"].max())
    steps = {str(event): "start" if event == 0 else f"event {event}" for event in range(last + 1)}
    at = int(selection.pick("supernet-event", "After", steps, default=str(last), kind="slider"))
    own = rows[rows["event"] == at]
    layout.card(
        "What is left of each branch",
        charts.graph(own, style, selection.theme),
        own,
        "supernet-graph",
        help="Each cell adds up its branches and a skip. A branch is as wide as the channels that are left of it; grey "
        "is what it had at the start. Hover over a branch for its multiply-adds.",
        caption=over,
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )
    _strip_card(selection, rows, over)


def _strip_card(selection: Selection, rows: pd.DataFrame, over: str) -> None:
    layout.card(
        "Channels left of each branch over the training",
        event_charts.strip(rows, selection.theme),
        rows,
        "supernet-strip",
        help="A column is an event: channels whose gates were smallest are cut, and weights are pruned. Numbers are "
        "channels.",
        caption=over,
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )


SECTION = Section("supernet", "graph", "Branches", 10, show, "What does the search leave of each branch?")
