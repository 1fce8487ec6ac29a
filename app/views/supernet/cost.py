"""Accuracy against multiply-adds: SuperTickets beside architectures and masks that were found otherwise."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from app.charts.texts import dot, points
from app.shell import families, layout, verdicts
from app.shell.lacking import unmeasured
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.supernet import facts, words
from app.views.supernet.charts import cost as charts


def show(selection: Selection) -> None:
    """Draw the section."""
    view = facts.view(selection)
    if not view.searches:
        layout.empty("No ticket of this study was searched for: architectures were given.", "Find one with 'supernet'.")
        return
    key = view.pick("supernet-of", view.searches)
    study, score = selection.study, facts.score(selection)
    labels = dict(zip(study.tickets["key"], study.tickets["label"], strict=True))
    table = facts.rivals(selection, key)
    st.markdown(words.against(table, key, labels, score))
    _cost_card(selection)
    if len(table):
        _table(selection, table, key, labels)


def _cost_card(selection: Selection) -> None:
    study = selection.study
    costs = families.efficiency(study)
    if costs.empty:
        unmeasured(
            study, "Multiply-adds are not measured yet.", "The tickets are found; measuring them fills this card."
        )
        return
    means = families.means(study)[["key", "accuracy", "accuracy_low", "accuracy_high", "seeds"]]
    rows = means.merge(costs[["key", "macs", "macs_kept"]], on="key")
    layout.card(
        f"{facts.score(selection).title} against multiply-adds",
        charts.cost(rows, families.styles(selection), selection.theme),
        lambda: rows.rename(columns={"key": "ticket"}),
        "supernet-cost",
        help="Multiply-adds of one image, those of pruned weights left out. Up and to the left is better.",
        caption=families.interval_words(selection) + " Multiply-adds are means over seeds.",
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )


def _table(selection: Selection, table: pd.DataFrame, key: str, labels: dict[str, str]) -> None:
    styles = families.styles(selection)
    within = verdicts.equivalence(selection)
    frame = pd.DataFrame(
        {
            "colour": [dot(styles[each].color) for each in table["a"]],
            "ticket": [labels[each] for each in table["a"]],
            "difference": [points(each) for each in table["difference"]],
            "interval": [f"{points(row.low)} to {points(row.high)}" for row in table.itertuples()],
            "verdict": [verdicts.words(row, within, brief=True) for _, row in table.iterrows()],
            "detectable": 100 * table["detectable"].to_numpy(),
            "p_holm": table["p_holm"].to_numpy(),
        }
    )
    layout.table_card(
        f"More or less accurate than {labels[key]}",
        frame,
        "supernet-rivals",
        columns={
            "colour": st.column_config.ImageColumn("", width=40),
            "ticket": st.column_config.TextColumn("Ticket"),
            "difference": st.column_config.TextColumn("Points"),
            "interval": st.column_config.TextColumn("95 % interval"),
            "verdict": st.column_config.TextColumn("Verdict"),
            "detectable": st.column_config.NumberColumn(
                "Shows", format="%.1f", help="The difference in points that would show with a power of 80 %."
            ),
            "p_holm": st.column_config.NumberColumn("p (Holm)", format="%.2g"),
        },
        caption=f"{verdicts.speak_of(table, drawn=False)} {words.family(table)}".strip(),
        data=lambda: table.assign(a=table["a"].map(labels), b=table["b"].map(labels)),
        meanings=verdicts.OF_SHARES,
        height="content",
    )


SECTION = Section(
    "supernet", "cost", "Cost", 30, show, "Is searching and pruning at once worth it, at the same number of weights?"
)
