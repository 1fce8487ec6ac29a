"""Stability: error barrier and distance between two trainings from the same weights, over the rewinding iteration."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.comparisons.barriers import STABLE, with_images
from analysis.comparisons.rewinding import stability_curves, stable_from
from app import load
from app.shell import families, layout
from app.shell.sections import Section
from app.shell.selection import Selection
from app.shell.theme import Style
from app.views.dynamics import second_order
from app.views.dynamics.charts import stability as charts

MEASURES = {"l2": "L2 distance", "relative": "Relative to the norm"}
MEANINGS = {"relation": "order: to the same training under another order of the data; pruning: to the dense network"}


def show(selection: Selection) -> None:
    """Draw the section."""
    study = selection.study
    rows = _curves(study.path, study.stamp, study.name)
    barrier = rows[(rows["measure"] == "barrier") & rows["mean"].notna()]
    if barrier.empty:
        second_order.missing(study)
        return
    styles = _styles(selection, list(barrier["label"].unique()))
    st.markdown("  \n".join(sentence(str(label), own) for label, own in barrier.groupby("label", sort=False)))
    left, right = st.columns(2, gap="medium")
    with left:
        layout.card(
            "Error barrier between data orders",
            charts.curves(barrier, "barrier", styles, selection.theme),
            barrier,
            "barrier",
            config=layout.QUIET,
            help="Two trainings start from the same weights, those of the dense network at an iteration, and see the "
            "data in different orders. The barrier is the largest error on the line between their solutions minus the "
            "mean error of the two.",
            caption=families.mean_words(int(barrier["n"].max()), "; over test images where all seeds agree"),
            meanings=MEANINGS,
        )
    with right:
        _distance_card(selection, rows, styles)


@st.cache_data(max_entries=8, show_spinner=False)
def _curves(path: Path, stamp: str, name: str) -> pd.DataFrame:
    study = load.open_study(name, path)
    rows = with_images(load.table(study, "stability"), load.table(study, "lines"))
    return stability_curves(rows, list(families.entries(study).values()))


def _distance_card(selection: Selection, rows: pd.DataFrame, styles: dict[str, Style]) -> None:
    measure = selection.option("apart", "l2", list(MEASURES))
    own = rows[(rows["measure"] == measure) & rows["mean"].notna() & rows["label"].isin(list(styles))]
    layout.card(
        "Distance between solutions",
        charts.curves(own, measure, styles, selection.theme),
        own,
        "apart",
        config=layout.QUIET,
        help="Full: to the training under another order of the data. Dotted: of a pruned ticket to the dense network "
        "from the same weights, on the weights that the ticket keeps.",
        caption=families.mean_words(int(own["n"].max())),
        controls=lambda: selection.pick("apart", "Measure", MEASURES, label_visibility="collapsed", width="content"),
        meanings=MEANINGS,
    )


def _styles(selection: Selection, labels: list[str]) -> dict[str, Style]:
    """A style for each curve: that of the ticket of this name, where there is one, else a colour of its own."""
    tickets = selection.study.tickets.drop_duplicates("key")
    keys = dict(zip(tickets["label"], tickets["key"], strict=True))
    known = families.styles(selection, [keys[label] for label in labels if label in keys])
    spare = iter(selection.theme.classes * (1 + len(labels) // 10))
    return {
        label: known[keys[label]] if label in keys else Style(label, next(spare), "circle", "solid") for label in labels
    }


def sentence(label: str, rows: pd.DataFrame) -> str:
    """From which iteration on a ticket is shown to be stable to the order of the data, or not to be, or neither."""
    start = stable_from(rows)
    limit = f"{100 * STABLE:g} points"
    if start.empty:
        last = rows.sort_values("rewind").iloc[-1]
        barrier = (
            f"its mean barrier is {100 * last['mean']:.1f} points at iteration {last['rewind']:,}, not below {limit}"
        )
        if last["low"] >= STABLE:
            return f"**{label}** is not stable, even from the last point: {barrier}, with all of its 95 % interval."
        return f"**{label}** is not shown to be stable: {barrier}{_unsure(last)}."
    when = "from the start" if start["rewind"].min() == 0 else f"from iteration {start['rewind'].min():,} on"
    if start["shown"].all():
        return f"**{label}** is stable {when}: its barrier is below {limit}, with all of its 95 % interval."
    text = f"**{label}** may be stable {when}: its mean barrier is below {limit}"
    where = " at some points" if start["shown"].any() else ""
    return f"{text}{_unsure(start.iloc[0], where)}."


def _unsure(row: pd.Series, where: str = "") -> str:
    if pd.isna(row["high"]):
        return " (one seed: true of this training, and of others one cannot tell)"
    return f", but its 95 % interval reaches across{where}, so one cannot tell"


SECTION = Section(
    "dynamics",
    "stability",
    "Stability",
    40,
    show,
    "From which iteration on is a training stable to the order of the data?",
    of_classifiers=True,
)
