"""Robustness of the images that are selected: the switch, what it means, and the ranking of the tickets on them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from analysis.comparisons.chosen_images import on_images
from analysis.comparisons.condition_cells import averaged
from app.shell import layout
from app.shell.theme import Style
from app.views.robustness.charts import ranking as charts
from app.views.robustness.compared_tickets import ComparedTickets

ALL, SELECTED = "all", "selected"
NO_SAMPLE = (
    "Images are selected by looking at results, so they are no sample: the intervals describe these images only, "
    "and no ticket is said to differ from another."
)


def pick_images(compared: ComparedTickets) -> tuple[int, ...]:
    """The switch between all images and those selected, where any are; none at all stands for all images."""
    marked = compared.selection.samples
    if marked is None or not len(marked):
        return ()
    options = {ALL: "All", SELECTED: f"The {len(marked):,} selected"}
    picked = compared.selection.pick("of", "Test images", options, width="content")
    return tuple(int(image) for image in marked) if picked == SELECTED else ()


def show_ranking(compared: ComparedTickets, family: str, images: tuple[int, ...], styles: dict[str, Style]) -> None:
    """The tickets by their accuracy on these images, and beside it that on the rest."""
    outcomes = compared.outcomes(family)
    table = compared.computed(
        ("on images", family, images), lambda: on_images(outcomes.per_image(averaged(outcomes)), images)
    )
    ranked = table.assign(group=np.arange(len(table)), verdict="", leader=table["key"])
    theme = compared.selection.theme
    shown = table.assign(ticket=[styles[key].label for key in table["key"]])
    shown[["accuracy", "low", "high", "rest"]] *= 100
    shown = shown[["ticket", "accuracy", "low", "high", "rest"]]
    over = "of the mean over seeds: of other trainings, on the same images"
    if not table["over_seeds"].any():
        over = "of one training, by how many images there are (Wilson's)"
    number = st.column_config.NumberColumn
    left, right = st.columns([5, 6])
    with left:
        layout.card(
            f"Mean corruption accuracy on the selected images ({table['images'].max():,})",
            compared.figure(("on images", family, images), styles, lambda: charts.ranking(ranked, styles, theme, 0)),
            shown,
            "ranking-selected",
            percent=True,
            meanings=MEANINGS,
            help=f"The mean over corruptions and severities, with the 95 % interval {over}.",
            caption=NO_SAMPLE,
        )
    with right:
        layout.table_card(
            "The selected images and the rest",
            shown,
            "ranking-selected-table",
            columns={
                "ticket": st.column_config.TextColumn("Ticket"),
                "accuracy": number("Selected (%)", format="%.1f", help="Mean corruption accuracy on these images."),
                "low": number("From", format="%.1f", help="The 95 % interval."),
                "high": number("To", format="%.1f"),
                "rest": number("Rest (%)", format="%.1f", help="The same on all other test images."),
            },
            meanings=MEANINGS,
        )


MEANINGS = {
    "accuracy": "mean corruption accuracy on the selected images [%]",
    "rest": "the same on all other test images [%]",
}
