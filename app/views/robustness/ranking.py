"""Ranking: who is best under corruption, with ties, and who is better than its clean accuracy explains."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.condition_cells import accuracies as cell_accuracies
from analysis.comparisons.condition_cells import by_corruption
from analysis.comparisons.effective import Line, effective_robustness
from analysis.comparisons.outcomes import Outcomes, collect
from analysis.comparisons.predictions import chosen
from analysis.comparisons.replication import share
from analysis.corruptions.conditions import CLEAN
from analysis.metrics.corruption_error import COUNTED, EXTRA, mean_corruption_error
from analysis.statistics import intervals
from app.charts.base import NOISE
from app.shell import layout
from app.shell.theme import Style
from app.views.robustness.charts import ranking as charts
from app.views.robustness.section_data import Scope, dense_or_baseline, places_of, rows_of
from pruning.errors import UserError

RESAMPLES = 2000


def show(scope: Scope) -> None:
    """Draw the section."""
    family = scope.pick_family()
    scope.missing(family)
    outcomes = scope.outcomes(family)
    ranked = scope.computed(("ranked", family), lambda: ranking(outcomes, family))
    styles = scope.there(family)
    table, reference = _table(scope, family, outcomes, ranked, styles)
    _cards(scope, family, ranked, table, reference, styles)
    _effective(scope, family, styles)


def ranking(outcomes: Outcomes, family: str) -> pd.DataFrame:
    """key, accuracy, low, high, rank, group: by mean accuracy over the family's conditions, best first; one group
    cannot be told apart."""
    places = places_of(outcomes, family)
    seeds = min((len(right) for right in outcomes.right.values()), default=0)
    # Every ticket with as many seeds, so that the same number of outcomes is averaged inside an image.
    right = {key: each[:seeds, places].reshape(-1, each.shape[-1]) for key, each in outcomes.right.items()}
    shares = {key: float(each.mean()) for key, each in right.items()}
    by_seed = {key: outcomes.right[key][:seeds, places].mean((1, 2)) for key in right}
    ranked = intervals.ranked_with_ties(shares, right, resamples=RESAMPLES, seeds_by_ticket=by_seed)
    ranked = ranked.rename(columns={"ticket": "key"}).drop(columns=["accuracy", "low", "high"])
    means = []
    for key, each in outcomes.right.items():
        found = share(each[:, places].mean(axis=1))
        means.append((key, float(found.value), float(found.low), float(found.high)))
    return ranked.merge(pd.DataFrame(means, columns=["key", "accuracy", "low", "high"]), on="key", how="left")


def _cards(
    scope: Scope, family: str, ranked: pd.DataFrame, table: pd.DataFrame, reference: str, styles: dict[str, Style]
) -> None:
    theme = scope.selection.theme
    images = "the mean over seeds" if max(len(each) for _, each in scope.ids) > 1 else "the test images"
    count = len(set(scope.measured[family]) & set(COUNTED)) if family == "cifar_c" else len(scope.measured[family])
    left, right = st.columns([5, 6])
    with left:
        layout.card(
            "Mean corruption accuracy, best first",
            scope.figure(("ranking", family), styles, lambda: charts.ranking(ranked, styles, theme)),
            table,
            "ranking",
            help=f"The mean over corruptions and severities, with the 95 % interval of {images}. Tickets on one grey "
            "band cannot be told apart from the best on it: by the same test images (paired bootstrap, Tukey's range), "
            "by the training seeds (paired Student's test), or by both.",
            caption="Grey bands: within noise of the best in the band.",
        )
    with right:
        layout.table_card(
            "Ranking, ties marked with =",
            table,
            "ranking-table",
            columns=_columns(reference),
            caption=_caption(family, count, reference),
            paper={"intervals": {"corrupted": ("low", "high")}, "bold": {"corrupted": table["rank"].str[:1].eq("1")}}
            if "low" in table
            else None,
        )


def _caption(family: str, count: int, reference: str) -> str:
    if family != "cifar_c":
        return f"The mean over {count} corruptions and their severities."
    which = f"the {count} common corruptions"
    if count < len(COUNTED):
        which = f"the {count} of the {len(COUNTED)} common corruptions measured here"
    return (
        f"CE and mCE relate the errors to those of {reference}: below 1 is fewer. They count {which}; extra ones "
        "stand apart."
    )


def _table(
    scope: Scope, family: str, outcomes: Outcomes, ranked: pd.DataFrame, styles: dict[str, Style]
) -> tuple[pd.DataFrame, str]:
    """The ranking as a table, and the label of the ticket that errors are related to."""
    groups = by_corruption(outcomes) | {CLEAN: [outcomes.conditions.index(CLEAN)]}
    each = scope.computed(("by corruption", family), lambda: cell_accuracies(outcomes, groups))
    reference = dense_or_baseline(scope, list(styles))
    rows = each.rename(columns={"key": "ticket"})
    clean = rows[rows["corruption"] == "clean"].set_index("ticket")["accuracy"]
    extra = rows[rows["corruption"].isin(EXTRA)].groupby("ticket")["accuracy"].mean()
    tied = ranked.groupby("group")["key"].transform("size") > 1
    first = ranked.groupby("group")["rank"].transform("min")
    keys = ranked["key"]
    table = pd.DataFrame(
        {
            "rank": [f"{rank}{' =' if tie else ''}" for rank, tie in zip(first, tied, strict=True)],
            "ticket": [styles[key].label for key in keys],
            "corrupted": 100 * ranked["accuracy"],
            "low": 100 * ranked["low"],
            "high": 100 * ranked["high"],
            "clean": 100 * keys.map(clean),
        }
    )
    if family == "cifar_c":
        single = scope.computed(("each condition", family), lambda: _each(outcomes))
        errors = mean_corruption_error(single, reference).set_index("ticket")
        table["mce"], table["relative_mce"] = keys.map(errors["mce"]), keys.map(errors["relative_mce"])
        table["extra"] = 100 * keys.map(extra)
    return table.dropna(axis="columns", how="all"), styles[reference].label


def _each(outcomes: Outcomes) -> pd.DataFrame:
    """ticket, corruption, severity, accuracy (mean over seeds)."""
    frames = []
    for key, right in outcomes.right.items():
        corruptions, severities = zip(*outcomes.conditions, strict=True)
        each = {"ticket": key, "corruption": corruptions, "severity": severities, "accuracy": right.mean(axis=(0, 2))}
        frames.append(pd.DataFrame(each))
    return pd.concat(frames, ignore_index=True)


def _columns(reference: str) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "rank": st.column_config.TextColumn("Rank", width=52, help="=: within noise of the best of the same rank."),
        "ticket": st.column_config.TextColumn("Ticket"),
        "corrupted": number("Corrupted (%)", format="%.1f", help="Mean corruption accuracy."),
        "low": None,
        "high": None,
        "clean": number("Clean (%)", format="%.1f", help="Accuracy on the clean test images."),
        "mce": number("mCE", format="%.2f", help=f"Mean corruption error relative to {reference}."),
        "relative_mce": number(
            "rel. mCE",
            format="%.2f",
            help="The same for the error beyond that on clean images. Corruptions that cost "
            f"{reference} less than half a point are left out.",
        ),
        "extra": number("Extra (%)", format="%.1f", help="Mean accuracy under the extra corruptions, not in the rest."),
    }


def line_of(scope: Scope, family: str) -> Line:
    """The study's own line, through all of its tickets that were measured."""
    tickets = scope.selection.study.tickets
    everybody = tuple((str(key), tuple(rows["ticket_id"])) for key, rows in tickets.groupby("key", sort=False))
    corruptions = [name for name in scope.measured[family] if family != "cifar_c" or name in COUNTED]
    outcomes = collect(rows_of(scope.selection, everybody, corruptions), dict(everybody))
    clean = outcomes.conditions.index(CLEAN)
    wanted = [outcomes.conditions[place] for place in [clean, *places_of(outcomes, family)]]
    return effective_robustness(chosen(outcomes, wanted))


