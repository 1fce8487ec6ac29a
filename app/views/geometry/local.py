"""Local: where each image lies among the class directions, and how a corruption, or pruning, moves it."""

from __future__ import annotations

import streamlit as st

from analysis.comparisons.local_geometry import CELL, CLASS
from app.condition import condition_text, pick_condition
from app.shell import layout
from app.shell.columns import of_table
from app.shell.folds import fold
from app.shell.left_out import with_features
from app.shell.per_sample import pick_classes
from app.shell.sections import Section
from app.shell.selection import Chosen, Selection
from app.views.geometry import measures
from app.views.geometry.charts import local as charts
from app.views.geometry.columns_choice import of_classes, pick_columns
from app.views.geometry.local_images import Panel, images_under
from app.views.geometry.local_losses import Losses
from app.views.geometry.local_views import moves_card, pair_card, pick_pair
from app.views.geometry.marked import CONFIG, GROUP, pick_drag, show_marked

POINTS, MOVES, PAIR = "points", "moves", "pair"
VIEWS = {POINTS: "Where images lie", MOVES: "How they move", PAIR: "Two classes"}
ABOUT_VIEWS = (
    "Where images lie: gap or angle against length. How they move: the change from the clean images, or from the "
    "baseline. Two classes: on which side of the boundary between the two their images lie."
)
FORMS = {CELL: "Arrows by place", CLASS: "Arrows by class", "density": "Density"}
STARTS = {"clean": "Clean images", "baseline": "The baseline"}


def show(selection: Selection) -> None:
    """Draw the section."""
    selection = with_features(selection)
    chosen = pick_columns(selection)
    if not chosen:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        condition = pick_condition(selection)
        view = selection.pick("local", "Show", VIEWS, width="content", help=ABOUT_VIEWS)
        start, form = _pick_moves(selection, condition[1] > 0) if view == MOVES else ("clean", CELL)
    images = images_under(selection, _with_baseline(selection, chosen), condition)
    if images is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        pair = pick_pair(selection) if view == PAIR else None
        labels = pick_classes(selection, selection.study.classes, width="content")
        measured, drawn = measures.RAW, measures.choose_angle(selection) if images.centred else "angle"
        with st.popover("Options", icon=":material/tune:"):
            if images.centred:
                measured = measures.choose_vectors(selection, drawn)
            colouring = selection.pick("coloured", "Coloured by", charts.COLOURINGS, width="content")
            pick_drag(selection)
    ids = [ticket.id for ticket in chosen]
    rows = of_classes(images.here[images.here["ticket_id"].isin(ids)], labels)
    if rows.empty:
        return
    panel = Panel(selection, chosen, images, rows, measured)
    reference = selection.baseline if start == "baseline" or not images.corrupted else None
    losses = Losses.of(panel, reference) if images.centred else None
    if losses is not None:
        st.markdown(losses.answer())
    with st.container(key=GROUP):
        if view == MOVES:
            moves_card(panel, reference, form)
        elif pair is not None:
            pair_card(panel, pair)
        else:
            _points_card(panel, colouring)
        with fold("Margins: how far images are from the decision boundary", "margins") as opened:
            if opened:
                _margins_card(panel)
    if losses is not None:
        losses.cards()
    show_marked(selection, chosen, rows, measured, _margin(panel))


def _pick_moves(selection: Selection, corrupted: bool) -> tuple[str, str]:
    """From where images move, and how that is drawn. Clean images have moved from those of the baseline alone."""
    start = selection.pick("moved-from", "From", STARTS, width="content") if corrupted else "baseline"
    return start, selection.pick("moved-as", "As", FORMS, width="content")


def _with_baseline(selection: Selection, chosen: list[Chosen]) -> list[Chosen]:
    baseline = selection.baseline
    return chosen if baseline is None or baseline.id in {each.id for each in chosen} else [*chosen, baseline]


def _points_card(panel: Panel, colouring: str) -> None:
    measured, images = panel.measured, panel.images
    axes = measured.length, measured.over_length
    clean = images.clean[images.clean["label"].isin(panel.labels)] if images.corrupted else None
    classes, theme = panel.selection.study.classes, panel.selection.theme
    layout.card(
        f"{measured.title}: {condition_text(images.condition).lower()}",
        panel.figure(lambda: charts.angle_length(panel.rows, panel.styles, classes, theme, *axes, colouring, clean),
                     "points", *axes, colouring),
        panel.labelled,
        "angle-length",
        meanings=of_table("samples") | of_table("geometry"),
        help="A point is a test image: how its feature (the input of the classifier) lies to the class directions, "
        f"against the feature's length, in units of its mean over the ticket's clean images. {measures.ABOUT_ANGLES} "
        "Lengths of the directions and biases decide too, so such an image may still be right. Shades: highest-density "
        "regions of 10, 30, 50, 70 and 90 % of the images; the outline holds 50 and 90 % of the clean ones. Densities "
        "of either axis stand at its edge.",
        caption=panel.whose,
        config=CONFIG,
    )  # fmt: skip


def _margin(panel: Panel) -> str:
    """The column of the margin that is chosen."""
    return "margin" if panel.measured == measures.RAW else measures.margin_of(panel.selection)


def _margins_card(panel: Panel) -> None:
    selection = panel.selection
    if panel.measured != measures.RAW:
        measures.choose_margin(selection)
    margin = _margin(panel)
    layout.card(
        "Margin: signed distance to the decision boundary",
        panel.figure(lambda: charts.margins(panel.rows, panel.styles, selection.study.classes, selection.theme, margin),
                     "margin", margin),
        panel.labelled,
        "margins",
        meanings=of_table("samples") | of_table("geometry"),
        help="Where the prediction is right, the distance of the feature to the nearest decision boundary; left of "
        f"zero it is wrong. {measures.ABOUT_MARGINS} Each image is a point under the density; its height has no "
        "meaning.",
        config=CONFIG,
    )  # fmt: skip


SECTION = Section(
    "geometry",
    "local",
    "Local",
    10,
    show,
    "What turns the images away from their class, what shortens them, and which class suffers? Draw around points: the "
    "same images are marked in all charts.",
)
