"""Methods against each other: what they cost, how they fare at each sparsity, how stable they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from analysis.dynamics import WHO, birds, who
from analysis.replication import bands, compare, share
from pruning import find
from pruning.recipe import Recipe
from pruning.study import Entry

LEVEL = ["method", "sparsity", "seeds", "accuracy", "low", "high", "over_seeds"]
GAP = ["difference", "difference_low", "difference_high", "p"]
CURVE = ["relation", "family", "label", "sparsity", "rewind"]
MEASURES = ("l2", "relative", "barrier")


def cost(entries: Iterable[Entry]) -> pd.DataFrame:
    """What each ticket took, the tickets it descends from included, each of them once.

    Returns:
        `WHO`, then epochs (of training weights), search_epochs (of searching for a mask), seconds (as the ticket says,
        along its line of descent), own_seconds. A training that is rewound to iteration k counts as a whole one; the
        network at iteration k costs nothing, as it lies on the way to the dense one; imported weights cost nothing. An
        early bird is trained densely until it is drawn, as far as its ticket is among the entries.
    """
    entries = list(entries)
    drawn = {entry.id: float(birds(entry)["epoch"].iloc[0]) for entry in entries if len(birds(entry))}
    rows = []
    for entry in entries:
        steps = find.lineage([entry.recipe])
        search = sum(step.search.epochs for step in steps if step.search is not None)
        spared = sum(step.training.epochs - drawn[step.id] for step in steps if step.id in drawn)
        epochs = sum(map(_epochs, steps)) - search - spared
        rows.append((*who(entry), max(epochs, 0.0), search, entry.info.seconds, entry.info.own_seconds))
    return pd.DataFrame(rows, columns=[*WHO, "epochs", "search_epochs", "seconds", "own_seconds"])


def _epochs(step: Recipe) -> float:
    given = step.start is not None and step.finder in ("dense", "imported")
    on_the_way = step.finder == "dense" and step.rewind is not None
    return 0.0 if given or on_the_way else find.cost(step)


def levels(tickets: pd.DataFrame, right: Mapping[str, np.ndarray], reference: str | None = None) -> pd.DataFrame:
    """Accuracy of each method at each sparsity, and how far it is from a reference method's.

    Args:
        tickets: ticket_id, method, sparsity, seed.
        right: whether each test image is classified right, bool [N] for each ticket, the same images for all; tickets
            without are left out.
        reference: a method. It is compared with at the same sparsity, or at its only one (as the dense network).

    Returns:
        a row a method and sparsity, methods in the order of `tickets`, sparsities rising: method, sparsity, seeds,
        accuracy, low, high, over_seeds (`replication.share`); and difference (the method's accuracy minus the
        reference's, over the seeds that both have), difference_low, difference_high, p (`replication.compare`), NaN
        where there is nothing to compare with.
    """
    found: dict[tuple[str, float], dict[int, np.ndarray]] = {}
    for key, method, sparsity, seed in tickets[["ticket_id", "method", "sparsity", "seed"]].itertuples(index=False):
        if key in right:
            found.setdefault((method, sparsity), {})[seed] = right[key]
    place = {method: position for position, method in enumerate(dict.fromkeys(tickets["method"]))}
    rows = []
    for method, sparsity in sorted(found, key=lambda at: (place[at[0]], at[1])):
        seeds = found[method, sparsity]
        here = share(np.stack(list(seeds.values())))
        other = {} if method == reference else _reference(found, reference, sparsity)
        level = (len(seeds), float(here.value), float(here.low), float(here.high), bool(here.over_seeds))
        rows.append((method, sparsity, *level, *_gap(seeds, other)))
    return pd.DataFrame(rows, columns=[*LEVEL, *GAP])


def _reference(
    found: Mapping[tuple[str, float], dict[int, np.ndarray]], reference: str | None, sparsity: float
) -> dict[int, np.ndarray]:
    at = [level for method, level in found if method == reference]
    if reference is None or (sparsity not in at and len(at) != 1):
        return {}
    return found[reference, sparsity if sparsity in at else at[0]]


def _gap(one: Mapping[int, np.ndarray], other: Mapping[int, np.ndarray]) -> tuple[float, float, float, float]:
    shared = [seed for seed in one if seed in other]
    if not shared:
        return math.nan, math.nan, math.nan, math.nan
    gap = compare(np.stack([one[seed] for seed in shared]), np.stack([other[seed] for seed in shared]))
    return float(gap.value), float(gap.low), float(gap.high), float(gap.p)


def stability_curves(stability: pd.DataFrame, entries: Sequence[Entry]) -> pd.DataFrame:
    """Stability as a curve over the rewinding point: the mean over seeds of each measure, and its 95 % interval.

    Several data orders of one seed start from the same weights, so they are averaged first.

    Args:
        stability: rows of the results' table `stability`. entries: the study's tickets.

    Returns:
        relation, family and label (of the tickets that are the same but for seed, order and rewinding point), sparsity,
        rewind (iterations), measure ("l2", "relative" or "barrier"), mean, low, high, n (seeds).
    """
    recipes = {entry.id: entry.recipe for entry in entries}
    rows = []
    for row in stability.itertuples(index=False):
        recipe = recipes.get(row.ticket_id)
        if recipe is not None:
            subject = recipe.of if row.relation == "order" and recipe.of is not None else recipe
            timeless = _timeless(subject)
            who = (row.relation, timeless.id, timeless.label, subject.sparsity, rewind_of(recipe), recipe.seed)
            rows += [(*who, measure, getattr(row, measure)) for measure in MEASURES]
    keys = [*CURVE, "measure"]
    each = pd.DataFrame(rows, columns=[*CURVE, "seed", "measure", "value"]).astype({"value": float})
    by_seed = each.groupby([*keys, "seed"], sort=False)["value"].mean().reset_index()
    found = bands(by_seed, keys, "value")
    return found.sort_values("rewind", kind="stable", ignore_index=True)


def rewind_of(recipe: Recipe) -> int:
    """The iteration whose weights a ticket's training starts from; of a control of a ticket, that of its original."""
    if recipe.of is not None and recipe.of.finder != "dense":
        return rewind_of(recipe.of)
    return recipe.rewind or 0


def _timeless(recipe: Recipe) -> Recipe:
    """The recipe without name, seed, order and rewinding point."""
    of = _timeless(recipe.of) if recipe.of is not None else None
    return recipe.model_copy(update={"name": "", "seed": 0, "order": None, "rewind": None, "of": of})
