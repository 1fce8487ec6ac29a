"""Of the section Pairs: on how many images predictions change, against the baseline and from the clean images."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.condition_cells import conditions_of
from analysis.comparisons.flips import flips_from_baseline, flips_from_clean
from analysis.comparisons.images_behind import FLIPS, Flip, flips
from analysis.comparisons.outcomes import MEAN
from analysis.corruptions.conditions import CLEAN
from app.charts.base import NOISE
from app.charts.names import name
from app.shell import layout
from app.shell.images_behind import select
from app.shell.theme import Style
from app.views.robustness.charts import severity
from app.views.robustness.compared_tickets import ComparedTickets, named
from app.views.robustness.pickers import of_one, over

BASELINE, OWN, TABLE = "churn-baseline", "churn-clean", "churn-table"
SHARES = [*FLIPS[:1], "low", "high", *FLIPS[1:], "by_chance"]
SAID = {"flipped": "predicted otherwise", "lost": "lost", "gained": "gained", "moved": "wrong in another way"}


def show(compared: ComparedTickets, family: str, corruption: str, styles: dict[str, Style]) -> None:
    """Draw the curves against the baseline and against the clean images, and the table."""
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
        _curves(compared, from_baseline, others, view, BASELINE, f"Prediction churn against {label}",
                f"Share of the images on which the prediction differs from that of {label} for the same image, whether "
                "or not it is correct (Milani Fard et al. 2016).", f"{words}.{more}")  # fmt: skip
    with right:
        _curves(compared, from_clean, styles, view, OWN, "Prediction churn under corruption",
                "Share of the images on which a ticket's prediction differs from its own for the clean image.",
                f"{words}, against its own prediction for the clean image.")  # fmt: skip
    _table(compared, from_baseline, others, view)


View = tuple[str, str, str]  # family, corruption, baseline


def _curves(
    compared: ComparedTickets, rows: pd.DataFrame, styles: dict[str, Style], view: View, key: str, title: str,
    help: str, caption: str,
) -> None:  # fmt: skip
    theme = compared.selection.theme
    layout.card(
        title,
        compared.figure(
            (key, *view), styles, lambda: severity.curves(rows, styles, theme, "flipped", "changed predictions (%)")
        ),
        lambda: named(rows, styles),
        key,
        help=help + " Bars and bands: 95 % intervals.",
        caption=f"{caption} Click a point to select its images, {of_one(compared, view[1])}.",
        on_select=lambda: _point(compared, view, key),
        selection_mode="points",
        config=layout.QUIET,
    )


def _table(compared: ComparedTickets, rows: pd.DataFrame, styles: dict[str, Style], view: View) -> None:
    label, rows = compared.label(view[2]), rows[rows["key"].isin(list(styles))]
    table = named(rows, styles)[["ticket", "severity", *SHARES, "p_holm", "within_noise"]].copy()
    table[SHARES] *= 100
    single = table["p_holm"].isna().all()
    table["verdict"] = np.where(table.pop("within_noise"), f"{NOISE} within noise", "beyond seeds")
    if single or compared.images:  # these were selected by looking, so that nothing is claimed of them
        table = table.drop(columns=["p_holm", "by_chance", "verdict"])
    number = st.column_config.NumberColumn
    layout.table_card(
        f"Prediction churn against {label}",
        table,
        TABLE,
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
        caption=f"Click a number to select its images, {of_one(compared, view[1])}.",
        height=250,
        on_select=lambda: _cell(compared, view, rows),
        selection_mode="single-cell",
    )


def _point(compared: ComparedTickets, view: View, card: str) -> None:
    """Select the images behind the point that was clicked."""
    clicked = layout.picked(card, 3)
    if clicked is not None:
        _select(compared, view, clicked[1], int(clicked[2]), "flipped", from_clean=card == OWN)


def _cell(compared: ComparedTickets, view: View, rows: pd.DataFrame) -> None:
    """Select the images behind the number that was clicked."""
    clicked = layout.picked_cell(TABLE)
    if clicked is not None and clicked[0] < len(rows):
        row, column = rows.iloc[clicked[0]], clicked[1]
        if column in FLIPS:
            _select(compared, view, str(row["key"]), int(row["severity"]), column)


def _select(compared: ComparedTickets, view: View, key: str, level: int, part: Flip, from_clean: bool = False) -> None:
    """Select a ticket's flips at a severity (0: clean images), of the selected seed."""
    family, corruption, base = view
    predictions = compared.predictions(family)
    if key not in predictions.predicted:
        return
    where = conditions_of(predictions.conditions, corruption, level) if level else [CLEAN]
    other, there = (key, [CLEAN]) if from_clean else (base, where)
    after, before = (
        predictions.chosen(conditions, [each]).predicted[each][compared.seed_place(each, predictions.numbers(each))]
        for each, conditions in ((key, where), (other, there))
    )
    under = over(compared, len(where), level) if corruption == MEAN else f"under {name(corruption)} {level}"
    on = under if level else "on clean images"
    against = "the clean image" if from_clean else compared.label(base)
    found = compared.places(flips(before, after, predictions.labels, part))
    select(compared.selection, found, f"{SAID[part]} by {compared.label(key)} against {against} {on}")
