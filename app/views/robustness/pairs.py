"""Pairs: which tickets differ, tested on the same images, and on how many of them their predictions do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.comparisons.flips import flips_from_baseline, flips_from_clean
from analysis.comparisons.outcomes import MEAN, Outcomes
from analysis.comparisons.pair_tests import pair_tests
from analysis.comparisons.predictions import Predictions, chosen
from analysis.corruptions.conditions import CLEAN
from analysis.metrics.corruption_error import COUNTED
from app.charts.base import NOISE
from app.charts.dendrogram import clustered_heat_map
from app.charts.names import name
from app.shell import layout
from app.shell.theme import Style, Theme
from app.views.robustness.charts import severity
from app.views.robustness.section_data import Scope, named, needs_baseline


def show(scope: Scope) -> None:
    """Draw the section."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        family = scope.pick_family()
        corruption = scope.pick_corruption(family, width=280)
        level = _pick_severity(scope, family, corruption)
    scope.missing(family)
    styles = scope.there(family)
    if len(styles) < 2:
        layout.empty("Only one ticket is chosen.", "Choose others at the left to compare it with.")
        return
    _tests(scope, family, corruption, level, styles)
    if needs_baseline(scope, family):
        _flips(scope, family, corruption, styles)


def _pick_severity(scope: Scope, family: str, corruption: str) -> int:
    levels = sorted({level for _, level in _conditions(scope.outcomes(family), corruption, 0)})
    options = {"all": "All together"} | {str(level): str(level) for level in levels}
    picked = scope.selection.pick("pair-severity", "Severity", options, width="content")
    return 0 if picked == "all" else int(picked)


def _conditions(outcomes: Outcomes, corruption: str, level: int) -> list[tuple[str, int]]:
    names = COUNTED if corruption == MEAN else (corruption,)
    return [each for each in outcomes.conditions if each[0] in names and (not level or each[1] == level)]


def _tests(scope: Scope, family: str, corruption: str, level: int, styles: dict[str, Style]) -> None:
    outcomes = scope.outcomes(family)
    wanted = _conditions(outcomes, corruption, level)
    tests = scope.computed(
        ("pairs", family, corruption, level), lambda: pair_tests(chosen(outcomes, wanted), together=True)
    )
    right = {key: float(outcomes.right[key].mean(axis=(0, 2))[_places(outcomes, wanted)].mean()) for key in styles}
    keys = sorted(styles, key=lambda key: -right[key])
    theme = scope.selection.theme
    under = "the common corruptions" if corruption == MEAN else name(corruption)
    severities = f"severity {level}" if level else "all severities"
    real = int((~tests["within_noise"].astype(bool)).sum())
    over = "seeds" if tests["over_seeds"].any() else "test images"
    layout.card(
        f"{real} of {len(tests)} pairs {'differs' if real == 1 else 'differ'} beyond noise: {under}, {severities}",
        scope.figure(
            ("pairs", family, corruption, level), styles, lambda: matrix(tests, keys, styles, theme)
        ),
        lambda: _tests_table(tests, scope),
        "pairs",
        help="Accuracy of the row's ticket minus that of the column's, in points, best first. Each pair is tested on "
        f"the same test images, over {over}; p-values are Holm's, so that the chance of any false claim in the whole "
        "matrix is 5 %.",
        caption=f"{NOISE} and pale: within noise.",
    )  # fmt: skip
    number = st.column_config.NumberColumn
    layout.table_card(
        "Every pair",
        _tests_table(tests, scope),
        "pairs-table",
        columns={
            "a": st.column_config.TextColumn("Ticket"),
            "b": st.column_config.TextColumn("minus"),
            "difference": number("Difference (points)", format="%+.2f"),
            "low": number("from", format="%+.2f"),
            "high": number("to", format="%+.2f"),
            "p": number("p", format="%.4f"),
            "p_holm": number("p (Holm)", format="%.4f"),
            "verdict": st.column_config.TextColumn("Verdict"),
        },
        paper={"intervals": {"difference": ("low", "high")}},
        height=250,
    )


def matrix(tests: pd.DataFrame, keys: list[str], styles: dict[str, Style], theme: Theme) -> go.Figure:
    """Row minus column in points, for every ordered pair; within noise a ring on a pale cell."""
    count, place = len(keys), {key: at for at, key in enumerate(keys)}
    values, noise = np.full((count, count), np.nan), np.zeros((count, count), dtype=bool)
    texts, hovers = np.full((count, count), "", dtype=object), np.full((count, count), "", dtype=object)
    for row in tests.itertuples():
        a, b = place[row.a], place[row.b]
        for line, column, sign in ((a, b, 1), (b, a, -1)):
            value = 100 * sign * row.difference
            low, high = sorted((100 * sign * row.low, 100 * sign * row.high))
            values[line, column], noise[line, column] = value, row.within_noise
            texts[line, column] = f"{value:+.1f}"
            hovers[line, column] = (
                f"<b>{value:+.2f} points</b> ({low:+.2f} to {high:+.2f})<br>p {row.p:.2g}, Holm {row.p_holm:.2g}"
            )
    limit = max(1.0, float(np.nanmax(np.abs(values), initial=1)))
    labels = {key: styles[key].label for key in keys}
    return clustered_heat_map(
        pd.DataFrame(values, index=keys, columns=keys), None, None, (theme.diverging, -limit, limit), "points", theme,
        texts=texts, hover=hovers, faded=noise, row_labels=labels, column_labels=labels,
    )  # fmt: skip


