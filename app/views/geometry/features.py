"""Maps: the features of each ticket on a plane, side by side, and whose neighbours change; marks are shared by all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.map_trust import THRESHOLD, MapTrust, map_trust
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.metrics.neighbours import NEIGHBOURS
from app import live, load
from app.condition import condition_text, pick_condition
from app.load import StudyView
from app.shell import layout
from app.shell.columns import of_table
from app.shell.drawn import kept
from app.shell.lacking import unmeasured
from app.shell.left_out import with_features
from app.shell.per_sample import pick_classes, with_labels
from app.shell.sections import Section
from app.shell.selection import Chosen, Selection
from app.views.geometry import measures, neighbours
from app.views.geometry.charts import features as charts
from app.views.geometry.columns_choice import of_classes, pick_columns, samples_of
from app.views.geometry.marked import CONFIG, GROUP, pick_drag, show_marked
from app.views.geometry.spaces import EXACT, MOST, STORED, Places, Spaces
from pruning.errors import UserError

ABOUT_MAPS = {
    "umap": "UMAP of each ticket's features by itself, turned to lie nearest to the baseline's (Procrustes): near "
    "means similar, distances between clusters mean little.",
    "umap_joint": "UMAP of all tickets' features together: an image lies near the same place in each column.",
    "tsne": f"t-SNE of each ticket's features by itself, of at most {MOST:,} images, turned to lie nearest to the "
    "baseline's (Procrustes): near means similar, distances between clusters and their sizes mean little.",
    "pca": "The two directions along which each ticket's features vary most, turned and mirrored to lie nearest to the "
    "baseline's (Procrustes).",
    "classes": "The plane of the directions of the classes chosen, an exact projection. On a dashed line two of them "
    "have the same logit; other classes may still win there.",
}
MEANINGS = of_table("samples") | {
    "x": "first coordinate on the map",
    "y": "second coordinate on the map",
    "x_clean": "first coordinate of the same image when clean",
    "y_clean": "second coordinate of the same image when clean",
    "far": "whether the corrupted image is far off all clean ones, so that the map says nothing of it",
    "trustworthiness": "whether the image's neighbours on the map are near it in truth, 0 to 1",
    "continuity": "whether the image's neighbours in truth are near it on the map, 0 to 1",
    "recall": "share of the image's nearest in truth that are among its nearest on the map, 0 to 1",
    "shared": "Jaccard index of its neighbourhoods, the baseline's and the ticket's or clean and corrupted, 0 to 1",
}
WORDS = {"classes": "plane of classes", "umap_joint": "joint UMAP"}
PREDICTED = ["ticket_id", "sample", "prediction", "confidence", "margin"]


def show(selection: Selection) -> None:
    """Draw the section."""
    selection = with_features(selection)
    chosen = pick_columns(selection)
    samples = samples_of(selection, chosen) if chosen else pd.DataFrame()
    if samples.empty:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        kind = selection.pick("map", "Map", charts.MAPS, default=_usual(selection.study), width="content")
        plane = _pick_plane(selection, samples) if kind == "classes" else []
        colouring = selection.pick("colour", "Coloured by", charts.COLOURINGS, kind="select", width=250)
        pick_drag(selection)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        condition = pick_condition(selection)
        labels = pick_classes(selection, selection.study.classes, width="content")
    compared = samples["gap"].notna().any()
    shown = of_classes(samples, labels)
    if shown.empty:
        return
    try:
        spaces = Spaces(selection.study, live.images(selection.study))
        _draw(selection, chosen, shown, spaces, kind, plane, condition, colouring)
    except UserError as error:
        layout.empty(str(error), "Choose another map, condition, or ticket.")
    show_marked(selection, chosen, shown, measures.CENTRED if compared else measures.RAW, "margin")


def _usual(study: StudyView) -> str:
    """The kind of map to begin with: the first one that is stored, or else one that is worked out at once."""
    there = set(load.query(study, "SELECT DISTINCT kind FROM maps")["kind"])
    return next((kind for kind in STORED if kind in there), "pca")


def _pick_plane(selection: Selection, samples: pd.DataFrame) -> list[int]:
    """The two or three classes of the plane; those that are most often confused while none are chosen."""
    wrong = samples[samples["label"] != samples["prediction"]]
    pairs = pd.DataFrame(np.sort(wrong[["label", "prediction"]].to_numpy(int), axis=1)).value_counts()
    usual = [str(each) for each in (pairs.index[0] if len(pairs) else (0, 1))]
    names = {str(number): name for number, name in enumerate(selection.study.classes)}
    picked = selection.pick_many("plane", "Two or three classes", names, default=usual, kind="menu", max_selections=3,
                                 width=230)  # fmt: skip
    return [int(each) for each in (picked if len(picked) > 1 else usual)]


def _draw(
    selection: Selection,
    chosen: list[Chosen],
    samples: pd.DataFrame,
    spaces: Spaces,
    kind: str,
    plane: Sequence[int],
    condition: Condition,
    colouring: str,
) -> None:
    if spaces.images is None and kind not in STORED:
        layout.empty(f"A map by {charts.MAPS[kind]} is worked out from the images.", "Choose a map that is stored.")
        return
    condition = CLEAN if spaces.images is None else condition
    ids = [ticket.id for ticket in chosen]
    baseline = selection.baseline.id if selection.baseline else None
    places = spaces.places(ids, kind, plane, condition, baseline)
    if not places:
        message = f"There is no {charts.MAPS[kind]} map of these tickets."
        unmeasured(selection.study, message, "Maps are made when the study is measured.")
        return
    shared = neighbours.shared(selection, spaces, chosen, condition) if spaces.images is not None else {}
    placed = _table(selection, samples, places, shared, condition)
    trust = _trust(spaces, places)
    about, said = _about_map(selection, chosen, trust, kind), st.empty()
    said.markdown(about)
    with st.container(key=GROUP):
        _map(selection, chosen, placed, places, kind, plane, condition, colouring)
    # of every training of each ticket, for which the map is not to wait
    said.markdown(" ".join(filter(None, [about, neighbours.answer(selection, spaces, chosen, condition)])))
    if spaces.images is not None:
        neighbours.show(selection, spaces, chosen, samples, shared, condition)


def _table(
    selection: Selection,
    samples: pd.DataFrame,
    places: Mapping[str, Places],
    shared: Mapping[str, np.ndarray],
    condition: Condition,
) -> pd.DataFrame:
    """The samples with their places, and with what is said of them under the condition."""
    if condition != CLEAN:
        where = f"corruption = '{condition[0]}' AND severity = {condition[1]}"
        found = load.table(selection.study, "corrupted", ids=list(places), columns=PREDICTED, where=where)
        samples = samples.drop(columns=PREDICTED[2:]).merge(found, on=PREDICTED[:2])
    frames = []
    for ticket, own in places.items():
        rows = samples[samples["ticket_id"] == ticket]
        at = rows["sample"].to_numpy()
        rows, at = rows[at < len(own.xy)], at[at < len(own.xy)]
        xy = own.xy if own.corrupted is None else own.corrupted
        rows = rows.assign(x=xy[at, 0], y=xy[at, 1])
        if own.corrupted is not None:
            rows = rows.assign(x_clean=own.xy[at, 0], y_clean=own.xy[at, 1])
        if own.far is not None:
            rows = rows.assign(far=own.far[at])
        for name in ("trustworthiness", "continuity", "recall"):
            rows = rows.assign(**{name: getattr(own.quality, name)[at] if own.quality else np.nan})
        frames.append(rows.assign(shared=shared[ticket][at] if ticket in shared else np.nan))
    return pd.concat(frames, ignore_index=True).dropna(subset=["x", "y"])


def _trust(spaces: Spaces, places: Mapping[str, Places]) -> MapTrust:
    """Of the whole maps, whatever classes are shown."""
    found = {ticket: own.quality for ticket, own in places.items() if own.quality is not None}
    labels = {} if spaces.images is None else dict.fromkeys(found, spaces.images.labels.numpy())
    return map_trust(found, labels)


def _about_map(selection: Selection, chosen: list[Chosen], trust: MapTrust, kind: str) -> str:
    """How far to trust the map that tells least, and the class of which it tells least."""
    if trust.maps.empty:
        return ""
    names = {ticket.id: ticket.label for ticket in chosen}
    worst = trust.maps.sort_values("recall").iloc[0]
    recall, low, high = (100 * worst[name] for name in ("recall", "low", "high"))
    whose = f"{layout.plain(names[worst['key']])}'s {WORDS.get(kind, charts.MAPS[kind])}"
    told = (
        f"On {whose}, **{recall:.0f} % of an image's {NEIGHBOURS} neighbours** are its neighbours on the map "
        f"({low:.0f} to {high:.0f})"
    )
    if worst["misleads"]:
        told += f": below {100 * THRESHOLD:.0f} %, so most neighbours that one reads off it are none"
    classes = trust.classes[trust.classes["lower"] & (trust.classes["key"] == worst["key"])].sort_values("recall")
    if len(classes):
        own = classes.iloc[0]
        name = layout.plain(selection.study.classes[int(own["label"])])
        told += f"; it tells least of class {name} ({100 * own['recall']:.0f} %)"
    return told + "."


def _map(
    selection: Selection,
    chosen: list[Chosen],
    placed: pd.DataFrame,
    places: Mapping[str, Places],
    kind: str,
    plane: Sequence[int],
    condition: Condition,
    colouring: str,
) -> None:
    study, theme = selection.study, selection.theme
    styles = {ticket.id: ticket.style for ticket in chosen}
    notes = {ticket.id: _note(places.get(ticket.id), placed, ticket.id) for ticket in chosen}
    lines = {ticket: own.lines for ticket, own in places.items()}
    labels = tuple(sorted(placed["label"].unique().tolist()))
    what = (str(study.path), study.stamp, tuple(styles.items()), labels, theme.mode, "map", kind, colouring, condition,
            tuple(plane), selection.baseline.id if selection.baseline else "", tuple(notes.values()),
            neighbours.count(selection))  # fmt: skip
    make = partial(charts.maps, placed, notes, styles, study.classes, theme, kind, colouring, lines, plane)
    layout.card(
        f"Map of the features: {charts.MAPS[kind]}" + ("" if condition == CLEAN else f", {condition_text(condition)}"),
        kept(what, make),
        partial(with_labels, placed, chosen),
        "maps",
        meanings=MEANINGS,
        help=f"{ABOUT_MAPS[kind]} Trustworthiness (Venna & Kaski 2001): whether neighbours on the map are near among "
        "the features too, 1 when all are; continuity: the same the other way round. Recall: of an image's "
        f"{NEIGHBOURS} nearest among the features, the share that is among its {NEIGHBOURS} nearest on the map.",
        caption="" if condition == CLEAN else _about_overlay(kind, condition),
        config=CONFIG,
    )


def _about_overlay(kind: str, condition: Condition) -> str:
    how = (
        "projected onto the plane of the clean ones"
        if kind in EXACT
        else f"each where the {NEIGHBOURS} clean images nearest to it among the features lie, weighted by nearness. "
        "Far off the map, which says nothing of it: farther from all than 95 % of the clean images are from theirs"
    )
    over = f"{condition_text(condition)} over the clean images (grey)"
    return f"{over}: {how}. Arrows: from each class's middle to where it goes."


def _note(own: Places | None, placed: pd.DataFrame, ticket: str) -> str:
    if own is None:
        return "not mapped"
    if own.quality is None:
        return ""
    whole = own.quality.whole
    if not np.isfinite(whole["recall"]):
        return "all features are the same"
    told = f"trust {whole['trustworthiness']:.2f}, cont. {whole['continuity']:.2f} · recall {whole['recall']:.2f}"
    if own.far is not None:
        far = placed.loc[placed["ticket_id"] == ticket, "far"].mean()
        return f"recall {whole['recall']:.2f} · {100 * far:.0f} % far off"
    return told


SECTION = Section(
    "geometry",
    "features",
    "Maps",
    30,
    show,
    "Which test images are neighbours in each ticket's feature space, and does the map tell? Draw around points: the "
    "same images are marked in every column.",
)
