"""Below the matrices of Global: a ticket's images by class along all angles, and what the answer rests on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.class_geometry import profiles
from analysis.engine.live import Features
from app.shell import layout
from app.shell.folds import fold
from app.shell.selection import Chosen
from app.views.geometry.charts.parallel import parallel
from app.views.geometry.class_view import MOST_CLASSES, View

MOST_AXES = 20
"""Classes, beyond which parallel coordinates cannot be read."""
MEANINGS = {
    "true": "the true class, or cluster of classes",
    "other": "the class that it is taken for, or whose direction it is",
    "errors": "images of the true class wrongly taken for the other, or points more than the baseline [%]",
    "angles": "mean over the images of the true class, of what the chart says of the other's direction",
    "cosines": "cosine between the two class directions",
    "class": "the class",
    "share": "of the errors, the share that the class takes; or of its images, the share that is wrong [fraction]",
    "expected": "the share if all classes were alike [fraction]",
    "n": "errors, or images of the class, the mean over trainings",
    "stands_out": "whether it is shown to be more than that, after correction over classes and tickets",
    "p": "p value of the class not standing out, corrected over the classes; of being hit harder over tickets too",
    "axis": "the class direction by number; length: of the feature; gap: to the nearest other direction less own",
    **{
        f"q{each}": f"{each} % quantile of the images [degrees; length: feature units]" for each in (10, 25, 50, 75, 90)
    },
}


def show_profiles(view: View, ticket: Chosen) -> None:
    """The images of the ticket by class, along the angles to all directions."""
    if view.images is None or len(view.classes) > MOST_AXES or not np.isfinite(view.weight(ticket)).any():
        return
    with fold(f"Parallel coordinates: a class of {ticket.label} along the angles to all directions") as opened:
        seen = view.seen(ticket) if opened else None
        if seen is not None and np.isfinite(seen.features).any():
            _profile_card(view, ticket, seen)
        elif opened:
            layout.empty("No feature of this ticket is finite under this condition.")


def _profile_card(view: View, ticket: Chosen, seen: Features) -> None:
    order = [int(label) for label in view.tree.leaves]
    spread = view.computed(("profiles", ticket.id, view.condition, view.centred, view.ordered_by.id),
                           lambda: profiles(seen, view.mean(ticket), order))  # fmt: skip
    wrong = [
        float((~seen.right[seen.labels == label]).mean()) if (seen.labels == label).any() else 0.0 for label in order
    ]
    usual = order[int(np.argmax(wrong))]
    options = {str(label): view.classes[label] for label in sorted(order)}
    picked = int(view.selection.option("global-class", str(usual), list(options)))
    count = int((seen.labels == picked).sum())
    layout.card(
        f"{ticket.label}: how the images of {layout.plain(view.classes[picked])} lie to all class directions",
        parallel(spread, order, view.classes, picked, view.selection.theme),
        spread,
        "global-parallel",
        help="Parallel coordinates: an axis a class direction, then the gap (angle to the nearest other direction less "
        "that to the own) and the length of the feature. A line joins the medians of a class's images; of the class "
        "chosen the middle 50 and 80 % of its images are shaded. An own direction that is not the lowest axis of its "
        "class says whom it is taken for.",
        caption=f"{count:,} images of {layout.plain(view.classes[picked])}, of which "
        f"{100 * wrong[order.index(picked)]:.0f} % are wrong; grey: the medians of the other classes. The class shown "
        "at first is the one with most images wrong.",
        controls=lambda: view.selection.pick("global-class", "Class", options, default=str(usual),
                                             kind="pills" if len(options) <= 12 else "select", width="content"),
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip


def show_evidence(view: View, taken: pd.DataFrame, wrong: pd.DataFrame) -> None:
    """What the sentences rest on, class by class."""
    labels = {ticket.key: ticket.label for ticket in view.tickets}
    with fold("Class by class: what the sentences rest on") as opened:
        if opened:
            for table, title, key in (
                (taken, "Share of the errors that each class takes", "global-sinks"),
                (wrong, "Share of each class's images that is wrong", "global-wrong"),
            ):
                rows = table.sort_values("share", ascending=False).groupby("key", sort=False).head(MOST_CLASSES)
                shown = pd.DataFrame({
                    "ticket": rows["key"].map(labels), "class": [view.classes[label] for label in rows["class"]],
                    **{name: 100 * rows[name] for name in ("share", "low", "high", "expected")},
                    "n": rows["n"], "p": rows["p"], "stands_out": rows["stands_out"],
                })  # fmt: skip
                number = st.column_config.NumberColumn
                config = {
                    "ticket": "Ticket", "class": "Class", "share": number("Share (%)", format="%.1f"),
                    "low": number("From (%)", format="%.1f"), "high": number("To (%)", format="%.1f"),
                    "expected": number("If all were alike (%)", format="%.1f"), "n": number("Of", format="%.0f"),
                    "p": number("p", format="%.3f"), "stands_out": st.column_config.CheckboxColumn("Stands out"),
                }  # fmt: skip
                layout.table_card(title, shown, key, columns=config, height=280)
