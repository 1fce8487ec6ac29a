"""Redundancy: which corruptions correlate, which tickets do, and how few corruptions would do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd
import streamlit as st

from analysis.comparisons.condition_cells import averaged
from analysis.comparisons.correlations import (
    corruptions_over_samples,
    corruptions_over_tickets,
    methods_over_conditions,
)
from analysis.comparisons.images_behind import mostly_wrong
from analysis.comparisons.predictions import chosen
from analysis.comparisons.redundancy import RESAMPLES, Redundancy, correlated_groups, redundant
from analysis.statistics.clusters import CORRELATED, Clustering, cluster
from analysis.statistics.correlation import Correlation
from app.charts.base import NOISE
from app.charts.names import name
from app.charts.texts import minus
from app.names import listed
from app.shell import layout
from app.shell.folds import fold
from app.shell.images_behind import select
from app.shell.sections import Section
from app.views.robustness.charts import redundancy as charts
from app.views.robustness.chosen import pick_images, say
from app.views.robustness.compared_tickets import ComparedTickets
from app.views.robustness.pickers import note_missing, pick_family
from pruning.errors import UserError

CORRUPTIONS, TICKETS = "matrix-corruptions", "matrix-tickets"
CLICK = {
    CORRUPTIONS: "Click a cell to select the images that are wrong in most runs under both.",
    TICKETS: "Click a cell to select the images that both tickets have wrong in most runs under corruption.",
}
MOST_NAMED = 3
"""Corruptions that the line of what is selected has room for."""
OVER = {"samples": "images", "beyond": "images, given clean correctness", "tickets": "tickets"}


def show(compared: ComparedTickets) -> None:
    """Draw the section."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        family = pick_family(compared)
        compared = replace(compared, images=pick_images(compared))
    note_missing(compared, family)
    say(compared, "How few corruptions keep the ranking is asked of all images.")
    if not compared.images:
        _ranking(compared, family)
    with fold("**Which corruptions fail the same images?**", expanded=bool(compared.images)) as opened:
        if opened:
            _corruptions(compared, family)
    with fold("**Which tickets are alike in what they lose?**") as opened:
        if opened:
            _tickets(compared, family)


def verdict(found: Redundancy, tickets: int) -> str:
    """Which corruptions keep the ranking, with the interval, as markdown."""
    size, total = len(found.kept), len(found.steps)
    tau, low, high = found.agreement
    if not found.ranked and found.seeds is not None:
        return (
            f"**The seeds do not rank these {tickets} tickets alike** (Kendall's W is {found.seeds[0]:.2f}, p = "
            f"{found.seeds[1]:.2f}), so there is no ranking of the methods that a corruption could be redundant for."
        )
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
        f"({found.itself[1]:.2f} to {found.itself[2]:.2f}). {_over_seeds(found)}"
    )


def _over_seeds(found: Redundancy) -> str:
    if found.seeds is None:
        return "With one seed this is the ranking of these networks; another training may give another."
    chance = "p < 0.01" if found.seeds[1] < 0.01 else f"p = {found.seeds[1]:.2f}"
    return f"The seeds rank them alike by Kendall's W of {found.seeds[0]:.2f} ({chance})."


def few(correlation: Correlation) -> str:
    """What so few values cannot tell, by the correlation in the middle of those shown."""
    if correlation.middle is None:
        return ""
    r, low, high = correlation.middle
    told = minus(f"{r:.2f}, the median here, has a 95 % interval from {low:.2f} to {high:.2f}")
    return f"Over {correlation.n:,} {correlation.unit}: a correlation of {told}."


def left_out(correlation: Correlation, labels: dict[str, str]) -> str:
    """What was left out, as a sentence; empty where nothing was."""
    if not correlation.constant:
        return ""
    verb, does = ("is", "it does") if len(correlation.constant) == 1 else ("are", "they do")
    names = ", ".join(labels.get(constant, constant) for constant in correlation.constant)
    beyond = " beyond what the clean images do" if correlation.beyond_clean else ""
    return f"{names} {verb} left out, for {does} not vary over the {correlation.unit}{beyond}."


