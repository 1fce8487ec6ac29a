"""The images under one condition: lost by one ticket and kept by another, sorted by what is measured of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons.image_order import MEASURES, image_measures, images_in_order
from analysis.comparisons.image_query import Outcome
from analysis.corruptions.conditions import CLEAN, Condition
from app import live, load
from app.charts.texts import minus
from app.condition import condition_text, pick_condition
from app.shell import layout
from app.shell.selection import Chosen, Selection
from app.views.samples.ordered import Ordered
from app.views.samples.unmeasured import note_unmeasured

NOBODY = "none"
SORTS = {
    "disagreement": "Disagreement between tickets",
    "margin": "Margin",
    "gap": "Gap",
    "divergence": "Divergence from the baseline",
    "agreement": "Agreement of neighbours",
}
FORMS = {"disagreement": "{:.0%}", "margin": "{:.2f}", "gap": "{:.0f}°", "divergence": "{:.2f}", "agreement": "{:.0%}"}
MEANINGS = {
    "value": "what the images are sorted by, the mean over the tickets that are looked at",
    "wrong": "how many of the chosen tickets misclassify it under the condition",
    "tickets": "how many of the chosen tickets are measured under it",
    "label": "true class",
}
ABOUT = "; ".join(f"{SORTS[name].lower()}: {meaning}" for name, meaning in MEASURES.items())
STORED = ("disagreement", "margin")
"""What the results hold under every condition; the rest is worked out from the images."""


def choose(selection: Selection, chosen: list[Chosen], samples: pd.DataFrame, images: bool) -> Ordered:
    """The choosers, in the container that is open, and what they leave.

    Args:
        selection: the page's.
        chosen: the baseline, and the tickets beside it.
        samples: what the tickets make of the clean images.
        images: whether the images are on this machine.
    """
    condition = pick_condition(selection)
    names = {ticket.key: ticket.label for ticket in chosen}
    lost = selection.pick("lost", "Misclassified by", {NOBODY: "(any)"} | names, kind="select", width=150)
    kept = selection.pick("kept", "Correct for", {NOBODY: "(any)"} | names, kind="select", width=150)
    sorts = {name: text for name, text in SORTS.items() if images or name in STORED}
    by = selection.pick("sort", "Sorted by", sorts, kind="select", width=250,
                        help=f"Of the ticket that misclassifies, or the mean over all. {ABOUT}.")  # fmt: skip
    ids = {ticket.key: ticket.id for ticket in chosen}
    rows, condition = _rows(selection, chosen, samples, condition, by)
    there = set(rows["ticket_id"].unique())
    note_unmeasured(chosen, there, condition)
    lost_by, kept_by = ([ids[key]] if key in ids and ids[key] in there else [] for key in (lost, kept))
    of = lost_by if lost_by and by != "disagreement" else [each for each in ids.values() if each in there]
    if by == "divergence" and not lost_by:
        of = of[1:] or of  # the baseline's from itself is 0
    table = images_in_order(rows, lost_by, kept_by, of, by)
    wrong = [f"{row.wrong} of {row.tickets} tickets misclassify it" for row in table.itertuples()]
    notes = ["–" if pd.isna(value) else minus(FORMS[by].format(value)).replace("%", " %") for value in table["value"]]
    told = [f"{more}, {SORTS[by].lower()} {note}" for more, note in zip(wrong, notes, strict=True)]
    table = table.assign(told=told, note=notes, share=table["wrong"] / table["tickets"])
    help = (
        f"What is least at home with its class comes first. {ABOUT}. The bar: the share of the tickets that are wrong."
    )
    outcomes = ((Outcome("wrong", lost, condition), lost_by), (Outcome("right", kept, condition), kept_by))
    query = tuple(outcome for outcome, tickets in outcomes if tickets)
    who = [names[key] if tickets else "" for key, tickets in ((lost, lost_by), (kept, kept_by))]
    said = _what(condition, who[0], who[1], by)
    return Ordered(table, said, help, MEANINGS, query)


def _what(condition: Condition, lost: str, kept: str, by: str) -> str:
    said = "" if condition == CLEAN else f" under {condition_text(condition)}"
    parts = [f"lost by {layout.plain(lost)}"] * bool(lost) + [f"kept by {layout.plain(kept)}"] * bool(kept)
    what = f" {', '.join(parts)}" if parts else ""
    return f"{what}{said}, by {SORTS[by][0].lower()}{SORTS[by][1:]}"


def stored(selection: Selection, chosen: Sequence[Chosen], samples: pd.DataFrame, condition: Condition) -> pd.DataFrame:
    """A row a ticket and image as the results have them: ticket_id, sample, label, prediction, margin."""
    if condition == CLEAN:
        return samples
    where = f"corruption = '{condition[0]}' AND severity = {condition[1]}"
    columns = ["ticket_id", "sample", "prediction", "margin"]
    found = load.table(
        selection.study, "corrupted", ids=tuple(ticket.id for ticket in chosen), columns=columns, where=where
    )
    return found.merge(samples[["ticket_id", "sample", "label"]], on=["ticket_id", "sample"])


def _rows(
    selection: Selection, chosen: Sequence[Chosen], samples: pd.DataFrame, condition: Condition, by: str
) -> tuple[pd.DataFrame, Condition]:
    """A row a ticket and image: ticket_id, sample, label, prediction, and what is sorted by; and what it is under."""
    study, ids = selection.study, tuple(ticket.id for ticket in chosen)
    if by in STORED:
        found = stored(selection, chosen, samples, condition)
        if found.empty:
            st.caption(":material/info: Nothing is stored of single images under it; the clean ones are shown.")
            return samples, CLEAN
        return found, condition
    return _measured(study.path, study.stamp, ids, condition, selection), condition


@st.cache_data(max_entries=16, show_spinner="Measuring the images …")
def _measured(
    path: Path, stamp: str, ids: tuple[str, ...], condition: Condition, _selection: Selection
) -> pd.DataFrame:
    study = _selection.study
    images = live.images(study)
    assert images is not None  # or the page would not offer it
    here, clean = (live.features(study, images, ids, each) for each in (condition, CLEAN))
    return image_measures(here, clean, ids[0])
