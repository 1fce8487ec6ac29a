"""Ranking: who is best under corruption, with ties, and who is better than its clean accuracy explains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.condition_cells import averaged
from analysis.comparisons.effective import Line, effective_robustness
from analysis.comparisons.ranking import ranking
from analysis.comparisons.stored_conditions import averaged_corruptions, stored_averages
from analysis.comparisons.verdicts import against
from analysis.metrics.corruption_error import COUNTED
from analysis.statistics.verdicts import CANNOT_TELL, EQUIVALENT
from app.answers.survival import best, tally
from app.charts.base import NOISE
from app.shell import layout
from app.shell.score import points
from app.shell.sections import Section
from app.shell.theme import DENSE, Style
from app.shell.verdicts import MARKS, equivalence, floor_words, one_seed_words, pick_equivalence, speak_of
from app.views.robustness import domains
from app.views.robustness.charts import ranking as charts
from app.views.robustness.chosen import pick_images, show_ranking
from app.views.robustness.compared_tickets import ComparedTickets
from app.views.robustness.pickers import note_missing, pick_family
from pruning.errors import UserError

MEANINGS = {
    "best": "whether it is not shown to differ from the best of all",
    "against_best": "what the paired test says of it and the best of its rank",
    "detectable": "difference to the best of its rank that would be shown with a power of 80 % [points]",
}
EXPECTED = {"expected": "corrupted accuracy that the fit gives to this clean accuracy [%]"}


def show(compared: ComparedTickets) -> None:
    """Draw the section."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        family = pick_family(compared)
        images = pick_images(compared)
        within = equivalence(compared.selection) if images else pick_equivalence(compared.selection)
        styles = compared.styles_under(family)
        if not images and set(compared.measured[family]) & set(COUNTED) and len(styles) > 1:
            _pick_reference(compared, styles)
    note_missing(compared, family)
    if images:
        show_ranking(compared, family, images, styles)
        return
    _ranking(compared, family, styles, within)
    _effective(compared, family, styles)
    domains.show(compared)


def _pick_reference(compared: ComparedTickets, styles: dict[str, Style]) -> None:
    """The chooser of the ticket whose errors are 1."""
    there, tickets = {key: style.label for key, style in styles.items()}, list(styles)
    default = next((key for key in (DENSE, compared.baseline) if key in there), tickets[0])
    compared.selection.pick("reference", "mCE relative to", there, default=default, kind="select", width=190)


def _ranking(compared: ComparedTickets, family: str, styles: dict[str, Style], within: float) -> None:
    outcomes, reference = compared.outcomes(family), compared.reference(list(styles))
    tests = compared.verdicts(family, averaged(outcomes))
    ranked = compared.computed(("ranking", family, reference, within), lambda: ranking(outcomes, reference, tests))
    table = ranking_table(ranked, styles)
    theme = compared.selection.theme
    labels = {key: style.label for key, style in styles.items()}
    base = compared.baseline if compared.baseline in styles else str(ranked["key"].iloc[0])
    rows = against(tests, base)
    if len(rows):
        title = _averaged(compared, family)
        st.markdown(f"{tally(title, labels[base], rows, within)} {best(rows, labels, labels[base])}")
    said = f"{speak_of(tests, drawn=False)} {floor_words(compared.selection, tests, 'corrupted')}"
    images = "the mean over seeds" if max(len(each) for _, each in compared.ids) > 1 else "the test images"
    left, right = st.columns([5, 6])
    with left:
        layout.card(
            "Mean corruption accuracy, best first",
            compared.figure(("ranking", family, within), styles, lambda: charts.ranking(ranked, styles, theme, within)),
            table,
            "ranking",
            percent=True,
            meanings=MEANINGS,
            help=f"The mean over corruptions and severities, with the 95 % interval of {images}. A ticket on a grey "
            "band is not shown to differ from the best on it. That is decided by the paired tests of the section "
            "Pairs, on all pairs of these tickets, and not by whether two intervals overlap.",
            caption=f"Grey bands: not shown to differ from the best in the band. {said}".strip(),
        )
    with right:
        layout.table_card(
            "Ranking",
            table,
            "ranking-table",
            columns=_columns(styles[reference].label),
            caption=f"Of the same rank: {MARKS[EQUIVALENT]} equivalent to its best within {points(within)}, "
            f"{MARKS[CANNOT_TELL]} cannot tell. {_caption(compared, family, styles[reference].label)}",
            paper={
                "intervals": {"corrupted": ("low", "high")} if "low" in table else {},
                "bold": {"corrupted": "best"},
            },
            meanings=MEANINGS,
        )


