"""Samples: the images themselves, those that pruning makes fragile first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.fragility import Exchanged, exchanged, fragile_samples, hardest_corruption
from analysis.comparisons.image_query import OfClass, text
from analysis.corruptions import CORRUPTIONS, corrupt
from analysis.corruptions.conditions import CLEAN
from app import load
from app.assets import read
from app.charts.names import name, ordered
from app.condition import chosen_condition
from app.inspector.asked import asked, inspect
from app.inspector.order import offer
from app.pictures.grid import Item, gallery, picture
from app.pictures.offer import pictures
from app.pictures.study_images import Pictures
from app.selected.asked import asked as asked_of
from app.shell import layout
from app.shell.left_out import wholly
from app.shell.per_sample import COLUMNS, not_measured, pick_classes, with_labels
from app.shell.selection import Chosen, Selection
from app.views.samples import brush, one_condition, paging, together
from app.views.samples.charts import predictions as charts
from app.views.samples.ordered import Ordered, lost_in_words
from app.views.samples.readings import readings
from app.views.samples.unmeasured import note_unmeasured

SEED = 0  # what the evaluation corrupts with: the pictures are those that the tickets were shown
BITS = ["ticket_id", "corruption", "severity", "n", "offsets"]
ORDER = {
    "lost": "pairs of a ticket and a condition in which the ticket is wrong and the baseline right",
    "fragility": "lost as a share of all pairs [fraction]",
    "wrong": "pairs in which the ticket is wrong, whatever the baseline",
    "pairs": "pairs of a ticket and a condition in all",
    "label": "true class",
}
"""What the columns of the images' order mean."""
FRAGILE = (
    "The bar: fragility, the share of conditions and tickets under which the image is misclassified while the baseline "
    "classifies it correctly."
)
PREDICTED = ["ticket_id", "corruption", "severity", "prediction", "confidence"]


def show(selection: Selection) -> None:
    """Draw the page."""
    layout.page_title(
        "Samples", "Which images does pruning misclassify? The most fragile come first; click one to see it closely."
    )
    selection = wholly(selection)
    chosen = _tickets(selection)
    if not selection.tickets:
        layout.empty("No ticket is chosen.", "Choose some in the grid at the left.")
        return
    samples = load.table(selection.study, "samples", ids=[ticket.id for ticket in chosen], columns=COLUMNS)
    if samples.empty or not selection.detail:
        not_measured(selection)
        return
    classes = selection.study.classes
    if selection.option("among") != "one":  # under one condition its choosers say it
        note_unmeasured(chosen, set(samples["ticket_id"]))
    data = pictures(selection.study, samples["sample"].to_numpy(), samples["label"].to_numpy())
    order = _choose(selection, chosen, samples, classes, data is not None)
    one = selection.option("among") == "one"
    said = together.sentence(selection, chosen, samples) if one else _exchanged(selection, chosen)
    if said:
        st.markdown(said)
    brush.show(selection, chosen, data is not None)
    if one:
        together.show(selection, chosen, samples)
    if order.table.empty:
        layout.empty("No image fits.", "Pick other classes, or show all images rather than the selected ones.")
        return
    offer(order.table["sample"].to_numpy())
    picked = paging.picked(selection, order.table)
    rows = _predictions(selection, chosen, samples, picked)
    label = int(samples.loc[samples["sample"] == picked, "label"].iloc[0])
    # The inspector takes the room of the second column.
    left, right = (st.container(), st.container()) if asked(selection) is not None else st.columns([5, 7], gap="medium")
    with left:
        _gallery(selection, order, picked, classes, data, _readings(selection, chosen, samples, order))
    with right:
        _detail(selection, chosen, rows, picked, label, classes, data)
    if set(rows["corruption"]) != {"clean"}:
        # where a box says that the pictures are not here, the page is tall enough without it
        folded = data is None or selection.option("among") == "one"
        _all_conditions(selection, chosen, rows, picked, label, classes, folded)


def _tickets(selection: Selection) -> list[Chosen]:
    """The baseline first, then the chosen tickets."""
    first = [selection.baseline] if selection.baseline else []
    return first + [ticket for ticket in selection.tickets if ticket.id not in {other.id for other in first}]


