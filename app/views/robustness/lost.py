"""Lost images: why a corruption costs a ticket images, and towards which class they go; or what the baseline keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.chosen_images import causes_on_images
from analysis.comparisons.lost_images import causes, flows, lost_images, main_causes
from analysis.corruptions.conditions import CLEAN
from analysis.engine.settings import settings
from analysis.measures.lost import used
from app import load
from app.charts.texts import bracket
from app.shell import layout
from app.shell.images_behind import select
from app.shell.lacking import with_table
from app.shell.sections import Section
from app.shell.theme import Style
from app.views.robustness import lost_by_direction, lost_causes, lost_map, lost_to_baseline
from app.views.robustness.charts.lost import NAMES
from app.views.robustness.chosen import pick_images, say
from app.views.robustness.compared_tickets import ComparedTickets
from app.views.robustness.lost_view import (
    View,
    flows_card,
    image_by_image,
    pick_corruption,
    pick_severity,
)
from app.views.robustness.pickers import not_measured, pick_family

ENDINGS = {
    "drift": "all images move alike, and a shift of the mean feature undoes it",
    "scale": "all images move alike, and adapting batch-norm statistics would undo it",
    "class": "images of a class move together, which takes labels to undo",
    "scatter": "images move one by one, which no shift undoes",
}
"""What it says of a ticket that most of its losses to a corruption have a cause."""

AGAINST = {"clean": "Clean images", "baseline": "The baseline"}


@dataclass(frozen=True)
class Corrupted(View):
    """A corruption at a severity, with rows of `causes` of its family."""

    table: pd.DataFrame

    @property
    def here(self) -> pd.DataFrame:
        """The rows of the chosen corruption and severity."""
        at_severity = self.table[self.table["severity"] == self.severity]
        return at_severity[at_severity["corruption"] == self.corruption]


def show(compared: ComparedTickets) -> None:
    """Draw the section."""
    against = compared.selection.option("lost-against", "clean", list(AGAINST))
    if against == "baseline":
        lost_to_baseline.show(compared, pick_against)
        return
    view = _view(compared)
    if view is None:
        return
    if view.compared.images:
        _on_images(view)
        return
    st.markdown(answer(view.here, view.styles, view.words))
    lost_by_direction.say(view)
    _bars(view, view.here)
    _map(view)
    _flows(view)
    lost_by_direction.show(view)
    lost_causes.table(view, view.here, "lost-table")


def _on_images(view: Corrupted) -> None:
    """The same of the selected images: by cause, and towards whom."""
    say(view.compared, "Direction and length, the map, and what undoing a drift does to accuracy are of all images.")
    rows = view.compared.computed(("lost of images", view.condition), lambda: _rows_on_images(view))
    if rows.empty:
        layout.empty("None of the selected images was asked why it is lost.",
                     "Every study asks some of its test images, evenly spaced.")  # fmt: skip
    else:
        _bars(view, rows)
    _flows(view)


def _rows_on_images(view: Corrupted) -> pd.DataFrame:
    compared = view.compared
    every = replace(compared, images=()).predictions(view.family)
    where = f"corruption = '{view.corruption}' AND severity = {view.severity}"
    rows = compared.rows("lost", where)
    seeds = {key: ids for key, ids in compared.ids if key in view.styles and key in every.predicted}
    return causes_on_images(rows, every, seeds, _asked(compared, len(every.labels)), compared.images)


def _asked(compared: ComparedTickets, images: int) -> np.ndarray:
    return used(settings(load.folder(compared.selection.study.path)), images)


def pick_against(compared: ComparedTickets) -> None:
    """The chooser of what images are lost against."""
    compared.selection.pick("lost-against", "Lost against", AGAINST, width="content",
                            help="Clean images: right when clean, wrong when corrupted. The baseline: right for it, "
                            "wrong for the ticket, on the same images.")  # fmt: skip


def answer(rows: pd.DataFrame, styles: Mapping[str, Style], condition: str) -> str:
    """Who loses most, and to which cause, in a sentence or three of markdown; `rows` of `causes`, one a ticket."""
    rows = rows[rows["lost"] > 0]
    if rows.empty:
        return f"No ticket loses an image under {condition}."
    worst = rows.loc[rows["lost"].idxmax()]
    return (
        f"Under **{condition}** {styles[worst['key']].label} loses most, {100 * worst['lost']:.1f} % of "
        f"the images{bracket(worst['lost_low'], worst['lost_high'])}. {lost_causes.of_causes(rows, styles, ENDINGS)}"
    )


def _view(compared: ComparedTickets) -> Corrupted | None:
    """The widgets, and what they choose; says what is missing where there is nothing to show."""
    rows = compared.computed("lost", lambda: causes(compared.rows("lost"), compared.seeds))
    there = {
        family: [corruption for corruption in each if corruption in set(rows["corruption"])]
        for family, each in image_by_image(compared).items()
    }
    if not any(there.values()):
        pick_against(compared)
        not_measured(compared, "why images are lost", has=with_table("lost"))
        return None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        pick_against(compared)
        family = pick_family(compared, [each for each, names in there.items() if names])
        table = rows[rows["corruption"].isin(there[family])]
        worst = str(table.groupby("corruption")["lost"].mean().idxmax())
        corruption = pick_corruption(compared, family, there[family], worst)
        severity = pick_severity(compared, sorted(set(table.loc[table["corruption"] == corruption, "severity"])))
        compared = replace(compared, images=pick_images(compared))
    styles = {key: style for key, style in compared.styles.items() if key in set(table["key"])}
    return Corrupted(compared, family, corruption, severity, styles, table)


def _bars(view: Corrupted, rows: pd.DataFrame) -> None:
    lost_causes.bars(
        view, rows, "lost", f"Images lost, by cause: {view.words}",
        "Right when clean, wrong when corrupted. Common drift: right again once one vector is taken from all "
        "corrupted features; drift and scale: once these have their clean means and deviations again (Schneider et "
        "al. 2020); class drift: once the drift of the image's own class is undone, which uses the label and so is an "
        "upper bound; scatter: the rest. Fitted on every second image, applied to the others.",
        lambda: _mark(view),
    )  # fmt: skip


def _mark(view: Corrupted) -> None:
    """Mark the images of the segment that was clicked, of the selected seed."""
    clicked = layout.picked("lost", 2)
    if clicked is None or clicked[0] not in view.styles:
        return
    (key, cause), compared = clicked, view.compared
    predictions = replace(compared, images=()).predictions(view.family)
    place = compared.seed_place(key, predictions.numbers(key))
    ticket = compared.ticket_of(key, predictions.numbers(key)[place])
    where = f"corruption = '{view.corruption}' AND severity = {view.severity}"
    row = compared.results.table("lost", ids=[ticket], where=where).iloc[0]
    asked = _asked(compared, len(predictions.labels))
    found = lost_images(predictions, key, place, view.condition, asked, row["rescues"])
    images = found.loc[found["cause"] == cause, "sample"].to_numpy()
    if compared.images:
        images = images[np.isin(images, compared.images)]
    select(compared.selection, images, view.images_of(key, f"lost by {{}} to {NAMES[cause].lower()}"))


def _map(view: Corrupted) -> None:
    compared, corruptions = view.compared, tuple(view.table["corruption"].unique())

    def make() -> pd.DataFrame:
        lost = compared.rows("lost", f"severity = {view.severity}")
        return main_causes(lost[lost["corruption"].isin(corruptions)], compared.seeds)

    rows = compared.computed(("main causes", view.severity, corruptions), make)
    title = f"Largest cause by ticket and corruption: severity {view.severity}"
    lost_map.card(view, title, rows, corruptions, view.severity)


def _flows(view: Corrupted) -> None:
    compared = view.compared
    there = set(compared.predictions(view.family).predicted)
    shown = View(compared, view.family, view.corruption, view.severity,
                 {key: style for key, style in view.styles.items() if key in there})  # fmt: skip

    def pair_of(key: str) -> tuple[np.ndarray, np.ndarray]:
        given = compared.predictions(view.family).chosen([CLEAN, view.condition], [key])
        before, after = given.predicted[key][compared.seed_place(key, given.numbers(key))]
        return before, after

    flows_card(shown, f"under {view.words}", lambda key: flows(compared.predictions(view.family), key, view.condition),
               pair_of)  # fmt: skip


SECTION = Section(
    "robustness", "lost", "Lost images", 25, show, "Why are images lost to a corruption, and could a shift mend it?"
)
