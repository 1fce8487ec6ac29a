"""What is marked in the charts of a section: the charts' link, and the means of what is marked."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from analysis.comparisons.marked_samples import compare_marked
from app.linked import linked
from app.pictures.sprites import send
from app.shell import layout
from app.shell.guard import fragment
from app.shell.per_sample import with_labels
from app.shell.selection import Chosen, Selection
from app.views.geometry.measures import Measures

GROUP = "geometry-charts"
"""The key of the container of the charts that are linked."""

CONFIG = {"modeBarButtonsToRemove": ["zoom2d", "pan2d", "autoScale2d", "zoomIn2d", "zoomOut2d"], "doubleClick": "reset"}
DRAGS = {"lasso": "Lasso", "select": "Box", "zoom": "Zoom"}


def pick_drag(selection: Selection) -> None:
    """The widget for what dragging in a linked chart does: `show_marked` tells it to the charts."""
    help = "What dragging in a chart does. A double click clears the selection and the zoom."
    selection.pick("drag", "Dragging", DRAGS, width="content", help=help)


@fragment
def show_marked(
    selection: Selection, chosen: list[Chosen], samples: pd.DataFrame, shown: Measures, margin: str
) -> None:
    """What is marked, as numbers. Only this runs anew after a lasso: the browser has marked the charts already."""
    send(selection.study)
    marked = linked(selection, GROUP, selection.option("drag", "lasso", list(DRAGS)))
    total = samples["sample"].nunique()
    count = samples.loc[samples["sample"].isin(marked), "sample"].nunique()
    if count:
        hidden = len(marked) - count
        more = f" ({hidden:,} more in other classes)" if hidden else ""
        title = f"{count:,} of {total:,} images selected{more}: their means | means of the rest"
    else:
        title = f"Means of {total:,} images; select some in a chart to compare them with the rest"
    compared = {
        "accuracy": ("Accuracy (%)", 100, 1),
        "confidence": ("Confidence (%)", 100, 1),
        shown.gap: ("Gap (°)", 1, 1),
        shown.angle: ("Angle (°)", 1, 1),
        shown.length: ("Length (1 = clean)", 1, 2),
        margin: ("Margin", 1, 2),
    }
    compared = {
        name: how
        for name, how in compared.items()
        if name == "accuracy" or (name in samples and samples[name].notna().any())
    }
    table = with_labels(compare_marked(samples, [ticket.id for ticket in chosen], marked, list(compared)), chosen)
    rows = samples[samples["sample"].isin(marked)] if count else samples
    with st.container() if count else st.expander(title):
        layout.table_card(
            title,
            _as_text(table, compared, parted=count > 0),
            "marked",
            data=lambda: with_labels(rows, chosen),
            meanings={"label": "number of the image's class, from 0"},
            help="The CSV has a row for each ticket and selected image, or for all images while none is selected.",
        )


def _as_text(table: pd.DataFrame, compared: Mapping[str, tuple[str, int, int]], parted: bool) -> pd.DataFrame:
    """The means as text: `31.2 | 24.8` for the marked and the rest, or the one number while nothing is marked.

    `compared` is measure -> its heading, what it is multiplied by, and its decimals.
    """
    shown = pd.DataFrame({"Ticket": table["ticket"]})
    for measure, (heading, scale, digits) in compared.items():
        own, rest = ((scale * table[part]).map(f"{{:.{digits}f}}".format) for part in (measure, f"{measure}_rest"))
        shown[heading] = own + "  |  " + rest if parted else rest
    return shown
