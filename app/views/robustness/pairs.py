"""Pairs: which tickets differ, tested on the same images, and on how many of them their predictions do."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pandas as pd
import streamlit as st

from analysis.comparisons.condition_cells import conditions_of
from analysis.comparisons.images_behind import right_more_often
from analysis.comparisons.outcomes import MEAN, best_first
from analysis.comparisons.verdicts import both_ways
from analysis.statistics.verdicts import EQUIVALENT
from app.charts.base import NOISE
from app.charts.names import name
from app.shell import layout
from app.shell.images_behind import select
from app.shell.score import points
from app.shell.sections import Section
from app.shell.verdicts import MARKS, MEANINGS, counted, equivalence, floor_words, pick_equivalence, speak_of
from app.shell.verdicts import words as verdict_words
from app.views.robustness import chosen, churn
from app.views.robustness.charts import pairs as charts
from app.views.robustness.chosen import pick_images
from app.views.robustness.compared_tickets import ComparedTickets
from app.views.robustness.pickers import has_baseline, note_missing, pick_corruption, pick_family


def show(compared: ComparedTickets) -> None:
    """Draw the section."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        family = pick_family(compared)
        corruption = pick_corruption(compared, family, width=265)
        level = _pick_severity(compared, family, corruption)
        compared = replace(compared, images=pick_images(compared))
        within = equivalence(compared.selection) if compared.images else pick_equivalence(compared.selection)
    note_missing(compared, family)
    styles = compared.styles_under(family)
    if len(styles) < 2:
        layout.empty("Only one ticket is chosen.", "Choose others at the left to compare it with.")
        return
    if compared.images:
        chosen.show_pairs(compared, family, corruption, level, partial(_mark_pair, compared, family))
    else:
        _tests(compared, family, corruption, level, within)
    if has_baseline(compared, family):
        churn.show(compared, family, corruption, styles)


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
        f"tell, which is not the same as no difference. {speak_of(tests)} {floor} Click a cell to select the images "
        "that the row's ticket has right and the column's wrong, at the selected seed.",
        on_select=lambda: _mark_pair(compared, family, places, f"under {under}, {severities}"),
        selection_mode="points",
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
            "verdict": st.column_config.TextColumn("Verdict"),
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


def _mark_pair(compared: ComparedTickets, family: str, places: list[int], where: str) -> None:
    """Select the images behind the cell that was clicked, of the selected seed."""
    clicked, outcomes = layout.picked("pairs", 2), compared.outcomes(family)
    if clicked is None or not set(clicked) <= set(outcomes.right):
        return
    first, second = (outcomes.right[key][compared.seed_place(key, outcomes.numbers(key))][places] for key in clicked)
    more, less = map(compared.label, clicked)
    said = f"right for {more} and wrong for {less}"
    if len(places) > 1:
        said = f"right for {more} more often than for {less}"
    select(compared.selection, compared.places(right_more_often(first, second)), f"{said} {where}")


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


SECTION = Section(
    "robustness",
    "pairs",
    "Pairs",
    40,
    show,
    "Which tickets differ significantly, and on how many images do their predictions disagree?",
)
