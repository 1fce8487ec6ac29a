"""Redundancy: which corruptions tell the same story, which tickets do, and how few corruptions would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.correlations import (
    Clustering,
    Correlation,
    cluster,
    corruptions_over_samples,
    corruptions_over_tickets,
    methods_over_conditions,
)
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.predictions import chosen
from analysis.comparisons.redundancy import Redundancy, group_stability, redundant
from app.charts.base import NOISE
from app.charts.names import name
from app.shell import layout
from app.shell.sections import Section
from app.shell.theme import Style
from app.views.robustness.charts import redundancy as charts
from app.views.robustness.section_data import Scope, places_of
from pruning.errors import UserError

ALIKE = 0.8  # r from which corruptions make a group
RESAMPLES = 40  # of the images, for whether groups stay together: to the nearest few per cent
OVER = {"samples": "the same images wrong", "beyond": "the same, beyond clean accuracy", "tickets": "tickets alike"}


def show(scope: Scope) -> None:
    """Draw the section."""
    family = scope.pick_family()
    scope.missing(family)
    outcomes = scope.outcomes(family)
    _ranking(scope, family, outcomes)
    _corruptions(scope, family, outcomes)
    _tickets(scope, family, outcomes)


def verdict(found: Redundancy, tickets: int) -> str:
    """Which corruptions keep the ranking, with the interval, as markdown."""
    size, total = len(found.kept), len(found.steps)
    tau, low, high = found.steps.iloc[size - 1][["tau", "low", "high"]]
    names = listed([name(corruption) for corruption in found.kept])
    which = f"{names} alone ranks" if size == 1 else f"{size} of {total} corruptions rank"
    same = "as" if tau > 1 - 1e-9 else "nearly as"
    more = "" if size == 1 else f" They are {names}."
    if size == total > 1:
        return (
            f"**It takes all {total} corruptions to rank these {tickets} tickets as they do together**: without the "
            f"last one Kendall's τ stays below {found.threshold:g}."
        )
    return (
        f"**{which} these {tickets} tickets {same} all {total} do**: Kendall's τ is {tau:.2f} (95 % interval {low:.2f} "
        f"to {high:.2f}).{more} On other test images all {total} agree with themselves by {found.itself[0]:.2f} "
        f"({found.itself[1]:.2f} to {found.itself[2]:.2f})."
    )


def listed(names: Sequence[str]) -> str:
    """`A, B and C`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def groups_table(
    clustering: Clustering, correlation: Correlation, together: Sequence[float] | None
) -> tuple[pd.DataFrame, list[str]]:
    """(a row a group of two or more: size, members, r (mean inside), together (share of resamples, per cent)), and
    the names that are by themselves."""
    rows, alone = [], []
    place = {corruption: at for at, corruption in enumerate(correlation.names)}
    groups = clustering.groups(ALIKE)
    for members, share in zip(groups, together or [np.nan] * len(groups), strict=True):
        if len(members) == 1:
            alone.append(name(members[0]))
            continue
        at = [place[member] for member in members]
        inside = correlation.matrix[np.ix_(at, at)][np.triu_indices(len(at), 1)]
        rows.append((", ".join(map(name, members)), len(members), float(inside.mean()), 100 * share))
    table = pd.DataFrame(rows, columns=["members", "size", "r", "together"])
    table = table.sort_values("size", ascending=False, ignore_index=True, kind="stable")
    return (table if together is not None else table.drop(columns="together")), alone