def ranking_table(ranked: pd.DataFrame, styles: dict[str, Style]) -> pd.DataFrame:
    """The rows of `analysis.comparisons.ranking` as they are shown: accuracies in per cent, ties with their mark."""
    table = pd.DataFrame(
        {
            "rank": ranked["rank"].astype(str)
            + ranked["verdict"].map({"": ""} | {said: f" {mark}" for said, mark in MARKS.items()}),
            "ticket": [styles[key].label for key in ranked["key"]],
            "corrupted": 100 * ranked["accuracy"],
            **{name: 100 * ranked[name] for name in ("low", "high")},
            "clean": 100 * ranked["clean"],
            **{name: ranked[name] for name in ("mce", "relative_mce")},
            "extra": 100 * ranked["extra"],
            "against_best": ranked["verdict"].replace("", np.nan),
            "detectable": 100 * ranked["detectable"].astype(float),
            "best": ranked["best"],
        }
    )
    return table.dropna(axis="columns", how="all")


def _averaged(compared: ComparedTickets, family: str) -> str:
    """What the mean is over, as the beginning of a sentence."""
    measured = compared.measured[family]
    common = "common " if set(measured) & set(COUNTED) else ""
    return f"Mean over {len(averaged_corruptions(measured))} {common}corruptions"


def _caption(compared: ComparedTickets, family: str, reference: str) -> str:
    measured = compared.measured[family]
    count = len(averaged_corruptions(measured))
    if not set(measured) & set(COUNTED):
        return f"The mean over {count} corruptions and their severities."
    which = f"the {count} common corruptions"
    if count < len(COUNTED):
        which = f"the {count} of the {len(COUNTED)} common corruptions measured here"
    return (
        f"mCE: corruption error relative to {reference}, below 1 is fewer errors. Over {which}; the extra corruptions "
        "are reported apart."
    )


def _columns(reference: str) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "rank": st.column_config.TextColumn(
            "Rank", width=52, help="Not shown to differ from the best of the same rank: = equivalent, ○ cannot tell."
        ),
        "ticket": st.column_config.TextColumn("Ticket"),
        "corrupted": number("Corrupted (%)", format="%.1f", help="Mean corruption accuracy."),
        "low": None,
        "high": None,
        "best": None,
        "detectable": None,
        "against_best": None,
        "clean": number("Clean (%)", format="%.1f", help="Accuracy on the clean test images."),
        "mce": number("mCE", format="%.2f", help=f"Mean corruption error relative to {reference}."),
        "relative_mce": number(
            "rel. mCE",
            format="%.2f",
            help="Relative mean corruption error: of the error beyond that on clean images. Corruptions that cost "
            f"{reference} less than half a point are left out.",
        ),
        "extra": number("Extra (%)", format="%.1f", help="Mean accuracy under the extra corruptions, not in the mean."),
    }


def _line(compared: ComparedTickets, family: str) -> Line:
    """The study's own line, through all of its tickets that were measured."""
    everybody = {
        str(key): tuple(rows["ticket_id"]) for key, rows in compared.selection.study.tickets.groupby("key", sort=False)
    }
    corruptions = averaged_corruptions(compared.measured[family])
    within = equivalence(compared.selection)
    averages = stored_averages(compared.results, everybody, corruptions, compared.seed_of)
    return effective_robustness(averages, equivalence=within)


