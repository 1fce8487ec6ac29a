"""Features: where each ticket puts the samples, side by side; what is lassoed in one chart is marked in all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from analysis.comparisons.marked_samples import compare_marked
from analysis.metrics.neighbours import NEIGHBOURS
from app import load
from app.assets import read
from app.linked import linked
from app.shell import layout
from app.shell.columns import of_table
from app.shell.per_sample import COLUMNS, kept, not_measured, pick_classes, with_labels
from app.shell.sections import Section
from app.shell.selection import Chosen, Selection
from app.views.geometry import measures
from app.views.geometry.charts import panels as charts
from app.views.geometry.measures import Measures

GROUP = "geometry-charts"
MOST = 4
PREFERRED = ("dense", "imp", "magnitude", "random")
CONFIG = {"modeBarButtonsToRemove": ["zoom2d", "pan2d", "autoScale2d", "zoomIn2d", "zoomOut2d"], "doubleClick": "reset"}
DRAGS = {"lasso": "Lasso", "select": "Box", "zoom": "Zoom"}
ABOUT_MAPS = {
    "umap": "UMAP of each ticket's features by itself: near means similar, but places differ between the columns.",
    "umap_joint": "UMAP of all tickets' features together: an image lies near the same place in each column.",
    "pca": "The two directions along which each ticket's features vary most.",
}

Figures = Callable[..., go.Figure]


def show(selection: Selection) -> None:
    """Draw the section."""
    if not selection.tickets:
        layout.empty("No ticket is chosen.", "Choose two to four in the grid at the left.")
        return
    chosen = _columns(selection)
    if not chosen:
        layout.empty("No column is chosen.", "Choose above which tickets to put side by side.")
        return
    samples = load.table(selection.study, "samples", ids=[ticket.id for ticket in chosen], columns=COLUMNS)
    if samples.empty:
        not_measured(selection)
        return
    unmeasured = [ticket.label for ticket in chosen if ticket.id not in set(samples["ticket_id"])]
    if unmeasured:
        st.caption(f":material/info: Not measured yet: {', '.join(unmeasured)}.")
    centred = load.table(selection.study, "geometry", ids=[ticket.id for ticket in chosen])
    samples = samples.merge(centred, on=["ticket_id", "sample"], how="left")
    classes = selection.study.classes
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        labels = pick_classes(selection, classes, width="content")
        help = "What dragging in a chart does. A double click clears the selection and the zoom."
        drag = selection.pick("drag", "Dragging", DRAGS, width="content", help=help)
        compared = samples["gap"].notna().any()
        measured = measures.choose(selection) if compared else measures.RAW
    if not compared:
        st.caption(
            ":material/info: These results are of an earlier version, with raw angles alone, which cannot be compared "
            f"between tickets; `python -m analysis run {selection.study.path}` adds the rest."
        )
    samples = samples[samples["label"].isin(labels)]
    if samples.empty:
        layout.empty("The test set has no sample of these classes.", "Pick others, or none for all.")
        return
    with st.container(key=GROUP):
        margin = _charts(selection, chosen, samples, classes, measured, drag)
    _marked(selection, chosen, samples, measured, margin)


def _columns(selection: Selection) -> list[Chosen]:
    """The two to four tickets side by side; when more are chosen at the left, a menu says which."""
    tickets = {ticket.key: ticket for ticket in selection.tickets}
    if len(tickets) <= MOST:
        return list(tickets.values())
    ranked = sorted(tickets.values(), key=lambda ticket: _preference(ticket.method))
    default = [ticket.key for ticket in ranked[:MOST]]
    keys = selection.pick_many(
        "columns",
        f"Side by side (at most {MOST} of the {len(tickets)} tickets chosen at the left)",
        {key: ticket.label for key, ticket in tickets.items()},
        default=default,
        kind="menu",
        max_selections=MOST,
    )
    if not keys and selection.option("columns") != "none":  # the link asks for tickets that are not chosen any more
        keys = default
    return [tickets[key] for key in keys[:MOST]]


def _preference(method: str) -> int:
    return PREFERRED.index(method) if method in PREFERRED else len(PREFERRED)


@st.fragment
def _marked(selection: Selection, chosen: list[Chosen], samples: pd.DataFrame, shown: Measures, margin: str) -> None:
    """What is marked, as numbers. Only this runs anew after a lasso: the browser has marked the charts already."""
    marked = linked(selection, GROUP)
    total = samples["sample"].nunique()
    count = samples.loc[samples["sample"].isin(marked), "sample"].nunique()
    if count:
        title = f"{count:,} of {total:,} samples selected: their means | means of the rest"
    else:
        title = f"Means of {total:,} samples; select some in a chart to compare them with the rest"
    compared = {
        "accuracy": ("Accuracy (%)", 100, 1),
        "confidence": ("Confidence (%)", 100, 1),
        shown.gap: ("Gap (°)", 1, 1),
        shown.angle: ("Angle (°)", 1, 1),
        shown.length: ("Length", 1, 2),
        margin: ("Margin", 1, 2),
    }
    compared = {name: how for name, how in compared.items() if name == "accuracy" or samples[name].notna().any()}
    table = with_labels(compare_marked(samples, [ticket.id for ticket in chosen], marked, list(compared)), chosen)
    rows = samples[samples["sample"].isin(marked)] if count else samples
    layout.table_card(
        title,
        _as_text(table, compared, parted=count > 0),
        "marked",
        data=lambda: with_labels(rows, chosen),
        help="The CSV has a row for each ticket and selected sample, or for all samples while none is selected.",
    )
    if marked:
        _bar(selection, count, len(marked) - count)


def _bar(selection: Selection, count: int, hidden: int) -> None:
    """A strip that floats at the lower edge while samples are marked."""
    st.html(f"<style>{read('linked.css')}</style>")
    with st.container(horizontal=True, vertical_alignment="center", key="marked-bar", width="content"):
        more = f" ({hidden:,} more in other classes)" if hidden else ""
        st.markdown(f"**{count:,} samples selected**{more}", width="content")
        st.button("Clear", key="clear-marked", icon=":material/close:", on_click=lambda: selection.set_samples(None))


def _as_text(table: pd.DataFrame, compared: Mapping[str, tuple[str, int, int]], parted: bool) -> pd.DataFrame:
    """The means as text: `31.2 | 24.8` for the marked and the rest, or the one number while nothing is marked.

    `compared` is measure -> its heading, what it is multiplied by, and its decimals.
    """
    shown = pd.DataFrame({"Ticket": table["ticket"]})
    for measure, (heading, scale, digits) in compared.items():
        own, rest = ((scale * table[part]).map(f"{{:.{digits}f}}".format) for part in (measure, f"{measure}_rest"))
        shown[heading] = own + "  |  " + rest if parted else rest
    return shown


def _charts(
    selection: Selection,
    chosen: list[Chosen],
    samples: pd.DataFrame,
    classes: tuple[str, ...],
    measured: Measures,
    drag: str,
) -> str:
    """Draw the charts; returns which margin they show."""
    styles = {ticket.id: ticket.style for ticket in chosen}
    colours = selection.theme
    shown = tuple(sorted(samples["label"].unique().tolist()))
    what = (str(selection.study.path), selection.study.stamp, tuple(styles.items()), shown, colours.mode)

    def figure(name: str, make: Figures, *more: str) -> go.Figure:
        return kept((*what, name, *more), make).update_layout(dragmode=drag)

    rows = partial(with_labels, samples, chosen)
    axes = measured.length, measured.over_length
    layout.card(
        measured.title,
        figure("angle", lambda: charts.angle_length(samples, styles, classes, colours, *axes), *axes),
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
        figure("margin", lambda: charts.margins(samples, styles, classes, colours, margin), margin),
        rows,
        "margins",
        meanings=of_table("samples"),
        help="Where the prediction is right, the distance of the feature to the nearest decision boundary; left of "
        f"zero it is wrong. {measures.ABOUT_MARGINS} Each image is a point under the density; its height has no "
        "meaning.",
        config=CONFIG,
    )
    _map(selection, chosen, samples, classes, figure, margin)
    return margin


def _map(
    selection: Selection,
    chosen: list[Chosen],
    samples: pd.DataFrame,
    classes: tuple[str, ...],
    figure: Figures,
    margin: str,
) -> None:
    study, styles = selection.study, {ticket.id: ticket.style for ticket in chosen}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        kind = selection.pick("map", "Map", charts.MAPS, width="content")
        colouring = selection.pick("colour", "Coloured by", charts.COLOURINGS, width="content")
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
    look = kind, colouring, margin
    layout.card(
        f"Map of the features: {charts.MAPS[kind]}",
        figure("map", lambda: charts.maps(placed, quality, styles, classes, selection.theme, *look), *look),
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
    "Features",
    10,
    show,
    "Where do the test images lie in each ticket's feature space? Draw around points in any chart: the same images are "
    "marked in all.",
)
