"""Of the section Lost images: those that the baseline classifies right and a ticket wrong, on the same images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.images_behind import Flip, flips
from analysis.comparisons.lost_to_baseline import (
    Pairs,
    between_seeds,
    counts,
    flows,
    largest_part,
    mean_splits,
    splits,
)
from analysis.comparisons.outcomes import same_seeds
from analysis.corruptions.conditions import CLEAN
from analysis.engine.images import TestImages
from analysis.metrics.lead import PLAYERS
from app import live
from app.charts.texts import bracket, every
from app.shell import layout
from app.shell.images_behind import select
from app.shell.theme import Style
from app.views.robustness import lost_by_logits, lost_map
from app.views.robustness.charts import lead as charts
from app.views.robustness.chosen import pick_images, say
from app.views.robustness.compared_tickets import ComparedTickets, named
from app.views.robustness.lost_view import (
    View,
    flows_card,
    image_by_image,
    pick_corruption,
    pick_severity,
)
from app.views.robustness.pickers import has_baseline, pick_family
from pruning.errors import UserError

MEANINGS = {
    "seeds": "seeds that the ticket and the baseline both have",
    "lost": "share of the images that the baseline classifies right and the ticket wrong",
    "gained": "share of the images that the ticket classifies right and the baseline wrong",
    "images": "images lost, of the selected seed",
    "change": "lead of the true class over the winner, the ticket's less the baseline's, the mean [logits]",
    **{part: f"what of the change is due to the {name.lower()}, its Shapley value [logits]"
       for part, name in charts.PART_NAMES.items()},
}  # fmt: skip


def show(compared: ComparedTickets, pick_against: Callable[[ComparedTickets], None]) -> None:
    """Draw the mode; `pick_against` draws the chooser that leads out of it."""
    there = image_by_image(compared)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        pick_against(compared)
        family = pick_family(compared, there)
        corruption = pick_corruption(compared, family, there[family], CLEAN[0])
        severity = 0
        if corruption != CLEAN[0]:
            levels = {level for name, level in compared.outcomes(family).conditions if name == corruption}
            severity = pick_severity(compared, sorted(levels))
        compared = replace(compared, images=pick_images(compared))
    if not has_baseline(compared, family):
        return
    baseline = str(compared.baseline)
    styles = {key: style for key, style in compared.styles_under(family).items() if key != baseline}
    view = View(compared, family, corruption, severity, styles)
    pairs = {key: _pairs(compared, key, baseline) for key in styles}
    measured = _measured_pairs(view, baseline)
    rows = compared.computed(
        ("lost to", family, view.condition, baseline),
        lambda: counts(compared.predictions(family), measured, baseline, view.condition),
    )
    say(compared, "What sets leads apart, and whether a shift would mend it, is asked of all images.")
    shown = None if compared.images else _images(view)
    found = {} if shown is None else _splits(view, shown, baseline)
    means = mean_splits(found)
    if not compared.images:
        st.markdown(answer(rows, means, styles, compared.label(baseline), view.words))
    drift = None if shown is None else lost_by_logits.drift_of(view, shown, baseline, pairs)
    if drift is not None:
        drift.say()
    left, right = st.columns([1, 1.25], gap="medium") if drift or len(means) else (st.container(), st.empty())
    with left:
        _counts(view, rows, baseline)
    with right:
        if drift is not None:
            drift.bars()
        else:
            _parts(view, found, means, baseline)
    if drift is not None:
        _parts(view, found, means, baseline)

    def pair_of(key: str) -> tuple[np.ndarray, np.ndarray]:
        return _given(view, baseline), _given(view, key)

    against = f"against {compared.label(baseline)}, {view.words}"
    flows_card(view, against, lambda key: flows(compared.predictions(family), key, measured[key], baseline,
                                                view.condition), pair_of)  # fmt: skip
    if drift is not None and shown is not None:
        drift.table()
        lost_map.to_baseline(view, shown, baseline, pairs)


def _images(view: View) -> TestImages | None:
    """The study's images, where they are to be had under the condition; else says why not."""
    shown = live.images(view.compared.selection.study)
    if shown is None or live.can_show(shown, view.condition):
        return shown
    layout.empty(f"The images of {view.words} are not on this machine: why they are lost cannot be shown.")
    return None


