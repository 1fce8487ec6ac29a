"""Attribution: which pixels turn the feature of an image, ticket beside ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.attribution import Fill, Method, Way
from analysis.comparisons.ticket_attribution import TicketMaps
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.engine.images import TestImages
from analysis.metrics.attribution import Patches
from app import live
from app.condition import condition_text, pick_condition
from app.pictures.grid import Item, gallery, picture
from app.shell import layout
from app.shell.folds import fold
from app.shell.left_out import without_networks
from app.shell.sections import Section
from app.shell.selection import Chosen, Selection
from app.shell.theme import Style
from app.views.geometry.attribution_maps import MOST_IMAGES, Asked, candidates, picture_of, ticket_maps
from app.views.geometry.attribution_words import UNITS, answer, note, taken_for
from app.views.geometry.charts import attribution as charts
from app.views.geometry.columns_choice import pick_columns

MEASURES = {"gap": "Gap", "length": "Length"}
SHOWN = {"effect": "Each ticket", "against": "Minus the baseline"}
METHODS: dict[str, str] = {"occlusion": "Hidden patches", "integrated": "Integrated gradients", "gradient": "Gradient"}
FILLS = {"blur": "Blurred image", "mean": "Mean colour"}
PATCHES = {"9": 1 / 9, "7": 1 / 7, "4": 1 / 4}
STEPS = {"half": "Half a patch", "quarter": "A quarter"}
STRIP = 12
BARS = {
    "occlusion": "lost where hidden",
    "integrated": "the pixel's part",
    "gradient": "by a tenth more light",
}
ABOUT = {
    "gap": "The gap is the angle to the nearest other class direction minus that to the own, centred. Blue pixels hold "
    "the feature at its class, orange ones turn it away.",
    "length": "The length is that of the feature less the mean feature, and effects are given in per cent of it. Blue "
    "pixels lengthen the feature, orange ones shorten it.",
}
ABOUT_WAYS = {
    "occlusion": "Square patches are hidden one after the other; a pixel has the mean of those that cover it (Zeiler & "
    "Fergus 2014).",
    "integrated": "The gradient, summed on the straight way from what stands in its place to the image; the pixels' "
    "parts sum to the whole change (Sundararajan et al. 2017).",
    "gradient": "The gradient by each pixel, summed over the colours: what a tenth of the range of brightness adds.",
}
MEANINGS = {
    "gap": "gap of the image, the mean over seeds [degrees]",
    "length": "length of the feature less the mean feature, the mean over seeds",
    "taken_for": "the classes predicted, by how many seeds and images",
    "likeness": "cosine of the angle between the ticket's mean map and the baseline's, -1 to 1",
    "own": "the same between two seeds of the ticket, the mean over pairs",
    "p": "p value of the hypothesis that both lean on the same pixels, at any strength",
    "differs": "whether the ticket leans on other pixels than the baseline, after Holm's correction",
    "over": "what the test speaks of: seeds, and it is of methods; images, and it is of these networks",
}
"""What the columns of the table mean."""
PIXELS = {
    "condition": "clean, or the corruption and its severity",
    "row": "pixel from the top, from 0",
    "column": "pixel from the left, from 0",
    "effect": "what the pixel adds, the mean over seeds [° of the gap, % of the length]",
    "beyond": "whether that is beyond the noise over seeds",
}
"""What the columns of the maps mean."""


def show(selection: Selection) -> None:
    """Draw the section."""
    selection = without_networks(selection)
    columns = pick_columns(selection)
    if not columns:
        return
    images = live.images(selection.study)
    if images is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        condition = pick_condition(selection)
        measure = selection.pick("attribution-of", "Effect on", MEASURES, width="content")
        shown = selection.pick("attribution-shown", "Shown", SHOWN, width="content")
        several = _pick_several(selection)
        way = _pick_way(selection, min(images.images.shape[2:]))
    tickets = _tickets(selection, columns)
    order = candidates(selection, images, tickets, condition)
    samples, label = _samples(selection, images, order, several)
    asked = Asked(selection, images, tickets, tickets[0].key, samples, label, way, measure)
    found = {each: ticket_maps(asked, each) for each in dict.fromkeys([CLEAN, condition])}
    _answered(asked, found, condition, shown == "against" and len(tickets) > 1)
    if not several:
        _strip(selection, images, order, samples[0], condition)


def _tickets(selection: Selection, columns: Sequence[Chosen]) -> list[Chosen]:
    """The baseline first, then the others."""
    base = selection.baseline or columns[0]
    return [base, *(ticket for ticket in columns if ticket.key != base.key)]


def _pick_several(selection: Selection) -> bool:
    """Whether the mean over the marked images is asked for; nothing to choose while none is marked."""
    if selection.samples is None:
        return False
    options = {"one": "One", "marked": f"Mean of the selected ({len(selection.samples):,})"}
    return selection.pick("attribution-images", "Image", options, width="content") == "marked"


def _pick_way(selection: Selection, size: int) -> Way:
    with st.popover("How", icon=":material/tune:", width="content"):
        method = selection.pick("attribution-by", "By", METHODS)
        fill = selection.pick("attribution-fill", "In place of what is hidden", FILLS,
                              help="Also where the way of integrated gradients begins.")  # fmt: skip
        sizes = {name: f"{max(1, round(share * size))} px" for name, share in PATCHES.items()}
        patch = selection.pick("attribution-patch", "Patch", sizes, default="7")
        step = selection.pick("attribution-step", "From patch to patch", STEPS)
    side = max(1, round(PATCHES[patch] * size))
    return Way(_method(method), _fill(fill), side, max(1, side // (2 if step == "half" else 4)))


def _method(name: str) -> Method:
    return "integrated" if name == "integrated" else "gradient" if name == "gradient" else "occlusion"


def _fill(name: str) -> Fill:
    return "mean" if name == "mean" else "blur"


def _samples(selection: Selection, images: TestImages, order: np.ndarray, several: bool) -> tuple[list[int], int]:
    """The images looked at, and their class."""
    labels = images.labels.numpy()
    marked = [] if selection.samples is None else [sample for sample in selection.samples if sample < len(images)]
    if several and marked:
        counts = pd.Series(labels[marked]).value_counts()
        names = {str(number): f"{selection.study.classes[number]} ({count})" for number, count in counts.items()}
        label = int(selection.pick("attribution-class", "Class", names, kind="pills", width="content"))
        return [int(sample) for sample in marked if labels[sample] == label][:MOST_IMAGES], label
    asked = selection.option("sample")
    if asked.isdecimal() and int(asked) < len(images):
        sample = int(asked)
    else:
        first = [*(order if not marked else []), *marked, 0]
        sample = int(first[0])
    return [sample], int(labels[sample])


def _answered(asked: Asked, found: Mapping[Condition, TicketMaps], condition: Condition, against: bool) -> None:
    """The sentence, the maps and the numbers behind them."""
    selection, here = asked.selection, found[condition]
    styles = {ticket.key: ticket.style for ticket in asked.tickets}
    if not any(np.isfinite(here.whole(key)).any() for key in styles):
        layout.empty("These tickets have no linear classifier, so there are no directions that a feature turns to.")
        return
    table = here.table(asked.measure)
    name = layout.plain(selection.study.classes[asked.label])
    what = f"this {name}" if len(asked.samples) == 1 else f"these {len(asked.samples)} images of {name}"
    size = (int(asked.images.images.shape[2]), int(asked.images.images.shape[3]))
    under = "" if condition == CLEAN else f"Under **{condition_text(condition)}**: "
    st.markdown(answer(here, asked.measure, asked.way, size, what, table, styles, under))
    rows = [_row(asked, maps, each, size if each == condition else None, against) for each, maps in found.items()]
    unit = UNITS[asked.measure]
    title = f"What the pixels of {what} add to the {MEASURES[asked.measure].lower()}"
    layout.card(
        title + (", minus the baseline" if against else ""),
        charts.maps(rows, styles, selection.theme, f"{BARS[asked.way.method]} ({unit})", unit),
        lambda: _pixels(rows, styles),
        "attribution",
        help=ABOUT[asked.measure] + " " + ABOUT_WAYS[asked.way.method],
        caption=_caption(asked, here, rows, against),
        config=layout.QUIET,
        meanings=PIXELS,
    )
    with fold("Numbers: are the maps alike?") as opened:
        if opened:
            _table(asked, here, table, styles)


def _row(
    asked: Asked, maps: TicketMaps, condition: Condition, framed: tuple[int, int] | None, against: bool
) -> charts.Row:
    """The panels of a condition; in an image of the size `framed` the patch of the answer is."""
    measure = asked.measure
    panels = []
    for key in maps.others if against else maps.places:
        made = maps.against_baseline(key, measure) if against else maps.effect(key, measure)
        said = "" if against else note(maps, key, measure, asked.label)
        panels.append(charts.Panel(key, made.mean, made.beyond, said))
    most, mark = maps.strongest(measure), None
    if most is not None and framed is not None:
        side = asked.way.patch
        top, left = Patches(*framed, side, asked.way.stride).corners[most.place]
        mark = int(top), int(left), min(side, framed[0]), min(side, framed[1])
    title = condition_text(condition).replace("Clean images", "Clean")
    return charts.Row(title, picture_of(asked.images, asked.samples, condition), panels, mark)


def _caption(asked: Asked, maps: TicketMaps, rows: Sequence[charts.Row], against: bool) -> str:
    """What is seen, and what is noise."""
    minus = " The maps are the ticket's minus the baseline's." if against else ""
    images = f" Means over {len(asked.samples)} images." if len(asked.samples) > 1 else ""
    if maps.seeds > 1:
        noise = f"Means over {maps.seeds} seeds; pale where the 95 % interval over seeds holds 0, pixel by pixel."
    elif len(asked.samples) > 1:
        noise = "One seed; pale where the 95 % interval over the images holds 0, pixel by pixel: of these networks."
    else:
        noise = "One seed: which of it another training would repeat is not known."
    crossed = not against and any("✗" in panel.note for row in rows for panel in row.panels)
    cross = " ✗: most seeds take it for another class." if crossed else ""
    seen_from = asked.around.images or asked.images
    few = f" Features are seen from the mean of {len(seen_from):,} images." if seen_from is not asked.images else ""
    return f"{noise}{images}{minus}{cross}{few} One scale for all maps."


def _pixels(rows: Sequence[charts.Row], styles: Mapping[str, Style]) -> pd.DataFrame:
    """A row a pixel, ticket and condition."""
    parts = []
    for row in rows:
        for panel in row.panels:
            down, across = np.indices(panel.effect.shape)
            parts.append(pd.DataFrame({
                "ticket": styles[panel.key].label, "condition": row.title, "row": down.ravel(),
                "column": across.ravel(), "effect": panel.effect.ravel(), "beyond": panel.beyond.ravel(),
            }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _table(asked: Asked, maps: TicketMaps, table: pd.DataFrame, styles: Mapping[str, Style]) -> None:
    number, classes = st.column_config.NumberColumn, asked.selection.study.classes
    shown = table.assign(
        ticket=[styles[key].label for key in table["key"]],
        taken_for=[taken_for(maps.predictions(key).ravel(), classes) for key in table["key"]],
    )
    base = layout.plain(styles[asked.baseline].label)
    layout.table_card(
        f"How alike the maps are to that of {base}, and two seeds to each other",
        shown[["ticket", "taken_for", "gap", "length", "likeness", "own", "p_holm", "over"]],
        "attribution-table",
        columns={
            "ticket": "Ticket",
            "taken_for": st.column_config.TextColumn("Taken for", help="By how many seeds, and images."),
            "gap": number("Gap (°)", format="%.1f"),
            "length": number("Length", format="%.2f"),
            "likeness": number("Like the baseline's", format="%.2f", help="Cosine between the mean maps, -1 to 1."),
            "own": number("Two seeds alike", format="%.2f", help="Cosine between the maps of two seeds, the mean."),
            "p_holm": number("p", format="%.3f", help="Of the same pixels at any strength, after Holm's correction."),
            "over": st.column_config.TextColumn("Speaks of", help="Seeds: of methods. Images: of these networks."),
        },
        caption="The test holds the difference of the mean maps, each at the strength that suits best, against what "
        "seeds (and images, where there are several) differ by. It is of the images looked at: of many, some are told "
        "apart by chance.",
        meanings=MEANINGS,
    )


def _strip(selection: Selection, images: TestImages, order: np.ndarray, picked: int, condition: Condition) -> None:
    """The images to choose from: the marked ones, or those that tickets lose."""
    marked = selection.samples
    there = [int(sample) for sample in (order if marked is None else marked) if sample < len(images)]
    what = (
        "selected images" if marked is not None else "images that tickets lose; what the baseline has right comes first"
    )
    if not there:
        st.caption("No ticket loses an image here. Select some in a chart of Local or Maps to choose among them.")
        return
    shown = there[:STRIP] if picked in there[:STRIP] else [picked, *there[: STRIP - 1]]
    classes = selection.study.classes

    def item(sample: int) -> Item:
        label = classes[int(images.labels[sample])]
        shown = picture(picture_of(images, [sample], condition))
        return Item(sample, shown, f"Image {sample}, {label}", label, f"#{sample}", 0.0)

    with st.container(border=True, key="card-attribution-strip"):
        st.markdown(f"**Which image: {len(there):,} {what}**")
        gallery([item(sample) for sample in shown], picked, selection.theme.bad,
                lambda sample: selection.set(sample=str(sample)), key="attribution-gallery")  # fmt: skip


SECTION = Section(
    "geometry",
    "attribution",
    "Attribution",
    50,
    show,
    "Which pixels turn the feature of an image away from its class, or shorten it?",
)
