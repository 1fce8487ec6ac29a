"""Stability as a curve over the iteration that tickets are rewound to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.comparisons.barriers import STABLE, over_images
from analysis.statistics.replication import bands
from pruning.recipe import Recipe
from pruning.study.folder import Entry

CURVE = ["relation", "family", "label", "sparsity", "rewind"]
MEASURES = ("l2", "relative", "barrier")
VALUES = ["value", "least", "most"]


def stability_curves(stability: pd.DataFrame, entries: Sequence[Entry]) -> pd.DataFrame:
    """Draw stability as a curve over the rewinding point: the mean over seeds of each measure, and its 95 % interval.

    Several data orders of one seed start from the same weights, so they are averaged first.

    Args:
        stability: rows of the results' table `stability`, with the images that they are of (`barriers.with_images`).
        entries: the study's tickets.

    Returns:
        Columns relation, family and label (of the tickets that are the same but for seed, order and rewinding point),
        sparsity, rewind (iterations), measure ("l2", "relative" or "barrier"), mean, low, high, n (seeds). The interval
        is over seeds; of barriers that are the same in all seeds it is the widest of theirs over test images.
    """
    recipes = {entry.id: entry.recipe for entry in entries}
    rows = []
    for row in stability.assign(**over_images(stability)).itertuples(index=False):
        recipe = recipes.get(row.ticket_id)
        if recipe is not None:
            subject = recipe.of if row.relation == "order" and recipe.of is not None else recipe
            family, label = subject.with_seed(0).id_without("order", "rewind"), _nameless(subject).label
            who = (row.relation, family, label, subject.sparsity, rewind_of(recipe), recipe.seed)
            rows += [(*who, measure, getattr(row, measure), *_bounds(row, measure)) for measure in MEASURES]
    keys = [*CURVE, "measure"]
    each = pd.DataFrame(rows, columns=[*CURVE, "seed", "measure", *VALUES]).astype(dict.fromkeys(VALUES, float))
    by_seed = each.groupby([*keys, "seed"], sort=False)["value"].mean().reset_index()
    found = bands(by_seed, keys, "value").set_index(keys)
    bounds = each.dropna(subset=["value"]).groupby(keys, sort=False).agg(least=("least", "min"), most=("most", "max"))
    alike = (found["n"] > 1) & (found["low"] == found["high"]) & bounds["most"].notna()
    for name, own in (("low", bounds["least"]), ("high", bounds["most"])):
        found[name] = found[name].where(~alike, own)
    found = found.reset_index()
    return found.sort_values("rewind", kind="stable", ignore_index=True)


def _bounds(row: Any, measure: str) -> tuple[float, float]:
    """The interval over test images, which barriers alone have."""
    return (row.barrier_low, row.barrier_high) if measure == "barrier" else (math.nan, math.nan)


def stable_from(barrier: pd.DataFrame) -> pd.DataFrame:
    """The rewinding points from which on a training is stable to the order of the data.

    Args:
        barrier: rows of `stability_curves`, of one ticket and the measure "barrier".

    Returns:
        The rows after the last one whose mean barrier is not below `STABLE`, rising by rewind; with shown, whether all
        of the 95 % interval lies below it too: without that one cannot tell. Empty where the last one is not below.
    """
    rows = barrier.sort_values("rewind")
    unstable = rows.loc[~(rows["mean"] < STABLE), "rewind"]
    stable = rows if unstable.empty else rows[rows["rewind"] > unstable.max()]
    return stable.assign(shown=stable["high"] < STABLE)


def rewind_of(recipe: Recipe) -> int:
    """The iteration whose weights a ticket's training starts from; of a control of a ticket, that of its original."""
    if recipe.of is not None and not recipe.of.is_dense:
        return rewind_of(recipe.of)
    return recipe.option("rewind") or 0


def _nameless(recipe: Recipe) -> Recipe:
    """The recipe under the name that its finder gives it: studies name methods for their rewinding points."""
    return recipe.but(name="", **({} if recipe.of is None else {"of": _nameless(recipe.of)}))