def _ranking(compared: ComparedTickets, family: str) -> None:
    outcomes = compared.outcomes(family)
    counted = [outcomes.conditions[place] for place in averaged(outcomes)]
    try:
        found = compared.computed(("redundant", family), lambda: redundant(chosen(outcomes, counted)))
    except UserError as error:
        layout.empty(str(error))
        return
    tickets = len(outcomes.right)
    labels = {corruption: name(corruption) for corruption in found.steps["corruption"]}
    theme = compared.selection.theme
    st.markdown(verdict(found, tickets))
    left, right = st.columns([6, 5])
    with left:
        layout.card(
            "How few corruptions preserve the ranking of the tickets",
            compared.figure(("steps", family), {}, lambda: charts.steps(found, labels, theme)),
            lambda: found.steps.assign(corruption=found.steps["corruption"].map(labels)),
            "steps",
            help="Greedy selection: from top to bottom the corruption is added that brings the ranking of the tickets "
            "nearest to that by all of them. Lines: 95 % bootstrap intervals over test images. Filled: enough for τ of "
            f"at least {found.threshold:g}.",
            caption="Grey band: agreement of the ranking by all with itself on resampled test images.",
        )
    with right:
        _groups(compared, family)
        with st.container(border=True, key="card-limits"):
            st.markdown(f"**Limits of {tickets} tickets**")
            st.caption(
                f"{tickets} tickets are {tickets * (tickets - 1) // 2} pairs to put in order, and those far apart stay "
                "in order under any corruption. The set is selected and judged on the same tickets and images, "
                "greedily: a smaller one may exist, and other tickets may need another. Corruptions that it leaves out "
                "are redundant for this ranking; how accurate a ticket is under them it does not say."
            )


