"""Which ticket another is held against, to see how stable its training is.

Only studies in which something was trained again under another order of the data ask for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from analysis.engine.base import Pair
from pruning.finders.base import dense_recipe
from pruning.recipe import Recipe
from pruning.study.folder import Entry

REORDERED = "reordered"

Relation = Literal["order", "pruning"]


def partners(entries: Sequence[Entry]) -> dict[str, Pair]:
    """The partners of those tickets that have one among the entries, by ticket id.

    The relation is "order" for the same training under another order of the data, and "pruning" for the dense network,
    trained from the same weights under the same order.
    """
    if not any(entry.recipe.finder == REORDERED for entry in entries):
        return {}
    known = {entry.id: entry for entry in entries}
    found = {}
    for entry in entries:
        relation, recipe = _related(entry.recipe)
        if recipe is not None and recipe.id in known:
            found[entry.id] = Pair(known[recipe.id], relation)
    return found


def _related(recipe: Recipe) -> tuple[Relation, Recipe | None]:
    if recipe.finder == REORDERED:
        return "order", recipe.of
    return "pruning", dense_recipe(recipe) if _starts_like_the_dense(recipe) else None


def _starts_like_the_dense(recipe: Recipe) -> bool:
    """Whether the ticket was trained from weights that the dense network had on its way, on the same batches."""
    if recipe.start is not None:
        return False
    if recipe.finder == "shuffled":
        of = recipe.of
        return of is not None and (not of.rewind or of.training == recipe.training)
    return recipe.finder == "imp" or (recipe.finder == "one_shot" and recipe.score_on == "init")
