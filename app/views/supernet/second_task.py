"""Transfer: tickets in a second task, with a new head, beside what else could have been trained there."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import second_task
from app.charts.texts import points
from app.shell import families, layout, verdicts
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.supernet import facts, words
from app.views.supernet.charts import second_task as charts


def show(selection: Selection) -> None:
    """Draw the section."""
    found = facts.second_tasks(selection)
    if not found:
        layout.empty(
            "No ticket of this study was taken to a second task.",
            'Give a method `data` of its own, such as "digits[0-4]", and make another of it with the finder '
            "'transferred', whose `data` is the second task.",
        )
        return
    names = {way: group.label for way, group in found.items()}
    way = next(iter(names))
    if len(names) > 1:
        way = selection.pick("supernet-way", "Ticket", names, kind="select", width=340)
    group = found[way]
    rows = second_task.by_kind(group.cells)
    within = verdicts.equivalence(selection)
    table, cells = second_task.against(rows, within), second_task.matrix(group.cells)
    st.markdown(words.second_task(rows, table, group.label, within))
    seeds = int(cells["n"].max())
    layout.card(
        "Accuracy in the second task",
        charts.matrix(cells, selection.theme),
        cells,
        "supernet-second",
        help="All are trained on the second task, tickets with a new, dense head. With a mask alone weights start "
        "where the ticket's did, with its weights where it ended. A random mask keeps as many weights of each layer as "
        "the mask of the other task. Ringed: the task's own mask. Tickets of these tasks are on no other page.",
        caption=families.mean_words(seeds, tail=", on the test images of the second task"),
        config=layout.QUIET,
        meanings=facts.SECOND_TASK,
    )
    if len(table):
        _table(table, within)


def _table(table: pd.DataFrame, within: float) -> None:
    frame = pd.DataFrame(
        {
            "kind": [second_task.KINDS[kind][:1].upper() + second_task.KINDS[kind][1:] for kind in table["kind"]],
            "difference": [points(each) for each in table["difference"]],
            "interval": [
                f"{points(row.low)} to {points(row.high)}" if pd.notna(row.low) else "–" for row in table.itertuples()
            ],
            "verdict": [verdicts.words(row, within, brief=True) for _, row in table.iterrows()],
            "detectable": 100 * table["detectable"].to_numpy(),
            "p_holm": table["p_holm"].to_numpy(),
        }
    )
    layout.table_card(
        "More or less accurate than another task's mask",
        frame,
        "supernet-second-verdicts",
        columns={
            "kind": st.column_config.TextColumn("Trained in the second task"),
            "difference": st.column_config.TextColumn("Points"),
            "interval": st.column_config.TextColumn("95 % interval"),
            "verdict": st.column_config.TextColumn("Verdict"),
            "detectable": st.column_config.NumberColumn(
                "Shows", format="%.1f", help="The difference in points that would show with a power of 80 %."
            ),
            "p_holm": st.column_config.NumberColumn("p (Holm)", format="%.2g"),
        },
        caption=f"Means of the second tasks. {verdicts.speak_of(table, drawn=False, and_images='')}",
        data=table,
        meanings=verdicts.OF_SHARES | facts.SECOND_TASK,
        height="content",
    )


SECTION = Section(
    "supernet", "transfer", "Transfer", 40, show, "Is a ticket of one task worth anything in a second one?"
)
