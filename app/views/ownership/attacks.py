"""What each attack costs the thief and leaves of the mark, as curves, and folded as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.comparisons import ownership
from app.charts.texts import bracket
from app.shell import families, layout
from app.shell.folds import fold
from app.shell.selection import Selection
from app.views.ownership import words
from app.views.ownership.charts import attacks as charts
from app.views.ownership.facts import View

ENDS = {"_low": "lower end of its 95 % interval over seeds", "_high": "upper end of the same"}
_VALUES = {
    "accuracy": "share of the test images that are right after the attack",
    "retrained": "the same after the thief has trained it again, the mask fixed",
    "ber": "bit error rate: share of the code's modules that are wrong in the best window",
}
MEANINGS = {
    "attack": "what was done to the signed ticket",
    "strength": "fraction of the kept weights that are pruned, or of the pruned ones that are given back; of "
    "fine-tuning, the epochs",
    **_VALUES,
    **{f"{name}{end}": text for name in _VALUES for end, text in ENDS.items()},
    "retrained_ber": "the same after training again, which changes no mask",
    "retrained_ber_low": "lower end of its 95 % interval over seeds",
    "retrained_ber_high": "upper end of the same",
    "p_value": "the largest of the seeds' p values, each corrected for all windows",
    "undated": "the same corrected for all texts that a code of this size can hold",
    "claimed": "seeds whose p value is below 1e-6",
    "retrained_claimed": "the same after training again",
    "undated_claimed": "seeds whose p value is below 1e-6 after correction for all texts",
    "decoded": "seeds whose code a QR reader still reads",
    "limit": "bit error rate up to which p is below 1e-6 whichever modules are wrong",
    "limit_undated": "the same after correction for all texts",
}


def card(selection: Selection, view: View, attacks: pd.DataFrame) -> None:
    """Draw the curves."""
    own = view.shipped
    names = {name: text for name, text in words.NAMES.items()
             if name != ownership.NONE and name in set(attacks["attack"])}  # fmt: skip
    layout.card(
        "What an attack costs the thief, and what it leaves of the code",
        lambda: charts.curves(attacks, names, float(own["accuracy"].mean()), ownership.reads_up_to(), selection.theme),
        attacks,
        "attacks",
        folded=True,
        help="A line an attack, stronger towards the top. Full marks: a QR reader reads the code in every seed. Below "
        "the full line the p value is below 1e-6 whichever modules are wrong; pruning alone leaves a stronger proof "
        "than that, as it never makes a dead kernel alive. Below the dash-dotted line that is so even if all texts had "
        "been tried, so that the text needs no date. Dotted: the accuracy of the signed ticket.",
        caption=families.mean_words(view.seeds, several=" of the accuracy"),
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip


def table(view: View, attacks: pd.DataFrame) -> None:
    """All attacks, folded."""
    frame = pd.DataFrame(
        {
            "attack": [words.NAMES[name] for name in attacks["attack"]],
            "strength": list(map(words.how_strong, attacks["attack"], attacks["strength"])),
            **{name: [_with_interval(row, name) for _, row in attacks.iterrows()] for name in _VALUES},
            "p_value": [words.p_value(value) for value in attacks["p_value"]],
            "claimed": attacks["claimed"].to_numpy(),
            "undated_claimed": attacks["undated_claimed"].to_numpy(),
            "decoded": attacks["decoded"].to_numpy(),
        }
    )
    text = st.column_config.TextColumn
    with fold("All attacks in figures") as opened:
        if opened:
            layout.table_card(
                "All attacks",
                frame,
                "all-attacks",
                columns={
                    "attack": text("Attack", width="medium"),
                    "strength": text(
                        "Strength", help="Of the kept weights that are pruned, or of the pruned ones given back."
                    ),
                    "accuracy": text("Accuracy (%)"),
                    "retrained": text("Trained again (%)"),
                    "ber": text("Wrong modules (%)"),
                    "p_value": text("p, at most"),
                    "claimed": st.column_config.NumberColumn("Seeds proved", help="p < 1e-6"),
                    "undated_claimed": st.column_config.NumberColumn(
                        "Without a date", help="Seeds whose p is below 1e-6 though all texts be tried"
                    ),
                    "decoded": st.column_config.NumberColumn("Seeds read"),
                },
                caption="A fine-tuned ticket keeps its mask, so that no mark in a mask can be lost: that is so by "
                "construction. p values are the largest of the seeds.",
                data=attacks,
                meanings=MEANINGS,
                height="content",
            )


def _with_interval(row: pd.Series, name: str) -> str:
    value = row[name]
    return "" if pd.isna(value) else f"{100 * value:.1f}" + bracket(row[f"{name}_low"], row[f"{name}_high"])
