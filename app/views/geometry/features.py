"""Maps: the features of each ticket on a plane, side by side; what is lassoed in one column is marked in all."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from analysis.metrics.neighbours import NEIGHBOURS
from app import load
from app.shell import layout
from app.shell.columns import of_table
from app.shell.per_sample import kept, pick_classes, with_labels
from app.shell.sections import Section
from app.shell.selection import Chosen, Selection
from app.views.geometry import measures
from app.views.geometry.charts import features as charts
from app.views.geometry.columns_choice import of_classes, pick_columns, samples_of
from app.views.geometry.marked import CONFIG, GROUP, pick_drag, show_marked

ABOUT_MAPS = {
    "umap": "UMAP of each ticket's features by itself: near means similar, but places differ between the columns.",
    "umap_joint": "UMAP of all tickets' features together: an image lies near the same place in each column.",
    "pca": "The two directions along which each ticket's features vary most.",
}


def show(selection: Selection) -> None:
    """Draw the section."""
    chosen = pick_columns(selection)
    samples = samples_of(selection, chosen) if chosen else pd.DataFrame()
    if samples.empty:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        labels = pick_classes(selection, selection.study.classes, width="content")
        kind = selection.pick("map", "Map", charts.MAPS, width="content")
        colouring = selection.pick("colour", "Coloured by", charts.COLOURINGS, width="content")
        pick_drag(selection)
    compared = samples["gap"].notna().any()
    samples = of_classes(samples, labels)
    if samples.empty:
        return
    with st.container(key=GROUP):
        _map(selection, chosen, samples, kind, colouring)
    show_marked(selection, chosen, samples, measures.CENTRED if compared else measures.RAW, "margin")


def _map(selection: Selection, chosen: list[Chosen], samples: pd.DataFrame, kind: str, colouring: str) -> None:
    study, styles, theme = selection.study, {ticket.id: ticket.style for ticket in chosen}, selection.theme
    columns = ["ticket_id", "sample", "x", "y", "trustworthiness", "recall"]
    places = load.table(study, "maps", ids=list(styles), columns=columns, where=f"kind = '{kind}'")
    if places.empty:
        layout.empty(
            f"There is no {charts.MAPS[kind]} map of these tickets.",
            "Maps are made when the study is measured.",
            f"python -m analysis run {study.path}",
        )
        return
    quality = places.groupby("ticket_id")[["trustworthiness", "recall"]].mean()
    placed = samples.merge(places, on=["ticket_id", "sample"])
    labels = tuple(sorted(samples["label"].unique().tolist()))
    what = (str(study.path), study.stamp, tuple(styles.items()), labels, theme.mode, "map", kind, colouring)
    figure = kept(what, lambda: charts.maps(placed, quality, styles, study.classes, theme, kind, colouring))
    layout.card(
        f"Map of the features: {charts.MAPS[kind]}",
        figure,
        partial(with_labels, placed, chosen),
        "maps",
        meanings=of_table("samples"),
        help=f"{ABOUT_MAPS[kind]} Trustworthiness (Venna & Kaski 2001): whether neighbours in the map are near among "
        f"the features too, 1 when all are. Recall: of an image's {NEIGHBOURS} nearest among the features, the share "
        f"that is among its {NEIGHBOURS} nearest in the map, the mean over images; where it is low, do not read "
        "neighbours off the map.",
        config=CONFIG,
    )


SECTION = Section(
    "geometry",
    "features",
    "Maps",
    30,
    show,
    "Which test images lie near one another in each ticket's feature space? Draw around points: the same images are "
    "marked in every column.",
)
