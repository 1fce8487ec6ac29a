"""Which ticket another is held against, to see how stable its training is.

Only studies in which something was trained again under another order of the data ask for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from analysis.engine.base import Pair
from pruning.finders.base import dense_recipe
from pruning.procedure import FINDERS
from pruning.recipe import Recipe
from pruning.study.folder import Entry

Relation = Literal["order", "pruning"]


def partners(entries: Sequence[Entry]) -> dict[str, Pair]:
    """The partners of those tickets that have one among the entries, by ticket id.

    The relation is "order" for the same training under another order of the data, and "pruning" for the dense network,
    trained from the same weights under the same order.
    """
    if not any(FINDERS[entry.recipe.finder].reorders for entry in entries):
        return {}
    known = {entry.id: entry for entry in entries}
    found = {}
    for entry in entries:
        relation, recipe = _related(entry.recipe)
        if recipe is not None and recipe.id in known:
            found[entry.id] = Pair(known[recipe.id], relation)
    return found


def _related(recipe: Recipe) -> tuple[Relation, Recipe | None]:
    finder = FINDERS[recipe.finder]
    if finder.reorders:
        return "order", recipe.of
    return "pruning", dense_recipe(recipe) if finder.starts_as_dense(recipe) else None
