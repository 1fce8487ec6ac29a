"""Pairs: which tickets differ, tested on the same images, and on how many of them their predictions do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.condition_cells import conditions_of
from analysis.comparisons.flips import flips_from_baseline, flips_from_clean
from analysis.comparisons.outcomes import MEAN, best_first
from analysis.comparisons.verdicts import both_ways
from analysis.corruptions.conditions import CLEAN
from analysis.statistics.verdicts import EQUIVALENT
from app.charts.base import NOISE
from app.charts.names import name
from app.shell import layout
from app.shell.score import points
from app.shell.sections import Section
from app.shell.theme import Style
from app.shell.verdicts import MARKS, MEANINGS, counted, floor_words, pick_equivalence, speak_of
from app.shell.verdicts import words as verdict_words
from app.views.robustness.charts import pairs as charts
from app.views.robustness.charts import severity
from app.views.robustness.compared_tickets import ComparedTickets, named
from app.views.robustness.pickers import has_baseline, note_missing, pick_corruption, pick_family


def show(compared: ComparedTickets) -> None:
    """Draw the section."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        family = pick_family(compared)
        corruption = pick_corruption(compared, family, width=265)
        level = _pick_severity(compared, family, corruption)
        within = pick_equivalence(compared.selection)
    note_missing(compared, family)
    styles = compared.styles_under(family)
    if len(styles) < 2:
        layout.empty("Only one ticket is chosen.", "Choose others at the left to compare it with.")
        return
    _tests(compared, family, corruption, level, within)
    if has_baseline(compared, family):
        _churn(compared, family, corruption, styles)


def _pick_severity(compared: ComparedTickets, family: str, corruption: str) -> int:
    levels = sorted({level for _, level in conditions_of(compared.outcomes(family).conditions, corruption)})
    options = {"all": "All together"} | {str(level): str(level) for level in levels}
    picked = compared.selection.pick("pair-severity", "Severity", options, width="content")
    return 0 if picked == "all" else int(picked)


def _tests(compared: ComparedTickets, family: str, corruption: str, level: int, within: float) -> None:
    outcomes, styles, theme = compared.outcomes(family), compared.styles_under(family), compared.selection.theme
    wanted = set(conditions_of(outcomes.conditions, corruption, level))
    places = [place for place, condition in enumerate(outcomes.conditions) if condition in wanted]
    tests = compared.verdicts(family, places)
    ranked = {key: styles[key] for key in best_first(outcomes, places)}
    under = "the common corruptions" if corruption == MEAN else name(corruption)
    severities = f"severity {level}" if level else "all severities"
    table = tests_table(tests, compared, within)
    floor = floor_words(compared.selection, tests, "corrupted") if corruption == MEAN and not level else ""
    layout.card(
        f"{counted(tests, within)}: {under}, {severities}",
        compared.figure(
            ("pairs", family, corruption, level, within), styles,
            lambda: charts.differences(both_ways(tests), ranked, theme, within),
        ),
        table,
        "pairs",
        meanings={"difference": "accuracy of the first ticket minus that of the second [points]", **MEANINGS},
        help="Accuracy of the row's ticket minus that of the column's, in points, best first. All pairs of the chosen "
        "tickets and the baseline are one family of tests, held to a chance of 5 % that any claimed difference of the "
        "whole matrix is false. Ranking and Overview say the same of the same tickets and images.",
        caption=f"A number: differs. {MARKS[EQUIVALENT]}: equivalent within {points(within)}. {NOISE} and pale: cannot "
        f"tell, which is not the same as no difference. {speak_of(tests)} {floor}".strip(),
    )  # fmt: skip
    number = st.column_config.NumberColumn
    layout.table_card(
        "Every pair",
        table,
        "pairs-table",
        folded=True,
        columns={
            "a": st.column_config.TextColumn("Ticket"),
            "b": st.column_config.TextColumn("minus"),
            "difference": number("Difference (points)", format="%+.2f"),
            "low": number("From", format="%+.2f", help="The interval that decides: at the pair's step of Holm's "
                          "procedure."),
            "high": number("To", format="%+.2f"),
            "verdict": st.column_config.TextColumn("Verdict", width="medium"),
            "detectable": number("Detectable (points)", format="%.1f", help="The difference that so many seeds and "
                                 "images, with the noise seen here, would show with a power of 80 %."),
            "p_holm": number("p (Holm)", format="%.4f", help="That there is no difference; differs below .05."),
            "p_equivalent": number("p (equivalence)", format="%.4f", help="That the difference is "
                                   f"{points(within)} or more, Holm's; equivalent below .025."),
        },
        paper={"intervals": {"difference": ("low", "high")}},
        meanings=MEANINGS,
        height=250,
    )  # fmt: skip


