"""How well: accuracy and calibration against sparsity for each budget, and upstream against downstream."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import transfer
from app.charts.texts import dot, points
from app.shell import families, layout, verdicts
from app.shell.folds import fold
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.transfer import facts, words
from app.views.transfer.charts import curves as charts
from app.views.transfer.charts import levels as level_charts
from app.views.transfer.facts import View


def show(selection: Selection) -> None:
    """Draw the section."""
    view = facts.view(selection)
    found = {value: transfer.curves(view.rows, value) for value in facts.VALUES}
    table, style = view.against(), view.styles[view.baseline]
    accuracy = found["accuracy"]
    own = accuracy[(accuracy["key"] == view.baseline) & (accuracy["shots"] == view.shots)]
    reached = words.reached(own, style.label, view.kind, view.shots) if len(own) else ""
    st.markdown(f"{reached} {words.against(table, style.label, view.styles)}")
    layout.card(
        f"Accuracy and calibration on {view.kind} against sparsity",
        charts.curves(found, families.method_styles(selection), _methods(view), selection.theme),
        lambda: view.named(_stacked(found)),
        "transfer-curves",
        help="Solid: a linear probe, a new classifier on the ticket's features. Dashed: a visual prompt, a border "
        "learnt around the picture, with the ticket's classes mapped to the target's. Dotted: the mapping alone, the "
        "floor of the prompt. Every line begins at the dense network. ECE: expected calibration error over 15 bins of "
        "equal mass, lower is better.",
        caption=f"Bands: {words.over(accuracy)}.",
        config=layout.QUIET,
        meanings=facts.COLUMNS,
    )
    _levels_card(view)
    if len(table):
        with fold(f"Every ticket held against {style.label}") as opened:
            if opened:
                _table(view, table)


def _methods(view: View) -> list[str]:
    """The methods of the chosen tickets."""
    return list(dict.fromkeys(view.rows.loc[view.rows["key"].isin(view.chosen), "method"]))


def _stacked(found: dict[str, pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([rows.rename(columns={"value": "mean"}).assign(value=value) for value, rows in found.items()])


def _levels_card(view: View) -> None:
    rows = transfer.levelled(view.given[view.given["way"] != "mapping"])
    rows = rows[rows["key"].isin(view.chosen) & rows["upstream"].notna()]
    if rows.empty:
        return
    layout.card(
        "Does a better network upstream transfer better?",
        level_charts.levels(rows, view.styles, view.selection.theme),
        lambda: view.named(rows),
        "transfer-levels",
        help="A mark is a training. Right: more accurate on the study's own clean test images. Up: more accurate on "
        "the target.",
        caption=f"Given {words.budget(view.shots)}. A mark a seed, each the mean over its draws.",
        config=layout.QUIET,
        meanings=facts.COLUMNS | {"accuracy": "share of the target's test images classified right [fraction]"},
    )


def _table(view: View, table: pd.DataFrame) -> None:
    labels = {key: style.label for key, style in view.styles.items()}
    within = verdicts.equivalence(view.selection)
    frame = pd.DataFrame(
        {
            "colour": [dot(view.styles[key].color) for key in table["a"]],
            "ticket": table["a"].map(labels),
            "way": table["way"].map(facts.WAYS),
            "value": table["value"].map(facts.VALUES),
            "difference": [points(each) for each in table["difference"]],
            "interval": [f"{points(row.low)} to {points(row.high)}" for row in table.itertuples()],
            "verdict": [verdicts.words(row, within) for _, row in table.iterrows()],
            "p_holm": table["p_holm"].to_numpy(),
        }
    )
    text = st.column_config.TextColumn
    layout.table_card(
        f"More or less than {labels[view.baseline]}, given {words.budget(view.shots)}",
        frame,
        "transfer-against",
        columns={
            "colour": st.column_config.ImageColumn("", width=40),
            "ticket": text("Ticket"),
            "way": text("By"),
            "value": text("Of"),
            "difference": text("Points"),
            "interval": text("95 % interval"),
            "verdict": text("Verdict"),
            "p_holm": st.column_config.NumberColumn("p (Holm)", format="%.2g"),
        },
        caption=verdicts.speak_of(table, drawn=False) + " Accuracy is paired over the test images too. Variances over "
        "seeds are moderated within each way and quantity.",
        data=lambda: table.assign(a=table["a"].map(labels), b=table["b"].map(labels)),
        meanings=verdicts.OF_SHARES | facts.COLUMNS | {"over": "what the verdict rests on: seeds, or these images"},
        height="content",
    )


SECTION = Section(
    "transfer", "curves", "How well", 10, show, "Do tickets do as well on other images as the dense network does?"
)
