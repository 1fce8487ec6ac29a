"""Stability as a curve over the iteration that tickets are rewound to."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.comparisons.barriers import STABLE
from analysis.statistics.replication import bands
from pruning.recipe import Recipe
from pruning.study.folder import Entry

CURVE = ["relation", "family", "label", "sparsity", "rewind"]
MEASURES = ("l2", "relative", "barrier")


def stability_curves(stability: pd.DataFrame, entries: Sequence[Entry]) -> pd.DataFrame:
    """Draw stability as a curve over the rewinding point: the mean over seeds of each measure, and its 95 % interval.

    Several data orders of one seed start from the same weights, so they are averaged first.

    Args:
        stability: rows of the results' table `stability`.
        entries: the study's tickets.

    Returns:
        Columns relation, family and label (of the tickets that are the same but for seed, order and rewinding point),
        sparsity, rewind (iterations), measure ("l2", "relative" or "barrier"), mean, low, high, n (seeds).
    """
    recipes = {entry.id: entry.recipe for entry in entries}
    rows = []
    for row in stability.itertuples(index=False):
        recipe = recipes.get(row.ticket_id)
        if recipe is not None:
            subject = recipe.of if row.relation == "order" and recipe.of is not None else recipe
            family, label = subject.with_seed(0).id_without("order", "rewind"), _nameless(subject).label
            who = (row.relation, family, label, subject.sparsity, rewind_of(recipe), recipe.seed)
            rows += [(*who, measure, getattr(row, measure)) for measure in MEASURES]
    keys = [*CURVE, "measure"]
    each = pd.DataFrame(rows, columns=[*CURVE, "seed", "measure", "value"]).astype({"value": float})
    by_seed = each.groupby([*keys, "seed"], sort=False)["value"].mean().reset_index()
    found = bands(by_seed, keys, "value")
    return found.sort_values("rewind", kind="stable", ignore_index=True)


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