def _places(outcomes: Outcomes, wanted: list[tuple[str, int]]) -> list[int]:
    return [outcomes.conditions.index(each) for each in wanted]


def _tests_table(tests: pd.DataFrame, scope: Scope) -> pd.DataFrame:
    rows = tests.sort_values("p")
    return pd.DataFrame(
        {
            "a": rows["a"].map(scope.label),
            "b": rows["b"].map(scope.label),
            **{column: 100 * rows[column] for column in ("difference", "low", "high")},
            "p": rows["p"],
            "p_holm": rows["p_holm"],
            "verdict": np.where(rows["within_noise"].astype(bool), "within noise", "differ"),
        }
    ).reset_index(drop=True)


def _flips(scope: Scope, family: str, corruption: str, styles: dict[str, Style]) -> None:
    predictions = scope.predictions(family)
    base = str(scope.baseline)
    wanted = [CLEAN, *_conditions(predictions.outcomes, corruption, 0)]
    found = scope.computed(("flips", family, corruption, base), lambda: _both(predictions.chosen(wanted), base))
    words = "Mean of the common corruptions" if corruption == MEAN else name(corruption)
    left, right = st.columns(2)
    others = {key: style for key, style in styles.items() if key != base}
    label, rows = scope.label(base), found[0][found[0]["corruption"].isin([corruption, "clean"])]
    chance = rows["by_chance"].mean()
    more = f" Another seed of {label} predicts otherwise on {100 * chance:.1f} % on average." if chance > 0 else ""
    with left:
        _card(scope, f"Predicts otherwise than {label}", rows, others, ("from baseline", family, corruption),
              "flips-baseline", "predictions that differ (%)", f"On how many images the prediction for the same image "
              f"differs from that of {label}, whether or not the accuracy does.", f"{words}.{more}")  # fmt: skip
    rows = found[1][found[1]["corruption"] == corruption]
    with right:
        _card(scope, "Changes its mind when corrupted", rows, styles, ("from clean", family, corruption),
              "flips-clean", "predictions that change (%)", "On how many images a ticket's prediction differs from its "
              "own for the clean image.", f"{words}, against its own prediction for the clean image.")  # fmt: skip
    _flips_table(scope, found[0], corruption, others)


def _both(predictions: Predictions, baseline: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    return flips_from_baseline(predictions, baseline), flips_from_clean(predictions)


def _card(
    scope: Scope, title: str, rows: pd.DataFrame, styles: dict[str, Style], what: tuple, key: str, axis: str,
    help: str, caption: str,
) -> None:  # fmt: skip
    theme = scope.selection.theme
    draw: Callable[[], go.Figure] = lambda: severity.curves(rows, styles, theme, "flipped", axis)  # noqa: E731
    layout.card(title, scope.figure(("flips", *what), styles, draw), lambda: named(rows, styles), key,
                help=help + " Bars and bands: 95 % intervals.", caption=caption.strip())  # fmt: skip


def _flips_table(scope: Scope, rows: pd.DataFrame, corruption: str, styles: dict[str, Style]) -> None:
    rows = rows[rows["corruption"].isin([corruption, "clean"])]
    shares = ["flipped", "low", "high", "lost", "gained", "moved", "by_chance"]
    table = named(rows, styles)[["ticket", "severity", *shares, "p_holm", "within_noise"]].copy()
    table[shares] *= 100
    single = table["p_holm"].isna().all()
    table["verdict"] = np.where(table.pop("within_noise"), f"{NOISE} within noise of that", "more than by chance")
    if single:
        table = table.drop(columns=["p_holm", "by_chance", "verdict"])
    number = st.column_config.NumberColumn
    label = scope.label(str(scope.baseline))
    layout.table_card(
        f"Predictions that differ from those of {label}",
        table,
        "flips-table",
        columns={
            "ticket": st.column_config.TextColumn("Ticket"),
            "severity": number("Severity", format="%d", help="0: clean images."),
            "flipped": number("Differ (%)", format="%.1f"),
            "low": number("from", format="%.1f"),
            "high": number("to", format="%.1f"),
            "lost": number("Lost (%)", format="%.1f", help=f"Right for {label}, wrong here."),
            "gained": number("Gained (%)", format="%.1f", help=f"Wrong for {label}, right here."),
            "moved": number("Moved (%)", format="%.1f", help="Wrong for both, in different ways."),
            "by_chance": number("By chance (%)", format="%.1f", help=f"Between two seeds of {label}."),
            "p_holm": number("p (Holm)", format="%.4f"),
            "verdict": st.column_config.TextColumn("Verdict"),
        },
        paper={"intervals": {"flipped": ("low", "high")}},
        height=250,
    )