def answer(rows: pd.DataFrame, means: pd.DataFrame, styles: Mapping[str, Style], baseline: str, condition: str) -> str:
    """Who loses most to the baseline and what sets the two apart there, as markdown.

    `rows` are of `counts`, `means` of `mean_splits`.
    """
    if rows.empty or not rows["lost"].any():
        return f"No ticket loses an image to {baseline} here ({condition})."
    worst = rows.loc[rows["lost"].idxmax()]
    where = f"{'On' if condition == 'clean images' else 'Under'} **{condition}**"
    shares = {
        name: f"{100 * worst[name]:.1f} %{{}}{bracket(worst[f'{name}_low'], worst[f'{name}_high'])}"
        for name in ("lost", "gained")
    }
    said = (
        f"{where} {styles[worst['key']].label} loses most to **{baseline}**, {shares['lost'].format(' of the images')},"
        f" and gains {shares['gained'].format('')}."
    )
    largest = largest_part(means)
    shown = largest[largest != ""].value_counts()
    if shown.empty:
        return said
    part, count = str(shown.index[0]), int(shown.iloc[0])
    who = f"{every(len(means)) if count == len(means) else f'{count} of {len(means)}'} tickets"
    who = styles[str(means["key"].iloc[0])].label if len(means) == 1 else who
    why = {
        "cosines": "the features point elsewhere among the class directions",
        "length": "the features are shorter",
        "norms": "the class directions have other lengths",
        "biases": "the biases favour the winner",
    }[part]
    return f"{said} Of the lead that is lost, most is due to the **{charts.PART_NAMES[part].lower()}** in {who}: {why}."


def _pairs(compared: ComparedTickets, key: str, baseline: str) -> Pairs:
    """The places of the seeds that both have, among all of theirs."""
    seed_of = compared.seed_of
    return _same([[seed_of[ticket] for ticket in compared.seeds[each]] for each in (key, baseline)])


def _measured_pairs(view: View, baseline: str) -> dict[str, Pairs]:
    """Key -> the places of the seeds that both have, among those that were measured."""
    predictions = view.compared.predictions(view.family)
    there = [key for key in view.styles if key in predictions.predicted and baseline in predictions.predicted]
    return {key: _same([predictions.numbers(each) for each in (key, baseline)]) for key in there}


def _same(numbers: Sequence[Sequence[int]]) -> Pairs:
    return [(own, other) for own, other in same_seeds(*numbers)]


def _given(view: View, key: str) -> np.ndarray:
    """The classes that the selected training of a ticket gives the images."""
    predictions = view.compared.predictions(view.family).chosen([view.condition], [key])
    given: np.ndarray = predictions.predicted[key][view.compared.seed_place(key, predictions.numbers(key)), 0]
    return given


def _splits(view: View, shown: TestImages, baseline: str) -> dict[str, pd.DataFrame]:
    """Key -> rows of `splits` of the selected seed; says why there are none."""
    selection = view.compared.selection
    ids = {ticket.key: ticket.id for ticket in selection.tickets if ticket.key in view.styles}
    if selection.baseline is None:
        return {}
    try:
        features = live.features(selection.study, shown, [*ids.values(), selection.baseline.id], view.condition)
        base = features[selection.baseline.id]
        what = ("splits", view.condition, selection.seed, baseline)
        return view.compared.computed(
            what, lambda: {key: splits(base, features[ticket]) for key, ticket in ids.items()}
        )
    except UserError as error:
        layout.empty(f"What sets the leads apart cannot be shown: {error}")
        return {}