def _effective(compared: ComparedTickets, family: str, styles: dict[str, Style]) -> None:
    within = equivalence(compared.selection)
    try:
        line = compared.computed(("effective", family, within), lambda: _line(compared, family))
    except UserError as error:
        layout.empty(str(error))
        return
    theme = compared.selection.theme
    table = effective_table(line, styles)
    spread = "seeds and the test images" if line.over_seeds else "the test images"
    whose = (
        ""
        if line.over_seeds
        else (
            " With one seed this is of these networks, not of their methods. "
            + one_seed_words(compared.selection, "corrupted")
        )
    )
    left, right = st.columns([5, 6])
    with left:
        layout.card(
            "Corrupted against clean accuracy",
            compared.figure(("line", family, within), styles, lambda: charts.effective(line, styles, theme)),
            lambda: effective_table(line),
            "effective",
            percent=True,
            meanings=EXPECTED,
            help="Both axes are logits: networks that are better on clean images are better on corrupted ones, along "
            "a line (Taori et al. 2020). It is fitted to every ticket of the study; those not chosen are grey.",
            caption=f"Dashed: least-squares fit to all {len(line.table)} tickets measured, r = {line.r:.2f}.",
        )
    with right:
        layout.card(
            "Effective robustness: the residuals of that fit",
            compared.figure(("residuals", family, within), styles, lambda: charts.residuals(line, styles, theme)),
            table,
            "residuals",
            percent=True,
            meanings=EXPECTED,
            help="Corrupted accuracy beyond that expected from the clean accuracy, in points, with the interval that "
            f"decides: over {spread}, with the fit's own uncertainty, at its step of Holm's correction over all "
            f"{len(line.table)} tickets.",
            caption=f"{NOISE}: one cannot tell whether it lies off the line; =: on it within {points(within)}.{whose}",
        )
    layout.table_card(
        "Effective robustness",
        table,
        "effective-table",
        folded=True,
        columns=_effective_columns(),
        paper={"intervals": {"effective": ("low", "high")}},
    )


def effective_table(line: Line, styles: dict[str, Style] | None = None) -> pd.DataFrame:
    """The line's tickets, the most robust first, in per cent and points; only some, by their names, when given."""
    rows = line.table.sort_values("effective", ascending=False)
    if styles is not None:
        rows = rows[rows["key"].isin(list(styles))]
    names = ["clean", "corrupted", "expected", "effective", "low", "high"]
    label = rows["key"].map({key: style.label for key, style in (styles or {}).items()}).fillna(rows["key"])
    shown = pd.DataFrame({"ticket": label, **{name: 100 * rows[name] for name in names}})
    shown = shown.assign(p_holm=rows["p_holm"], verdict=rows["verdict"], detectable=100 * rows["detectable"])
    return shown.reset_index(drop=True)


def _effective_columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "ticket": st.column_config.TextColumn("Ticket"),
        "clean": number("Clean (%)", format="%.1f"),
        "corrupted": number("Corrupted (%)", format="%.1f"),
        "expected": number("Expected (%)", format="%.1f", help="Corrupted accuracy by the fit."),
        "effective": number("Effective robustness (points)", format="%+.1f"),
        "low": number("From", format="%+.1f", help="The interval that decides."),
        "high": number("To", format="%+.1f"),
        "p_holm": number("p (Holm)", format="%.3f"),
        "verdict": st.column_config.TextColumn("Verdict"),
        "detectable": number("Detectable", format="%.1f", help="In points: would be shown with a power of 80 %."),
    }


SECTION = Section(
    "robustness",
    "ranking",
    "Ranking",
    10,
    show,
    "Which tickets remain accurate when the images are noisy, blurred or faded?",
)
