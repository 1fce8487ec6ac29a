"""What a study still lacks: the steps to do, parents first."""

import os
from pathlib import Path

from pruning.errors import UserError
from pruning.files import cannot_write
from pruning.finders.lineage import lineage, parents_of
from pruning.recipe import Recipe
from pruning.study.folder import CACHE, TICKETS, Study
from pruning.study.staleness import mended_since
from pruning.ticket import read_header


def open_steps(study: Study, stale: bool = False) -> tuple[list[Recipe], int]:
    """The steps still to do, parents first, and how many of the study's tickets are there already.

    A file that cannot be read counts as missing and is found again; with `stale` so does a stale one (`staleness`).
    """
    wanted = study.recipes()
    missing = [recipe for recipe in wanted if not _is_found(study, recipe, stale)]
    needed = _lineage_to(study, missing, stale)
    return needed, len(wanted) - len(missing)


def _lineage_to(study: Study, recipes: list[Recipe], stale: bool = False) -> list[Recipe]:
    """`recipes` and those of their ancestors that are not there, parents first."""
    needed: set[str] = set()

    def visit(recipe: Recipe) -> None:
        if recipe.id in needed or _is_found(study, recipe, stale):
            return
        needed.add(recipe.id)
        for parent in parents_of(recipe):
            visit(parent)

    for recipe in recipes:
        visit(recipe)
    return [recipe for recipe in lineage(recipes) if recipe.id in needed]


def _is_found(study: Study, recipe: Recipe, stale: bool = False) -> bool:
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
    return any(_counts(each, stale) for each in (path, study.path / TICKETS / path.name))


def _counts(path: Path, stale: bool) -> bool:
    try:
        header = read_header(path)
    except UserError:
        return False
    return header.recipe.id == path.stem and not (stale and mended_since(header.recipe, header.info))