def _effective(scope: Scope, family: str, styles: dict[str, Style]) -> None:
    try:
        line = scope.computed(("effective", family), lambda: line_of(scope, family))
    except UserError as error:
        layout.empty(str(error))
        return
    theme = scope.selection.theme
    table = _effective_table(line, styles)
    spread = "seeds" if line.over_seeds else "test images"
    left, right = st.columns([5, 6])
    with left:
        layout.card(
            "Corrupted over clean accuracy",
            scope.figure(("line", family), styles, lambda: charts.effective(line, styles, theme)),
            lambda: _effective_table(line, None),
            "effective",
            help="Both axes are logits: networks that are better on clean images are better on corrupted ones, along "
            "a line (Taori et al. 2020). It is laid through every ticket of the study; those not chosen are grey.",
            caption=f"Dashed: the line through all {len(line.table)} tickets measured, r = {line.r:.2f}.",
        )
    with right:
        layout.card(
            "Effective robustness: beyond what the clean accuracy explains",
            scope.figure(("residuals", family), styles, lambda: charts.residuals(line, styles, theme)),
            table,
            "residuals",
            help="The distance from the line, in points of accuracy, with a 95 % interval over "
            f"{spread} that includes the line's own uncertainty.",
            caption=f"{NOISE} on the line as far as can be told (after Holm's correction over all tickets).",
        )
    layout.table_card(
        "Effective robustness in numbers",
        table,
        "effective-table",
        columns=_effective_columns(),
        paper={"intervals": {"effective": ("low", "high")}},
    )


def _effective_table(line: Line, styles: dict[str, Style] | None) -> pd.DataFrame:
    rows = line.table.sort_values("effective", ascending=False)
    if styles is not None:
        rows = rows[rows["key"].isin(list(styles))]
    names = ["clean", "corrupted", "expected", "effective", "low", "high"]
    label = rows["key"].map({key: style.label for key, style in (styles or {}).items()}).fillna(rows["key"])
    shown = pd.DataFrame({"ticket": label, **{name: 100 * rows[name] for name in names}, "p_holm": rows["p_holm"]})
    shown["verdict"] = np.select(
        [rows["within_noise"], rows["effective"] > 0], ["within noise of the line", "more robust"], "less robust"
    )
    return shown.reset_index(drop=True)


def _effective_columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "ticket": st.column_config.TextColumn("Ticket"),
        "clean": number("Clean (%)", format="%.1f"),
        "corrupted": number("Corrupted (%)", format="%.1f"),
        "expected": number("Line says (%)", format="%.1f"),
        "effective": number("Beyond (points)", format="%+.1f"),
        "low": number("from", format="%+.1f"),
        "high": number("to", format="%+.1f"),
        "p_holm": number("p (Holm)", format="%.3f"),
        "verdict": st.column_config.TextColumn("Verdict"),
    }