def few(correlation: Correlation) -> str:
    """What so few values cannot tell, by the correlation in the middle of those shown."""
    upper = np.triu_indices(len(correlation.names), 1)
    if not len(upper[0]):
        return ""
    r = correlation.matrix[upper]
    middle = int(np.argsort(r)[len(r) // 2])
    low, high = correlation.low[upper][middle], correlation.high[upper][middle]
    return (
        f"Over {correlation.n:,} {correlation.unit}: a correlation of {r[middle]:.2f}, the middle one here, has a 95 % "
        f"interval from {low:.2f} to {high:.2f}."
    )


def _ranking(scope: Scope, family: str, outcomes: Outcomes) -> None:
    counted = [outcomes.conditions[place] for place in places_of(outcomes, family)]
    try:
        found = scope.computed(("redundant", family), lambda: redundant(chosen(outcomes, counted)))
    except UserError as error:
        layout.empty(str(error))
        return
    tickets = len(outcomes.right)
    labels = {corruption: name(corruption) for corruption in found.steps["corruption"]}
    theme = scope.selection.theme
    st.markdown(verdict(found, tickets))
    left, right = st.columns([6, 5])
    with left:
        layout.card(
            "How few corruptions keep the ranking of tickets",
            scope.figure(("steps", family), {}, lambda: charts.steps(found, labels, theme)),
            lambda: found.steps.assign(corruption=found.steps["corruption"].map(labels)),
            "steps",
            help="From top to bottom the corruption is added that brings the ranking of the tickets nearest to that "
            "by all of them. Lines: 95 % intervals over test images. Filled: enough for τ of at least "
            f"{found.threshold:g}.",
            caption="Grey band: how well all of them agree with themselves on other test images.",
        )
    with right:
        _groups(scope, family, outcomes)
        with st.container(border=True, key="card-limits"):
            st.markdown(f"**What {tickets} tickets cannot tell**")
            st.caption(
                f"{tickets} tickets are {tickets * (tickets - 1) // 2} pairs to put in order, and those far apart stay "
                "in order under any corruption. The set is sought and judged on the same tickets and images, greedily: "
                "a smaller one may exist, and other tickets may need another. Corruptions that it leaves out are "
                "redundant for this ranking; how accurate a ticket is under them it does not say."
            )


def _groups(scope: Scope, family: str, outcomes: Outcomes) -> None:
    correlation, clustering = _clustered(scope, (family, "samples"), lambda: corruptions_over_samples(outcomes))
    groups = clustering.groups(ALIKE)
    stable = scope.computed(
        ("stable", family), lambda: group_stability(outcomes, groups, ALIKE, resamples=RESAMPLES)
    )  # fmt: skip
    table, alone = groups_table(clustering, correlation, stable)
    if table.empty:
        layout.empty(f"No two corruptions make the same images wrong (r of {ALIKE:g} or more).")
        return
    layout.table_card(
        "Corruptions that make the same images wrong",
        table,
        "groups",
        columns=_group_columns(),
        help=f"Groups whose members correlate by {ALIKE:g} or more on average where they were joined. "
        f"Together: in how many of {RESAMPLES} bootstrap samples of the test images the whole group comes out as one.",
        caption=f"By themselves: {listed(alone)}." if alone else "None stands by itself.",
        row_height=30 + 22 * max(len(members) // 46 for members in table["members"]),  # long lists wrap
    )


def _group_columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "members": st.column_config.TextColumn("Group", width=262),
        "size": None,
        "r": number("Mean r", format="%.2f", width=64),
        "together": number("Together (%)", format="%.0f", width=92),
    }


def _corruptions(scope: Scope, family: str, outcomes: Outcomes) -> None:
    over = scope.selection.pick("alike", "Corruptions are alike that have", OVER, width="content")
    make = {
        "samples": lambda: corruptions_over_samples(outcomes),
        "beyond": lambda: corruptions_over_samples(outcomes, beyond_clean=True),
        "tickets": lambda: corruptions_over_tickets(outcomes),
    }[over]
    words = {
        "samples": "An image's outcomes, averaged over severities, are correlated over the test images in each run.",
        "beyond": "As over images, but with clean images' outcomes held fixed: images that are wrong anyway do not "
        "count.",
        "tickets": "Mean accuracies of the tickets are correlated over the tickets: a high r means that both "
        "corruptions rank tickets alike.",
    }[over]
    labels = {corruption: name(corruption) for corruption in scope.measured[family]}
    _matrix(scope, (family, over), make, "Which corruptions are redundant", labels, {}, words)


def _tickets(scope: Scope, family: str, outcomes: Outcomes) -> None:
    styles = scope.there(family)
    enough = len(styles) >= 3
    options = {"relative": "relative to the mean ticket", "plain": "plain accuracies"}
    kind = scope.selection.pick("fail", "Tickets are compared by", options, width="content") if enough else "plain"
    words = (
        "The tickets' accuracies are correlated over corruptions and severities. Some conditions are hard for "
        "everybody, which makes all tickets alike; relative to their mean it shows who is good where others are not."
    )
    labels = {key: f'<span style="color:{style.color}">●</span> {style.label}' for key, style in styles.items()}
    _matrix(
        scope, (family, "tickets by", kind), lambda: methods_over_conditions(outcomes, centred=kind == "relative"),
        "Which tickets fail alike", labels, styles, words,
    )  # fmt: skip


def _matrix(
    scope: Scope,
    what: tuple[str, ...],
    make: Callable[[], Correlation],
    title: str,
    labels: dict[str, str],
    styles: dict[str, Style],
    words: str,
) -> None:
    try:
        correlation, clustering = _clustered(scope, what, make)
    except UserError as error:
        layout.empty(str(error))
        return
    theme = scope.selection.theme
    plain = {key: style.label for key, style in styles.items()} or labels
    layout.card(
        title,
        scope.figure(("matrix", *what), styles, lambda: charts.correlations(correlation, clustering, labels, theme)),
        lambda: _long(correlation, plain),
        "-".join(["matrix", "tickets" if styles else "corruptions"]),
        help=words + " Ordered by average linkage of 1 - r, the most alike side by side; a joint of the tree stands as "
        "high as 1 - r.",
        caption=" ".join(filter(None, [f"{NOISE} within noise: 0 is inside the 95 % interval.", few(correlation),
                                       _left_out(correlation, plain)])),
    )  # fmt: skip


def _clustered(scope: Scope, what: tuple[str, ...], make: Callable[[], Correlation]) -> tuple[Correlation, Clustering]:
    def both() -> tuple[Correlation, Clustering]:
        correlation = make()
        return correlation, cluster(correlation)

    return scope.computed(("correlation", *what), both)


def _left_out(correlation: Correlation, labels: dict[str, str]) -> str:
    words = correlation.words
    for constant in correlation.constant:
        words = words.replace(constant, labels.get(constant, constant), 1)
    return words


def _long(correlation: Correlation, labels: dict[str, str]) -> pd.DataFrame:
    """A row a pair: first, second, r, low, high."""
    rows = [
        (labels.get(a, a), labels.get(b, b), correlation.matrix[i, j], correlation.low[i, j], correlation.high[i, j])
        for i, a in enumerate(correlation.names)
        for j, b in enumerate(correlation.names)
        if i < j
    ]
    return pd.DataFrame(rows, columns=["first", "second", "r", "low", "high"])


SECTION = Section(
    "robustness",
    "redundancy",
    "Redundancy",
    50,
    show,
    "What is redundant here: which corruptions, and which methods, tell the same story?",
)