def _choose(
    selection: Selection, chosen: list[Chosen], samples: pd.DataFrame, classes: tuple[str, ...], images: bool
) -> Ordered:
    """The filters, and the images that they leave, in order."""
    marked = selection.samples
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        one = selection.pick("among", "Conditions", {"all": "All", "one": "One"}, width="content") == "one"
        order = (
            one_condition.choose(selection, chosen, samples, images) if one else _over_all(selection, chosen, samples)
        )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        if marked is not None:
            sources = {"selected": f"Selected ({len(marked):,})", "all": "All"}
            if selection.pick("source", "Images", sources, width="content") == "all":
                marked = None
        labels = pick_classes(selection, classes, width="content")
        table = order.table[order.table["label"].isin(labels)]
        table = table[table["sample"].isin(marked)] if marked is not None else table
        query = order.query
        if len(labels) < len(classes):
            query = (OfClass(tuple(asked_of(selection).classes[label] for label in labels)), *query)
        if query and len(table) and (marked is None or len(table) < len(marked)):
            st.button(
                f"Select these {len(table):,}", icon=":material/filter_alt:", key="select-these", type="tertiary",
                help="Every page knows of the selected images.", on_click=selection.set_samples,
                args=(table["sample"].to_numpy(), text(query), "replace" if marked is None else "intersect"),
            )  # fmt: skip
    return replace(order, table=table)


def _over_all(selection: Selection, chosen: list[Chosen], samples: pd.DataFrame) -> Ordered:
    """The most fragile first: sample, lost, fragility, wrong, pairs, label."""
    base = selection.baseline or chosen[0]
    others = {ticket.key: ticket for ticket in chosen if ticket.id != base.id}
    options = {"all": "all chosen tickets"} | {key: ticket.label for key, ticket in others.items()}
    key = selection.pick("lost-by", f"Correct for {base.label}, misclassified by", options, kind="select", width=240)
    compared = tuple(ticket.id for ticket in others.values() if key in ("all", ticket.key))
    truth = samples.drop_duplicates("sample").set_index("sample")["label"]
    table = _fragile(selection.study.path, selection.study.stamp, base.id, compared, truth)
    lost = [
        f"newly misclassified in {row.lost} of {row.pairs} predictions" if row.pairs else "not compared"
        for row in table.itertuples()
    ]
    table = table.assign(told=lost, note=[f"#{sample}" for sample in table["sample"]], share=table["fragility"])
    compared_any = bool((table["pairs"] > 0).any())
    return Ordered(table, ", most fragile first" if compared_any else ", none of them compared", FRAGILE, ORDER)


@st.cache_data(max_entries=32, show_spinner=False)
def _fragile(path: Path, stamp: str, baseline: str, tickets: tuple[str, ...], _labels: pd.Series) -> pd.DataFrame:
    rows = load.results(path).table("conditions", ids=[baseline, *tickets], columns=BITS)
    return fragile_samples(rows, baseline, tickets, _labels)


def _exchanged(selection: Selection, chosen: list[Chosen]) -> str:
    """How many images the tickets lose against the baseline, as markdown; "" where there is nothing to compare."""
    base = selection.baseline or chosen[0]
    tickets = tuple(ticket.id for ticket in chosen if ticket.id != base.id)
    found = _lost(selection.study.path, selection.study.stamp, base.id, tickets)
    return lost_in_words(found, base.label) if found is not None else ""


@st.cache_data(max_entries=32, show_spinner=False)
def _lost(path: Path, stamp: str, baseline: str, tickets: tuple[str, ...]) -> Exchanged | None:
    rows = load.results(path).table("conditions", ids=[baseline, *tickets], columns=BITS)
    return exchanged(rows, baseline, tickets)


def _gallery(
    selection: Selection,
    order: Ordered,
    picked: int,
    classes: tuple[str, ...],
    data: Pictures | None,
    said: Mapping[int, str],
) -> None:
    page, count = paging.shown(selection, order.table)
    with st.container(border=True, key="card-gallery"):
        layout.header(order.title, order.rows, "gallery", order.help, images=False, meanings=order.meanings)
        shown = paging.on_page(selection, order.table)
        items = [_item(row._asdict(), classes, data, said) for row in shown.itertuples(index=False)]
        gallery(items, picked, selection.theme.bad, partial(inspect, selection))
        if count > 1:
            paging.pager(selection, page, count)


