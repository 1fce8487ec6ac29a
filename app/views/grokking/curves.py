"""Curves: training and test accuracy over the steps, with the steps at which each was learnt."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import grokking
from app.charts.texts import dot
from app.shell import families, layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.views.grokking import words
from app.views.grokking.charts import curves as charts
from app.views.grokking.chosen import View, against_baseline, of_chosen

MEANINGS = {
    "step": "training steps so far [iterations]",
    "t_mem": "first step at which over 95 % of the training pairs are right, geometric mean over seeds [iterations]",
    "t_gen": "first step at which over 95 % of the test pairs are right, geometric mean over seeds [iterations]",
    "tau": "t_gen over t_mem, geometric mean over seeds",
    "least": "steps of the shortest training that never got there [iterations]",
    "grokked": "how many of the seeds got over 95 % of the test pairs",
    "memorised": "how many of the seeds got over 95 % of the training pairs",
    "last": "steps trained [iterations]",
    "resolution": "steps between two points of the curve [iterations]",
    **{
        f"{name}_{end}": f"{side} end of the 95 % interval of {name}"
        for name in ("t_mem", "t_gen", "tau") for end, side in (("low", "lower"), ("high", "upper"))
    },
}  # fmt: skip


def show(selection: Selection) -> None:
    """Draw the section."""
    view = of_chosen(selection)
    if view is None:
        return
    summary = grokking.by_method(view.times)
    against = against_baseline(selection)
    against = against[against["key"].isin(list(view.found))]
    st.markdown(words.answer(summary, against, view.baseline, view.styles))
    curves = grokking.curves(view.found)
    layout.card(
        "Training pairs are known long before the test pairs",
        charts.twins(curves, view.times, selection.seed, view.styles, selection.theme),
        lambda: view.named(curves),
        "twins",
        help="Dotted: the training pairs, full: the test pairs. An open mark stands where 95 % of the training pairs "
        "are right (t_mem), a full one where 95 % of the test pairs are (t_gen). The wider the two are apart, the "
        "longer the network groks. A training ends some time after it has grokked, or where its steps are over.",
        caption=_caption(view),
        config=layout.QUIET,
        meanings=MEANINGS,
    )
    _table(view, summary)


def _caption(view: View) -> str:
    said = [f"Strong: seed {view.selection.seed}, thin: the test pairs of the others." if view.several else "One seed."]
    if view.left_out:
        said.append(f"The first {len(view.found)} of the tickets chosen; {view.left_out} more are left out.")
    return " ".join(said)


def _table(view: View, summary: pd.DataFrame) -> None:
    written = st.column_config.TextColumn
    frame = pd.DataFrame(
        {
            "colour": [dot(view.styles[key].color) for key in summary["key"]],
            "ticket": [view.styles[key].label for key in summary["key"]],
            "t_mem": [_memorised(row) for _, row in summary.iterrows()],
            "t_gen": [words.grokked(row) for _, row in summary.iterrows()],
            "tau": [words.between(row, "tau", "{:.2g}") if row["tau"] > 0 else "–" for _, row in summary.iterrows()],
            "test_accuracy": 100 * summary["test_accuracy"],
        }
    )
    layout.table_card(
        "When each learnt",
        frame,
        "milestones",
        columns={
            "colour": st.column_config.ImageColumn("", width=40),
            "ticket": written("Ticket"),
            "t_mem": written("Memorised", help="t_mem: the first step with over 95 % of the training pairs."),
            "t_gen": written("Grokked", help="t_gen: the first step with over 95 % of the test pairs."),
            "tau": written("Ratio", help="t_gen over t_mem."),
            "test_accuracy": st.column_config.NumberColumn(
                "Test", format="%.1f %%", help="Accuracy on the test pairs at the end of its training."
            ),
        },
        caption=families.mean_words(
            view.seeds, tail=f"; steps are known to {view.times['resolution'].max():,.0f}", geometric=True
        )
        + (" What never got there is not averaged." if view.several else ""),
        data=lambda: view.named(summary),
        meanings=MEANINGS,
        height="content",
    )  # fmt: skip


def _memorised(row: pd.Series) -> str:
    return words.between(row, "t_mem") if row["t_mem"] > 0 else f"{row['memorised']} of {row['seeds']} seeds"


SECTION = Section(
    "grokking",
    "curves",
    "Curves",
    10,
    show,
    "How long does each network know its examples by heart before it knows the rule?",
)
