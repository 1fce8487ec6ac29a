"""Intersections: which weights several tickets keep together, and every pair beside its chance level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons import calibration_sets, mask_pairs
from analysis.metrics import intersections
from analysis.metrics.overlap import Counts
from app import load
from app.answers import weights
from app.charts.upset import named, upset
from app.load import StudyView
from app.shell import families, layout
from app.shell.light import keep_dark
from app.shell.sections import Section
from app.shell.selection import Chosen, Selection
from app.shell.theme import DENSE, Style
from app.shell.url import LIST
from app.views.masks.charts import chance as chance_charts
from app.views.masks.readable import at_least_two
from pruning.criteria import CRITERIA
from pruning.procedure import FINDERS
from pruning.recipe import percent

AT_FIRST, BARS, PAIRS = 6, 15, 15
"""Tickets in the UpSet plot at first, its bars, and the pairs shown."""
ORDERS = {"size": "Largest first", "beyond": "Most beyond chance first"}


def show(chosen: Selection) -> None:
    """Draw the section."""
    selection = at_least_two(chosen, every_seed=True)
    if selection is None:
        return
    counts = weights.counts_of(selection)
    twins = mask_pairs.twins(counts)
    labels = {ticket.key: ticket.label for ticket in selection.tickets}
    st.markdown(weights.said(selection, labels))
    left, right = st.columns([1.35, 1], gap="medium")
    with left:
        _upset_card(selection, twins)
    with right:
        _pairs_card(selection, counts, twins)
    _calibration_card(selection)


def _upset_card(selection: Selection, twins: dict[str, str]) -> None:
    tickets = {ticket.key: ticket for ticket in selection.tickets}
    default = first(selection.tickets, twins)
    with st.container(border=True, key="card-upset"):
        asked = selection.option("sets")
        keys = [key for key in tickets if key in asked.split(LIST)] if asked else default
        keys = keys[: intersections.MOST]
        regions = _regions(selection.study, [tickets[key].id for key in keys]) if len(keys) > 1 else None
        styles = {ticket.id: ticket.style for ticket in selection.tickets}
        layout.header(
            "Mask intersections",
            _table(regions, styles) if regions is not None else pd.DataFrame(),
            "upset",
            "UpSet plot: each bar counts the weights that the tickets with a dot below it keep and the others do not. "
            "Orange marks: the expectation for independent masks of the same layer-wise sparsities.",
            meanings={"count": "such weights [weights]", "expected": "how many chance would give [weights]"},
        )
        selection.pick_many(
            "sets",
            f"Tickets (two to {intersections.MOST})",
            {key: ticket.label for key, ticket in tickets.items()},
            default=default,
            kind="menu",
            max_selections=intersections.MOST,
            label_visibility="collapsed",
            placeholder="Choose two tickets or more",
        )
        if regions is None:
            layout.empty("Fewer than two tickets are compared.", "Choose more above.")
            return
        order = selection.pick("order", "Order", ORDERS, label_visibility="collapsed", width="content")
        ranked = mask_pairs.ranked(regions, order == "beyond")
        shown, rest = ranked.iloc[:BARS], ranked.iloc[BARS:]
        kept = {tickets[key].id: tickets[key].kept for key in keys}
        figure = upset(shown, kept, styles, selection.theme)
        keep_dark("upset", figure)
        st.plotly_chart(figure, theme=None, key="chart-upset", config={**layout.CONFIG, **layout.QUIET})
        st.caption(_caption(selection, tickets[keys[0]], regions, rest))


def _caption(selection: Selection, one: Chosen, regions: pd.DataFrame, rest: pd.DataFrame) -> str:
    nobody = one.total - int(regions["count"].sum())
    said = [f"Masks of seed {selection.seed}: counts, so no intervals."]
    if len(rest):
        count, chance = rest["count"].sum(), rest["expected"].sum()
        said.append(f"{len(rest)} more intersections hold {count:,} weights together ({chance:,.0f} by chance).")
    said.append(f"{nobody:,} of {one.total:,} weights are kept by none of these tickets.")
    return " ".join(said)


def first(tickets: Sequence[Chosen], twins: dict[str, str]) -> list[str]:
    """Keys of the tickets compared at first: no dense one and no twin, and random ones only where others are few."""
    fresh = [ticket for ticket in tickets if ticket.method != DENSE and ticket.key not in twins]
    if len(fresh) < 2:
        return [ticket.key for ticket in tickets][:AT_FIRST]
    telling = sorted(fresh, key=lambda ticket: _by_chance(ticket.method))[:AT_FIRST]
    return [ticket.key for ticket in fresh if ticket in telling]


def _by_chance(method: str) -> bool:
    """Whether chance alone decides what the method keeps, so that its overlaps tell little."""
    known = CRITERIA.get(method) or FINDERS.get(method)
    return known is not None and known.by_chance


def _table(regions: pd.DataFrame, styles: dict[str, Style]) -> pd.DataFrame:
    names = [named(members, styles) for members in regions["members"]]
    return regions.drop(columns="members").assign(tickets=names)[["tickets", "count", "expected"]]


def _regions(study: StudyView, ids: Sequence[str]) -> pd.DataFrame:
    return _cached_regions(study.path, study.stamp, study.name, tuple(ids))


@st.cache_data(max_entries=32, show_spinner="Intersecting the masks …")
def _cached_regions(path: Path, stamp: str, name: str, ids: tuple[str, ...]) -> pd.DataFrame:
    study = load.open_study(name, path)
    return intersections.regions({ticket: load.packed(study, ticket) for ticket in ids})


def _pairs_card(selection: Selection, counts: Sequence[Counts], twins: dict[str, str]) -> None:
    rows = mask_pairs.pairs(counts)
    rows = rows[~rows["a"].isin(list(twins)) & ~rows["b"].isin(list(twins))]
    if rows.empty:
        layout.empty("There is no pair of pruned tickets with masks of their own.", "Choose more at the left.")
        return
    styles = _short(selection.tickets)
    options = {"all": "All pairs"} | {key: style.label for key, style in styles.items() if key not in twins}
    among = selection.option("pairs-of", "all", list(options))
    own = rows if among == "all" else rows[(rows["a"] == among) | (rows["b"] == among)]
    shown = own.iloc[:PAIRS]

    def controls() -> None:
        selection.pick("pairs-of", "Pairs of", options, kind="select", label_visibility="collapsed")

    labels = {ticket.key: ticket.label for ticket in selection.tickets}
    layout.card(
        "Pairwise overlap beside chance",
        chance_charts.pairs(shown, styles, selection.theme, 500),
        own.assign(a=own["a"].map(labels), b=own["b"].map(labels)),
        "pairs",
        config=layout.QUIET,
        help="Overlap coefficient: weights kept by both, as a share of the sparser ticket's. Orange mark: what two "
        "masks that share nothing but their layer-wise sparsities have in common on average. Only what lies beyond it "
        "is agreement.",
        caption=_pairs_caption(rows, len(own) - len(shown), [f"{labels[a]} ({labels[b]})" for a, b in twins.items()]),
        controls=controls,
    )


def _calibration_card(selection: Selection) -> None:
    """What masks of other calibration images have in common, where the study has some of several draws."""
    entries = families.entries(selection.study)
    found = calibration_sets.groups({entry.id: entry.recipe for entry in entries.values()})
    if not found:
        return
    rows = calibration_sets.overlaps(found, lambda ids: load.overlaps(selection.study, ids))
    several = len(set(rows["sparsity"])) > 1
    rows.insert(0, "label", [_set_label(row.method, row.sparsity if several else None) for row in rows.itertuples()])
    images = sorted({f"{int(each):,}" for each in rows["images"].dropna()})
    layout.card(
        "Overlap between calibration sets",
        chance_charts.calibration_sets(rows, selection.theme),
        rows,
        "calibration-sets",
        config=layout.QUIET,
        help="Masks of one network by one method, found on other draws of the images that the criterion looks at; "
        "beside them masks of other seeds, found on the same images. Orange mark: masks that share nothing but their "
        "layer-wise sparsities. The nearer to 100 %, the less a mask depends on its calibration images.",
        caption="Means over pairs of masks, bars from the lowest pair to the highest. Pairs of few sets share masks: "
        "no intervals." + (f" Sets of {' or '.join(images)} images." if images else ""),
    )


def _set_label(method: str, sparsity: float | None) -> str:
    known = CRITERIA.get(method)
    name = known.label if known is not None else method.replace("_", " ")
    return name if sparsity is None else f"{name} {percent(sparsity)}"


def _short(tickets: Sequence[Chosen]) -> dict[str, Style]:
    """Key -> style, without the sparsity in its label where all have the same."""
    pruned = [ticket for ticket in tickets if ticket.method != DENSE]
    one_level = len({ticket.sparsity for ticket in pruned}) == 1
    return {
        ticket.key: replace(ticket.style, label=ticket.method_label) if one_level else ticket.style for ticket in pruned
    }


def _pairs_caption(rows: pd.DataFrame, hidden: int, twins: list[str]) -> str:
    said = [families.mean_words(int(rows["seeds"].max()))]
    if hidden:
        said.append(f"The {PAIRS} furthest beyond chance; {hidden} more by ticket, or in the table to download.")
    if twins:
        said.append(f"Left out, as their masks are those of another: {', '.join(twins)}.")
    return " ".join(said)


SECTION = Section(
    "masks",
    "many",
    "Intersections",
    20,
    show,
    "Which weights do several tickets keep, and do their masks overlap more than by chance?",
)