def _counts(view: View, rows: pd.DataFrame, baseline: str) -> None:
    compared = view.compared
    between = between_seeds(compared.predictions(view.family), baseline, view.condition)
    label = compared.label(baseline)
    over = "over images (Wilson's): one seed, so they speak of these networks"
    if int(rows["seeds"].max()) > 1:
        over = "over seeds (Student's) where these differ, else over images (Wilson's)"
    dotted = f" Dotted: what two trainings of {label} lose to each other." if np.isfinite(between) else ""
    layout.card(
        f"Lost to {label}, and gained: {view.words}",
        compared.figure(("gained", view.family, view.condition, baseline), view.styles,
                        lambda: charts.lost_and_gained(rows, view.styles, between, compared.selection.theme)),
        lambda: named(rows, view.styles),
        "lost-to",
        help=f"Lost: right for {label}, wrong for the ticket, on the same images. Gained: the other way round.",
        caption=f"Bars: 95 % intervals, {over}.{dotted} Click a bar to select its images on every page.",
        on_select=lambda: _mark(view, baseline),
        selection_mode="points",
        config=layout.QUIET,
        meanings=MEANINGS,
    )  # fmt: skip


def _mark(view: View, baseline: str) -> None:
    """Mark the images of the bar that was clicked, of the selected seed."""
    clicked = layout.picked("lost-to", 2)
    if clicked is None or clicked[0] not in view.styles:
        return
    labels = view.compared.predictions(view.family).labels
    part: Flip = "lost" if clicked[1] == "lost" else "gained"
    found = flips(_given(view, baseline), _given(view, clicked[0]), labels, part)
    words = view.images_of(clicked[0], f"{clicked[1]} by {{}} against {view.compared.label(baseline)}")
    select(view.compared.selection, view.compared.places(found), words)


def _parts(view: View, found: Mapping[str, pd.DataFrame], means: pd.DataFrame, baseline: str) -> None:
    if means.empty:
        return
    compared = view.compared
    styles = {key: style for key, style in view.styles.items() if key in found}
    rows = pd.concat([images.assign(key=key) for key, images in found.items()])
    layout.card(
        f"What sets the lost images' lead apart from that of {compared.label(baseline)}",
        compared.figure(("parts", view.family, view.condition, compared.selection.seed, baseline), styles,
                        lambda: charts.parts(means, styles, compared.selection.theme)),
        lambda: named(rows, styles),
        "parts",
        help="The lead of the true class over the class that wins, ||f|| (||w_y|| cos_y - ||w_r|| cos_r) + b_y - b_r: "
        "its change from the baseline to the ticket, split exactly by Shapley values into the length of the features, "
        "their cosines to the two class directions, the norms of these, and the biases; directions without what all "
        "share. A network with features twice as long and directions half as long is the same one, so read the two "
        "orange parts together.",
        caption=f"Means over the images that each ticket loses, seed {compared.selection.seed}; bar: 95 % interval "
        "over these images (Student's), so it speaks of these networks. Click a segment to select the images in which "
        "it costs most.",
        on_select=lambda: _mark_part(view, found),
        selection_mode="points",
        config=layout.QUIET,
        meanings=MEANINGS | {"most": "the part that costs most", "label": "the true class, by number",
                             "winner": "the class that wins, by number"},
    )  # fmt: skip


def _mark_part(view: View, found: Mapping[str, pd.DataFrame]) -> None:
    """Mark the images in which the part that was clicked costs most."""
    clicked = layout.picked("parts", 2)
    if clicked is None or clicked[0] not in found or clicked[1] not in PLAYERS:
        return
    images = found[clicked[0]]
    found_most = images.loc[images["most"] == clicked[1], "sample"].to_numpy()
    words = view.images_of(clicked[0], f"lost by {{}} most to the {charts.PART_NAMES[clicked[1]].lower()}")
    select(view.compared.selection, found_most, words)
