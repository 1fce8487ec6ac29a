"""Robustness of the images that are selected: the switch, what it means, and the ranking of the tickets on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from analysis.comparisons.chosen_images import on_images, pairs_on_images
from analysis.comparisons.condition_cells import averaged, conditions_of
from analysis.comparisons.outcomes import MEAN, best_first
from analysis.comparisons.verdicts import both_ways
from app.charts.names import name
from app.shell import layout
from app.shell.theme import Style
from app.views.robustness.charts import pairs as pair_charts
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


def say(compared: ComparedTickets, more: str = "") -> None:
    """What it means that a section is of the selected images, where it is."""
    if compared.images:
        layout.notes([f"Of the selected images alone. {NO_SAMPLE} {more}".strip()])


def show_pairs(
    compared: ComparedTickets, family: str, corruption: str, level: int, mark: Callable[[list[int], str], None]
) -> None:
    """The difference of every two tickets on these images, which claims nothing.

    `mark` selects what is behind a cell: it takes the places of the conditions and their words.
    """
    outcomes, styles, theme = compared.outcomes(family), compared.styles_under(family), compared.selection.theme
    wanted = set(conditions_of(outcomes.conditions, corruption, level))
    places = [place for place, condition in enumerate(outcomes.conditions) if condition in wanted]
    table = compared.computed(
        ("pairs on images", family, tuple(places)), lambda: pairs_on_images(outcomes.per_image(places))
    )
    ranked = {key: styles[key] for key in best_first(outcomes, places)}
    under = "the common corruptions" if corruption == MEAN else name(corruption)
    where = f"{under}, {f'severity {level}' if level else 'all severities'}"
    rows = table.assign(a=table["a"].map(compared.label), b=table["b"].map(compared.label))
    rows[["difference", "low", "high"]] *= 100
    over = "over seeds" if table["seeds"].max() > 1 else "over these images"
    layout.card(
        f"Differences on the selected images: {where}",
        compared.figure(("pairs on images", family, corruption, level), styles,
                        lambda: pair_charts.plain(both_ways(table), ranked, theme)),
        rows,
        "pairs",
        meanings={"a": "ticket", "b": "the ticket that it is compared with", "seeds": "seeds that both have",
                  "difference": "accuracy of the first ticket minus that of the second [points]"},
        percent=True,
        help="Accuracy of the row's ticket minus that of the column's on these images, in points, best first. The "
        f"hover has the 95 % interval, {over}.",
        caption=f"{NO_SAMPLE} Click a cell to select those that the row's ticket has right and the column's wrong.",
        on_select=lambda: mark(places, f"under {where}"),
        selection_mode="points",
        config=layout.QUIET,
    )  # fmt: skip


MEANINGS = {
    "accuracy": "mean corruption accuracy on the selected images [%]",
    "rest": "the same on all other test images [%]",
}