def _readings(selection: Selection, chosen: list[Chosen], samples: pd.DataFrame, order: Ordered) -> Mapping[int, str]:
    """What the hover of each picture says of the tickets: under the condition where one is looked at, else clean."""
    condition = chosen_condition(selection) if selection.option("among") == "one" else CLEAN
    rows = one_condition.stored(selection, chosen, samples, condition)
    images = paging.on_page(selection, order.table)["sample"]
    return readings(rows, chosen, selection.study.classes, images, condition)


def _item(row: Mapping[str, Any], classes: tuple[str, ...], data: Pictures | None, said: Mapping[int, str]) -> Item:
    sample, label = int(row["sample"]), classes[int(row["label"])]
    image = picture(data.images[sample].numpy()) if data is not None else ""
    title = "\n".join(filter(None, [f"Image {sample}, {label}: {row['told']}", said.get(sample, "")]))
    return Item(sample, image, title, label, row["note"], float(row["share"]))


def _predictions(selection: Selection, chosen: list[Chosen], samples: pd.DataFrame, picked: int) -> pd.DataFrame:
    """`PREDICTED` of one sample by every ticket under every condition, clean included."""
    ids = [ticket.id for ticket in chosen]
    rows = load.table(selection.study, "corrupted", ids=ids, columns=PREDICTED, where=f"sample = {picked}")
    if (rows["corruption"] == "clean").any():
        return rows
    clean = samples[samples["sample"] == picked].assign(corruption="clean", severity=0)
    return pd.concat([clean[PREDICTED], rows], ignore_index=True)


def _detail(
    selection: Selection,
    chosen: list[Chosen],
    rows: pd.DataFrame,
    picked: int,
    label: int,
    classes: tuple[str, ...],
    data: Pictures | None,
) -> None:
    """The picked sample under one corruption, clean and at each severity, with every ticket's predictions."""
    styles = {ticket.id: ticket.style for ticket in chosen}
    present = [corruption for group in ordered(rows["corruption"]) for corruption in group]
    with st.container(border=True, key="card-sample"):
        help = "A cell: the prediction and its confidence. Blue is correct, orange with ✗ misclassified."
        layout.header(
            f"Image {picked}: {classes[label]}", lambda: with_labels(rows, chosen), "sample", help, images=False
        )
        corruption = None
        if present:
            names = {corruption: name(corruption) for corruption in present}
            looked_at = chosen_condition(selection)[0]
            default = looked_at if looked_at in names else hardest_corruption(rows, label)
            help = "At first the one that is chosen, or else the one with the most misclassifications."
            corruption = selection.pick(
                "seen", "Corruption", names, default=default, kind="select", width=260, help=help
            )
        under = rows[rows["corruption"].isin(["clean", corruption])]
        columns = _pictures(data, picked, corruption, sorted({0, *under["severity"].astype(int)}))
        st.html(f"<style>{read('readings.css')}</style>")
        st.html(charts.predictions(under, styles, columns, label, classes, selection.theme))
        if not present:
            st.caption("These tickets have not been measured on corrupted images yet.")


def _pictures(data: Pictures | None, sample: int, corruption: str | None, levels: list[int]) -> dict[int, str]:
    """Severity -> picture, made anew: the very one that was evaluated. "" where it cannot be shown."""
    if data is None:
        return dict.fromkeys(levels, "")
    found = {}
    for level in levels:
        image = data.images[sample : sample + 1]
        if level and corruption is not None and corruption in CORRUPTIONS:
            image = corrupt(image, corruption, level, seed=SEED, index=[sample])
        found[level] = picture(np.asarray(image[0])) if not level or corruption in CORRUPTIONS else ""
    return found


def _all_conditions(
    selection: Selection,
    chosen: list[Chosen],
    rows: pd.DataFrame,
    picked: int,
    label: int,
    classes: tuple[str, ...],
    folded: bool,
) -> None:
    layout.card(
        f"Image {picked} under every condition",
        lambda: charts.conditions(
            rows, {ticket.id: ticket.style for ticket in chosen}, label, classes, selection.theme
        ),
        lambda: with_labels(rows, chosen),
        "conditions",
        folded=folded,
        help="Blue: correct; orange: misclassified; the stronger, the higher the confidence. Severity rises to the "
        "right within each corruption.",
    )
