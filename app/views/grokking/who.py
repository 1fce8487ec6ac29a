"""Who groks: the steps of every method of the study, and whether it groks sooner than the baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons import grokking
from app.charts.texts import dot
from app.shell import families, layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.grokking import words
from app.views.grokking.charts import arms as charts
from app.views.grokking.chosen import View, against_baseline, of_all
from app.views.grokking.curves import MEANINGS

RATIOS = MEANINGS | {
    "times": "steps of the baseline over those of the ticket, geometric mean over seeds",
    "low": "lower end of the interval of times that decides, at this ticket's step of Holm's procedure",
    "high": "upper end of the interval of times that decides",
    "cut": "seeds of which times is only a bound, as one of the two never grokked",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    view = of_all(selection)
    if view is None:
        return
    summary, against = grokking.by_method(view.times), against_baseline(selection)
    st.markdown(words.answer(summary, against, view.baseline, view.styles))
    layout.card(
        "The step at which each method groks",
        charts.arms(view.times, summary, view.baseline, view.styles, selection.theme),
        lambda: view.named(view.times),
        "arms",
        help="The first step with over 95 % of the test pairs right. Small dots: seeds. Mark and bar: geometric mean "
        "and 95 % interval. An arrow stands at the last step of a training that never got there; where that is so, "
        "nothing is averaged. Dotted line: the baseline.",
        caption=_caption(view),
        config=layout.QUIET,
        meanings=MEANINGS,
    )
    if len(against):
        _table(view, summary, against)


def _caption(view: View) -> str:
    if not view.several:
        return families.mean_words(view.seeds)
    return f"{view.times['seed'].nunique()} seeds; steps are known to {view.times['resolution'].max():,.0f}."


def _table(view: View, summary: pd.DataFrame, against: pd.DataFrame) -> None:
    rows = summary.set_index("key")
    order = [key for key in charts.in_order(summary) if key in set(against["key"])]
    verdicts = against.set_index("key").loc[order]
    own = rows.loc[order]
    frame = pd.DataFrame(
        {
            "colour": [dot(view.styles[key].color) for key in order],
            "ticket": [view.styles[key].label for key in order],
            "t_gen": [words.grokked(row) for _, row in own.iterrows()],
            "ratio": [words.ratio(row) for _, row in verdicts.iterrows()],
            "verdict": list(verdicts["verdict"]),
            "p_holm": verdicts["p_holm"].to_numpy(),
            "test_accuracy": 100 * own["test_accuracy"].to_numpy(),
        }
    )
    single = bool(np.isnan(verdicts["low"]).all())
    if single:
        frame = frame.drop(columns=["verdict", "p_holm"])
    layout.table_card(
        f"Sooner or later than {view.styles[view.baseline].label}, seed by seed",
        frame,
        "sooner",
        columns={
            "colour": st.column_config.ImageColumn("", width=40),
            "ticket": st.column_config.TextColumn("Ticket"),
            "t_gen": st.column_config.TextColumn("Grokked: t_gen"),
            "ratio": st.column_config.TextColumn("Ratio of steps"),
            "verdict": st.column_config.TextColumn("Verdict"),
            "p_holm": st.column_config.NumberColumn("p (Holm)", format="%.2g"),
            "test_accuracy": st.column_config.NumberColumn("Test accuracy at its end", format="%.1f %%"),
        },
        caption="One seed says nothing of other trainings, so there are no verdicts." if single
        else "Paired by seed, in the logarithm; variances are moderated over the methods, Holm's correction runs "
        f"over {len(order)} methods, and the interval is the one that decides. Where one of a pair never grokked, "
        "both are cut at the end of its training, so that the ratio is at least so large.",
        data=lambda: view.named(against),
        meanings=RATIOS,
        height="content",
    )  # fmt: skip


SECTION = Section(
    "grokking",
    "who",
    "Who groks",
    20,
    show,
    "Which networks grok sooner than the baseline, and which never do?",
)
