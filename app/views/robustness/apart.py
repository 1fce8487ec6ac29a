"""Of the section Classes: agreement with and divergence from the baseline, by class and by group of images."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from analysis.comparisons.divergence import MEASURES, Pair, between_seeds, by_group, made, stored
from analysis.comparisons.stored_conditions import stored_predictions
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.measures.divergence import Apart
from analysis.results import selections
from app import live
from app.condition import chosen_condition, condition_text, pick_condition
from app.names import shown
from app.shell import layout
from app.shell.folds import fold
from app.views.robustness.charts import apart as charts
from app.views.robustness.compared_tickets import ComparedTickets, named
from pruning.errors import UserError

CARD = "apart"
SHARED = "agreement"
ALL, SELECTED = "all images", "selected images"
TITLES = {"agreement": "Prediction agreement with", "js": "Divergence from", "kl": "Divergence from"}
SAID = {"agreement": "Agreement", "js": "Jensen-Shannon", "kl": "Kullback-Leibler"}
HELP = (
    "Agreement: share of the images that the ticket and the baseline's network of the same seed give the same class, "
    "whether or not it is correct. Divergence: between their class scores, the mean over images; Jensen-Shannon is 0 "
    "where they are the same and 1 bit where they share no class (Lin 1991), Kullback-Leibler is what is lost where "
    "the ticket's scores stand for the baseline's, as distillation minimises it."
)


def show(compared: ComparedTickets) -> None:
    """Draw the card; nothing is drawn where there is no baseline to be held against."""
    base = compared.baseline
    keys = [key for key in compared.styles if key != base]
    if base is None or not keys:
        return
    title = f"**Agreement with {compared.label(base)}, and divergence from it, by class**"
    with fold(title, f"fold-{CARD}", expanded=bool(compared.selection.option("apart"))) as opened:
        if opened:
            _show(compared, base, keys)


def _show(compared: ComparedTickets, base: str, keys: list[str]) -> None:
    """What the fold holds: the card, or why there is none."""
    selection, condition = compared.selection, chosen_condition(compared.selection)
    measure = selection.option("apart", "agreement", list(MEASURES))
    try:
        values, chance = _values(compared, base, keys, condition, measure)
    except UserError as error:
        layout.notes([str(error)])
        return
    if not values:
        _pick(compared)
        layout.empty(
            f"How far tickets are from {compared.label(base)} is not stored, and the images are not on this machine.",
            "Measure it with `divergence = true` in [analysis] of the study file.",
        )
        return
    groups, first = _groups(compared)
    which = tuple(groups[name].tobytes() for name in first)
    what = ("apart", base, condition, measure == SHARED, tuple(keys), which)
    rows = compared.computed(what, lambda: _rows(values, chance, groups))
    own = rows[rows["measure"] == measure]
    styles = {key: compared.styles[key] for key in values}
    seeds = int(own["seeds"].max())
    over = "seeds and images" if seeds > 1 else "images; with one training they speak of these networks alone"
    beside = own.loc[own["group"] == ALL, "by_chance"].iloc[0]
    control = f" Two trainings of {compared.label(base)}: {_text(beside, measure)}." if np.isfinite(beside) else ""
    layout.card(
        f"{TITLES[measure]} {compared.label(base)} by class: {condition_text(condition).lower()}",
        compared.figure(
            (*what, measure), styles, lambda: charts.apart_map(own, measure, first, styles, selection.theme)
        ),
        lambda: named(rows, styles),
        CARD,
        help=HELP,
        controls=lambda: _pick(compared),
        caption=f"Hover: 95 % intervals over {over}.{control}",
        meanings={
            "group": "class of the images, or which images",
            "measure": "; ".join(f"{name}: {meaning}" for name, meaning in MEASURES.items()),
            "value": "mean over the images of the group, and over seeds",
            "by_chance": "the same of two trainings of the dense network, the mean over pairs of seeds",
        },
    )


def _pick(compared: ComparedTickets) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        compared.selection.pick("apart", "Measure", SAID, width="content")
        pick_condition(compared.selection)


def _text(value: float, measure: str) -> str:
    return f"{100 * value:.1f} %" if measure == "agreement" else f"{value:.3f} bits"


def _rows(values: dict[str, list[Apart]], chance: list[Apart], groups: dict[str, np.ndarray]) -> pd.DataFrame:
    return by_group(values, groups).merge(between_seeds(chance, groups), on=["group", "measure"], how="left")


def _groups(compared: ComparedTickets) -> tuple[dict[str, np.ndarray], list[str]]:
    """All images, the selected ones, those kept under a name, and each class; and which of them are no class."""
    labels, names = compared.labels, compared.selection.study.classes
    groups = {ALL: np.arange(len(labels))}
    marked = compared.selection.samples
    if marked is not None and len(marked):
        groups[SELECTED] = np.asarray(marked)[np.asarray(marked) < len(labels)]
    for each in selections.kept(compared.selection.study.path)[0]:
        if each.is_of(labels):
            groups[shown(each.name)] = each.images
    first = list(groups)
    return groups | {names[label]: np.flatnonzero(labels == label) for label in np.unique(labels)}, first


def _values(
    compared: ComparedTickets, base: str, keys: list[str], condition: Condition, measure: str
) -> tuple[dict[str, list[Apart]], list[Apart]]:
    """Of each ticket what its seeds and the baseline's make of each image; and pairs of the baseline's seeds."""
    seeds = compared.seed_of
    own = {seeds[ticket]: ticket for ticket in compared.seeds[base]}
    pairs = {
        key: [(ticket, own[seeds[ticket]]) for ticket in compared.seeds[key] if seeds[ticket] in own] for key in keys
    }
    circle = list(own.values())
    chance = list(zip(circle, [*circle[1:], circle[0]], strict=True)) if len(circle) > 1 else []
    wanted = [pair for each in (*pairs.values(), chance) for pair in each]
    of = _of_predictions if measure == SHARED else _of_scores
    apart = compared.computed((of.__name__, base, condition, tuple(wanted)), lambda: of(compared, wanted, condition))
    values = {key: [apart[pair] for pair in each if pair in apart] for key, each in pairs.items()}
    return {key: each for key, each in values.items() if each}, [apart[pair] for pair in chance if pair in apart]


def _of_predictions(compared: ComparedTickets, pairs: list[Pair], condition: Condition) -> dict[Pair, Apart]:
    """Whether two give the same class, of the predictions that are stored of every study; nothing of their scores."""
    ids = {ticket: (ticket,) for pair in pairs for ticket in pair}
    under = [] if condition == CLEAN else [condition[0]]
    found = stored_predictions(compared.results, ids, under, len(compared.selection.study.classes))
    given = found.chosen([condition]).predicted if condition in found.conditions else {}
    both = [(one, other) for one, other in pairs if one in given and other in given]
    same = {(one, other): (given[one] == given[other])[0, 0].astype(float) for one, other in both}
    return {pair: Apart(each, *np.full((2, len(each)), np.nan)) for pair, each in same.items()}


def _of_scores(compared: ComparedTickets, pairs: list[Pair], condition: Condition) -> dict[Pair, Apart]:
    """As stored, or else as the networks say now, where the study's images are on this machine."""
    kept = stored(compared.results, pairs, condition)
    missing = [pair for pair in pairs if pair not in kept]
    images = live.images(compared.selection.study) if missing else None
    if images is None:
        return kept
    ids = list(dict.fromkeys(ticket for pair in missing for ticket in pair))
    return kept | made(live.features(compared.selection.study, images, ids, condition), missing)