def _groups(compared: ComparedTickets, family: str) -> None:
    outcomes, (correlation, _) = compared.outcomes(family), _over(compared, family, "samples")
    groups = compared.computed(("groups", family), lambda: correlated_groups(outcomes, correlation))
    table = groups[groups["size"] > 1]
    if table.empty:
        layout.empty(f"No two corruptions correlate over the images (r of {CORRELATED:g} or more).")
        return
    alone = [name(members[0]) for members in groups.loc[groups["size"] == 1, "members"]]
    members = [", ".join(map(name, each)) for each in table["members"]]
    number = st.column_config.NumberColumn
    layout.table_card(
        "Correlated corruptions",
        table.assign(members=members, together=100 * table["together"]),
        "groups",
        columns={
            "members": st.column_config.TextColumn("Group", width=262),
            "size": None,
            "r": number("Mean r", format="%.2f", width=64),
            "together": number("Stable (%)", format="%.0f", width=92),
        },
        help="Corruptions under which the same images are misclassified: average-linkage clusters whose members "
        f"correlate by {CORRELATED:g} or more on average where they were joined. Stable: in how many of {RESAMPLES} "
        "bootstrap samples of the test images the whole group is one cluster.",
        caption=(f"In no group: {listed(alone)}." if alone else "Every corruption is in a group.")
        + " Click a group to select the images that are wrong in most runs under each of its corruptions.",
        on_select=lambda: _mark_group(compared, family, table),
        selection_mode="single-cell",
        row_height=max(66, 44 + 20 * more) if (more := max(map(len, members)) // 36) else 35,  # wraps above 64 alone
    )


def _mark_group(compared: ComparedTickets, family: str, groups: pd.DataFrame) -> None:
    """Select the images behind the group that was clicked."""
    clicked = layout.picked_cell("groups")
    if clicked is not None and clicked[0] < len(groups):
        _mark(compared, family, corruptions=list(groups["members"].iloc[clicked[0]]))


def _mark_cell(compared: ComparedTickets, family: str, card: str) -> None:
    """Select the images behind the cell of a matrix that was clicked."""
    clicked = layout.picked(card, 2)
    if clicked is None:
        return
    names = list(dict.fromkeys(clicked))
    _mark(compared, family, **{"tickets" if card == TICKETS else "corruptions": names})


def _mark(
    compared: ComparedTickets, family: str, corruptions: list[str] | None = None, tickets: list[str] | None = None
) -> None:
    outcomes = compared.outcomes(family)
    measured = {corruption for corruption, _ in outcomes.conditions}
    if not (set(corruptions or ()) <= measured and set(tickets or ()) <= set(outcomes.right)):
        return
    under = "under corruption"
    if corruptions:
        short = len(corruptions) <= MOST_NAMED
        names = listed([name(each) for each in corruptions])
        under = f"under {names}" if short else f"under each of {len(corruptions)} corruptions"
    whose = f"for {listed([compared.label(each) for each in tickets])} " if tickets else ""
    found = compared.places(mostly_wrong(outcomes, corruptions, tickets))
    select(compared.selection, found, f"wrong in most runs {whose}{under}")


def _over(compared: ComparedTickets, family: str, over: str) -> tuple[Correlation, Clustering]:
    """The corruptions' correlations over what the options `OVER` name."""
    outcomes = compared.outcomes(family)
    make = {
        "samples": lambda: corruptions_over_samples(outcomes),
        "beyond": lambda: corruptions_over_samples(outcomes, beyond_clean=True),
        "tickets": lambda: corruptions_over_tickets(outcomes),
    }[over]
    return _clustered(compared, (family, over), make)


def _clustered(
    compared: ComparedTickets, what: tuple[str, ...], make: Callable[[], Correlation]
) -> tuple[Correlation, Clustering]:
    def both() -> tuple[Correlation, Clustering]:
        correlation = make()
        return correlation, cluster(correlation)

    return compared.computed(("correlation", *what), both)


def _corruptions(compared: ComparedTickets, family: str) -> None:
    over = compared.selection.pick("alike", "Corruptions correlated over", OVER, width="content")
    words = {
        "samples": "An image's correctness, averaged over severities, is correlated over the test images in each run.",
        "beyond": "Partial correlation: as over images, but with the correctness on the clean images held fixed, so "
        "that images which are misclassified anyway do not count.",
        "tickets": "Mean accuracies of the tickets are correlated over the tickets: a high r means that both "
        "corruptions rank tickets alike.",
    }[over]
    labels = {corruption: name(corruption) for corruption in compared.measured[family]}
    view = _Matrix("Correlation between corruptions", (family, over), labels, labels, CORRUPTIONS, words)
    _matrix(compared, view, lambda: _over(compared, family, over))


def _tickets(compared: ComparedTickets, family: str) -> None:
    outcomes, styles = compared.outcomes(family), compared.styles_under(family)
    options = {"relative": "accuracy relative to the mean ticket", "plain": "accuracy"}
    kind = "plain"
    if len(styles) >= 3:
        kind = compared.selection.pick("fail", "Tickets correlated by", options, width="content")
    words = (
        "The tickets' accuracies are correlated over corruptions and severities. Some conditions are hard for "
        "all tickets, which makes them alike; relative to their mean it shows who is accurate where others are not."
    )
    labels = {key: f'<span style="color:{style.color}">●</span> {style.label}' for key, style in styles.items()}
    plain = {key: style.label for key, style in styles.items()}
    view = _Matrix("Correlation between tickets", (family, "tickets by", kind), labels, plain, TICKETS, words)
    _matrix(
        compared, view,
        lambda: _clustered(compared, view.what, lambda: methods_over_conditions(outcomes, centred=kind == "relative")),
    )  # fmt: skip


@dataclass(frozen=True)
class _Matrix:
    """A card with a matrix of correlations.

    Its title, what it is kept under, names in the chart and in words, the card's key, and how it was made.
    """

    title: str
    what: tuple[str, ...]
    labels: dict[str, str]
    names: dict[str, str]
    key: str
    words: str


def _matrix(compared: ComparedTickets, view: _Matrix, make: Callable[[], tuple[Correlation, Clustering]]) -> None:
    try:
        correlation, clustering = make()
    except UserError as error:
        layout.empty(str(error))
        return
    theme = compared.selection.theme
    styles = compared.styles if view.key == TICKETS else {}
    layout.card(
        view.title,
        compared.figure(
            ("matrix", *view.what), styles, lambda: charts.correlations(correlation, clustering, view.labels, theme)
        ),
        lambda: correlation.pairs.replace({"first": view.names, "second": view.names}),
        view.key,
        help=view.words + " Ordered by average linkage of 1 - r with optimal leaf order; a joint of the tree stands as "
        "high as 1 - r.",
        caption=" ".join(filter(None, [f"{NOISE}: 0 is inside the 95 % interval, which counts each pair by itself.",
                                       few(correlation), left_out(correlation, view.names), CLICK[view.key]])),
        on_select=lambda: _mark_cell(compared, view.what[0], view.key),
        selection_mode="points",
        config=layout.QUIET,
    )  # fmt: skip


SECTION = Section(
    "robustness",
    "redundancy",
    "Redundancy",
    50,
    show,
    "Which corruptions, and which pruning methods, are redundant here?",
)
