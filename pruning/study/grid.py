"""Recipes that differ from one in seed or sparsity alone, made from it without validating anew what they share.

A grid of thousands of recipes is mostly that: a recipe validated from scratch costs 300 microseconds, its like 20.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from pruning.procedure import FINDERS, FinderOptions
from pruning.recipe import ID_LENGTH, Recipe

M = TypeVar("M", bound=BaseModel)


class Reseeded:
    """A recipe under other seeds, the recipe that it is made `of` included: as `Recipe.with_seed` makes them."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe, self.of = recipe, None if recipe.of is None else Reseeded(recipe.of)
        self._id: Callable[[str], str] | None = None

    def under(self, seed: int, made: Mapping[str, Recipe] | None = None) -> Recipe:
        """The recipe under a seed; `made` are others under it, by the ids that they had, one of which it may be of."""
        if self._id is None:
            self._id = _id_by("seed", self.recipe)
        changes: dict[str, Any] = {"seed": seed}
        if self.of is not None:
            of = (made or {}).get(self.of.recipe.id) or self.of.under(seed)
            changes["options"] = _changed(self.recipe.options, of=of)
        found = _changed(self.recipe, **changes)
        found.__dict__["id"] = self._id(json.dumps(seed))
        found.__dict__["family"] = self._family
        return found

    @property
    def _family(self) -> str:
        """The same under every seed."""
        known = self.recipe.__dict__.get("family")
        if known is None:
            assert self._id is not None
            known = self.recipe.__dict__["family"] = self._id("0")
        return str(known)


class BySeed:
    """The recipes of one seed, by id, under any other."""

    def __init__(self, recipes: Mapping[str, Recipe]) -> None:
        self._each = [Reseeded(recipe) for recipe in recipes.values()]

    def under(self, seed: int) -> dict[str, Recipe]:
        """The recipes under a seed, by id and in their order."""
        made: dict[str, Recipe] = {}
        for each in self._each:
            made[each.recipe.id] = each.under(seed, made)
        return {recipe.id: recipe for recipe in made.values()}


class Sparsified:
    """A recipe at other sparsities."""

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self._depends = recipe.of is not None or type(recipe.options).decides is not FinderOptions.decides
        self._id: Callable[[str], str] | None = None

    def at(self, sparsity: float) -> Recipe | None:
        """The recipe at a sparsity; None where other fields may depend on that, so that all is to be validated.

        Raises:
            UserError: the finder does not allow it.
        """
        if self._depends or not 0 <= sparsity < 1:
            return None
        if self._id is None:
            self._id = _id_by("sparsity", self.recipe)
        found = _changed(self.recipe, sparsity=float(sparsity))
        FINDERS[found.finder].check(found)
        found.__dict__["id"] = self._id(json.dumps(found.sparsity))
        return found


def _changed(model: M, **values: Any) -> M:
    """A copy with other values, which are valid; what was worked out of the old ones is left behind."""
    found = model.model_copy()
    own = type(model).model_fields
    for name in [name for name in found.__dict__ if name not in own]:
        del found.__dict__[name]
    found.__dict__.update(values)
    return found


def _id_by(field: str, recipe: Recipe) -> Callable[[str], str]:
    """What gives the recipe's id for each value of a field, as JSON: all the rest of its text is put together once.

    The field is also that of the recipe that it is made of, and of that one's.
    """
    plain = recipe.canonical()
    bare = json.dumps(plain)
    mark = next(text for number in range(1, 1000) if (text := f"mark-{number}") not in bare)
    inner: dict[str, Any] | None = plain
    while inner is not None:
        inner[field] = mark
        inner = inner.get("of")
    pieces = json.dumps(plain, sort_keys=True, separators=(",", ":")).split(f'"{mark}"')
    return lambda value: hashlib.sha256(value.join(pieces).encode()).hexdigest()[:ID_LENGTH]
