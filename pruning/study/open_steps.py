"""What a study still lacks: the steps to do, parents first."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from pruning.errors import UserError, unknown
from pruning.files import cannot_write
from pruning.finders.lineage import lineage, parents_of
from pruning.recipe import Recipe
from pruning.study import index
from pruning.study.config import DENSE
from pruning.study.folder import CACHE, TICKETS, Study
from pruning.study.staleness import changed_since
from pruning.ticket import read_header

Known = Mapping[str, index.Row]
"""What the index says of the study's tickets."""


def open_steps(
    study: Study, stale: bool = False, methods: Collection[str] = (), sparsities: Collection[float] = ()
) -> tuple[list[Recipe], int]:
    """The steps still to do, parents first, and how many of the study's tickets are there already.

    A file that cannot be read counts as missing and is found again; with `stale` so does a stale one (`staleness`).
    With `methods`, or `sparsities`, tickets of these alone and the dense network's are asked for.

    Raises:
        UserError: the study has no such method, or none of them is pruned to such a sparsity.
    """
    wanted = _among(study, methods, sparsities)
    known = index.tickets(study.path)
    missing = [recipe for recipe in wanted if not _is_found(study, recipe, stale, known)]
    needed = _lineage_to(study, missing, stale, known)
    return needed, len(wanted) - len(missing)


def _among(study: Study, methods: Collection[str], sparsities: Collection[float]) -> list[Recipe]:
    """The study's recipes of these methods and sparsities, and those of the dense network."""
    recipes = study.recipes()
    titles = list(dict.fromkeys(recipe.method for recipe in recipes))
    for name in methods:
        if name not in titles:
            raise unknown("method", name, titles)
    found = [recipe for recipe in recipes if not methods or recipe.method in methods]
    levels = sorted({recipe.sparsity for recipe in found})
    for level in sparsities:
        if level not in levels:
            raise UserError(
                f"{study.source} prunes none of these to {level:g}; it has {', '.join(map('{:g}'.format, levels))}."
            )
    chosen = {recipe.id for recipe in found if not sparsities or recipe.sparsity in sparsities}
    return [recipe for recipe in recipes if recipe.method == DENSE or recipe.id in chosen]


def _lineage_to(study: Study, recipes: list[Recipe], stale: bool, known: Known) -> list[Recipe]:
    """`recipes` and those of their ancestors that are not there, parents first."""
    needed: set[str] = set()

    def visit(recipe: Recipe) -> None:
        if recipe.id in needed or _is_found(study, recipe, stale, known):
            return
        needed.add(recipe.id)
        for parent in parents_of(recipe):
            visit(parent)

    for recipe in recipes:
        visit(recipe)
    return [recipe for recipe in lineage(recipes) if recipe.id in needed]


def _is_found(study: Study, recipe: Recipe, stale: bool, known: Known) -> bool:
    """Return whether the recipe's ticket is there, whole; with `stale` a stale one does not count.

    One that is now asked for is brought over from the cache.
    """
    path = study.ticket_path(recipe)
    cached = study.path / CACHE / path.name
    if not path.exists() and cached.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(cached, path)
        except OSError as error:
            raise cannot_write(path, error) from error
    return any(_counts(recipe, each, stale, known) for each in (path, study.path / TICKETS / path.name))


def _counts(recipe: Recipe, path: Path, stale: bool, known: Known) -> bool:
    row = index.told(known, path) if path.parent.name == TICKETS else None
    if row is not None:
        return not (stale and changed_since(recipe, row.info))
    try:
        header = read_header(path)
    except UserError:
        return False
    return header.recipe.id == path.stem and not (stale and changed_since(header.recipe, header.info))