def tests_table(tests: pd.DataFrame, compared: ComparedTickets, within: float) -> pd.DataFrame:
    """The verdicts with the tickets' names, in points, the smallest p first."""
    rows = tests.sort_values("p", kind="stable")
    return pd.DataFrame(
        {
            "a": rows["a"].map(compared.label),
            "b": rows["b"].map(compared.label),
            **{column: 100 * rows[column] for column in ("difference", "low", "high")},
            "verdict": [verdict_words(row, within, brief=True) for _, row in rows.iterrows()],
            "detectable": 100 * rows["detectable"],
            "p_holm": rows["p_holm"],
            "p_equivalent": rows["p_equivalent"],
        }
    ).reset_index(drop=True)


def _churn(compared: ComparedTickets, family: str, corruption: str, styles: dict[str, Style]) -> None:
    predictions, base = compared.predictions(family), str(compared.baseline)
    wanted = [CLEAN, *conditions_of(predictions.conditions, corruption)]

    def both() -> tuple[pd.DataFrame, pd.DataFrame]:
        shown = predictions.chosen(wanted)
        return flips_from_baseline(shown, base), flips_from_clean(shown)

    from_baseline, from_clean = compared.computed(("churn", family, corruption, base), both)
    from_baseline = from_baseline[from_baseline["corruption"].isin([corruption, CLEAN[0]])]
    from_clean = from_clean[from_clean["corruption"] == corruption]
    words = "Mean of the common corruptions" if corruption == MEAN else name(corruption)
    others = {key: style for key, style in styles.items() if key != base}
    label, chance = compared.label(base), from_baseline["by_chance"].mean()
    more = f" Churn between seeds of {label}: {100 * chance:.1f} % on average." if chance > 0 else ""
    view = (family, corruption, base)
    left, right = st.columns(2)
    with left:
        _curves(compared, from_baseline, others, ("baseline", *view), "churn-baseline",
                f"Prediction churn against {label}", f"Share of the images on which the prediction differs from that "
                f"of {label} for the same image, whether or not it is correct (Milani Fard et al. 2016).",
                f"{words}.{more}")  # fmt: skip
    with right:
        _curves(compared, from_clean, styles, ("clean", *view), "churn-clean", "Prediction churn under corruption",
                "Share of the images on which a ticket's prediction differs from its own for the clean image.",
                f"{words}, against its own prediction for the clean image.")  # fmt: skip
    _churn_table(from_baseline, label, others)


def _curves(
    compared: ComparedTickets, rows: pd.DataFrame, styles: dict[str, Style], what: tuple[str, ...], key: str,
    title: str, help: str, caption: str,
) -> None:  # fmt: skip
    theme = compared.selection.theme
    layout.card(
        title,
        compared.figure(
            ("churn", *what), styles, lambda: severity.curves(rows, styles, theme, "flipped", "changed predictions (%)")
        ),
        lambda: named(rows, styles),
        key,
        help=help + " Bars and bands: 95 % intervals.",
        caption=caption,
    )


def _churn_table(rows: pd.DataFrame, label: str, styles: dict[str, Style]) -> None:
    shares = ["flipped", "low", "high", "lost", "gained", "moved", "by_chance"]
    table = named(rows, styles)[["ticket", "severity", *shares, "p_holm", "within_noise"]].copy()
    table[shares] *= 100
    single = table["p_holm"].isna().all()
    table["verdict"] = np.where(table.pop("within_noise"), f"{NOISE} within noise", "beyond seeds")
    if single:
        table = table.drop(columns=["p_holm", "by_chance", "verdict"])
    number = st.column_config.NumberColumn
    layout.table_card(
        f"Prediction churn against {label}",
        table,
        "churn-table",
        folded=True,
        columns={
            "ticket": st.column_config.TextColumn("Ticket"),
            "severity": number("Severity", format="%d", help="0: clean images.", width=70),
            "flipped": number("Churn (%)", format="%.1f", help="Changed predictions."),
            "low": number("95 % from", format="%.1f"),
            "high": number("95 % to", format="%.1f"),
            "lost": number("Neg. flips (%)", format="%.1f", help=f"Negative flips: {label} correct, this ticket not."),
            "gained": number(
                "Pos. flips (%)", format="%.1f", help=f"Positive flips: this ticket correct, {label} not."
            ),
            "moved": number("Both wrong (%)", format="%.1f", help="Both misclassify, as different classes."),
            "by_chance": number("Seeds (%)", format="%.1f", help=f"Churn between two seeds of {label}."),
            "p_holm": number("p (Holm)", format="%.4f"),
            "verdict": st.column_config.TextColumn("Verdict"),
        },
        paper={"intervals": {"flipped": ("low", "high")}},
        height=250,
    )


SECTION = Section(
    "robustness",
    "pairs",
    "Pairs",
    40,
    show,
    "Which tickets differ significantly, and on how many images do their predictions disagree?",
)
