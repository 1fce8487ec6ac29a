"""Local: how each image lies to the class directions, ticket beside ticket; what is lassoed in one chart is marked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from app.shell import layout
from app.shell.columns import of_table
from app.shell.per_sample import kept, pick_classes, with_labels
from app.shell.sections import Section
from app.shell.selection import Chosen, Selection
from app.views.geometry import measures
from app.views.geometry.charts import local as charts
from app.views.geometry.columns_choice import of_classes, pick_columns, samples_of
from app.views.geometry.marked import CONFIG, GROUP, pick_drag, show_marked
from app.views.geometry.measures import Measures


def show(selection: Selection) -> None:
    """Draw the section."""
    chosen = pick_columns(selection)
    samples = samples_of(selection, chosen) if chosen else pd.DataFrame()
    if samples.empty:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        labels = pick_classes(selection, selection.study.classes, width="content")
        pick_drag(selection)
        compared = samples["gap"].notna().any()
        measured = measures.choose(selection) if compared else measures.RAW
    if not compared:
        st.caption(
            ":material/info: These results are of an earlier version, with raw angles alone, which cannot be compared "
            f"between tickets; `python -m analysis run {selection.study.path}` adds the rest."
        )
    samples = of_classes(samples, labels)
    if samples.empty:
        return
    with st.container(key=GROUP):
        margin = _charts(selection, chosen, samples, measured)
    show_marked(selection, chosen, samples, measured, margin)


def _charts(selection: Selection, chosen: list[Chosen], samples: pd.DataFrame, measured: Measures) -> str:
    """Draw the charts; returns which margin they show."""
    styles, study = {ticket.id: ticket.style for ticket in chosen}, selection.study
    classes, theme = study.classes, selection.theme
    labels = tuple(sorted(samples["label"].unique().tolist()))
    what = (str(study.path), study.stamp, tuple(styles.items()), labels, theme.mode)

    def figure(make: Callable[[], go.Figure], *more: str) -> go.Figure:
        return kept((*what, *more), make)

    rows = partial(with_labels, samples, chosen)
    axes = measured.length, measured.over_length
    layout.card(
        measured.title,
        figure(lambda: charts.angle_length(samples, styles, classes, theme, *axes), "angle", *axes),
        rows,
        "angle-length",
        meanings=of_table("samples"),
        help="A point is a test image: how its feature (the input of the classifier) lies to the class directions, "
        f"against the feature's length. {measures.ABOUT_ANGLES} Lengths of the directions and biases decide too, so "
        "such an image may still be right. Shades: highest-density regions of 10, 30, 50, 70 and 90 % of the images.",
        config=CONFIG,
    )
    margin = measures.choose_margin(selection) if measured != measures.RAW else "margin"
    layout.card(
        "Margin: signed distance to the decision boundary",
        figure(lambda: charts.margins(samples, styles, classes, theme, margin), "margin", margin),
        rows,
        "margins",
        meanings=of_table("samples"),
        help="Where the prediction is right, the distance of the feature to the nearest decision boundary; left of "
        f"zero it is wrong. {measures.ABOUT_MARGINS} Each image is a point under the density; its height has no "
        "meaning.",
        config=CONFIG,
    )
    return margin


SECTION = Section(
    "geometry",
    "local",
    "Local",
    10,
    show,
    "How do the test images lie to the class directions of each ticket? Draw around points in any chart: the same "
    "images are marked in all.",
)
