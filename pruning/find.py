"""From a recipe to its ticket, by way of the tickets it descends from."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pruning.data import load_data
from pruning.finders import get_finder
from pruning.finders.base import Report, Workshop, quiet
from pruning.precision import pick_device
from pruning.recipe import Recipe
from pruning.ticket import Ticket


def parents_of(recipe: Recipe) -> list[Recipe]:
    """The recipes whose tickets the recipe starts from, the line of descent first."""
    return get_finder(recipe.finder).parents(recipe)


def lineage(recipes: Iterable[Recipe]) -> list[Recipe]:
    """The recipes and all they descend from, each once and after its parents."""
    order: dict[str, Recipe] = {}

    def visit(recipe: Recipe) -> None:
        if recipe.id not in order:
            for parent in parents_of(recipe):
                visit(parent)
            order[recipe.id] = recipe

    for recipe in recipes:
        visit(recipe)
    return list(order.values())


def cost(recipe: Recipe) -> float:
    """How much training the recipe's own step takes, in epochs."""
    return get_finder(recipe.finder).cost(recipe)


def find_step(recipe: Recipe, known: Mapping[str, Ticket], workshop: Workshop) -> Ticket:
    """The recipe's own step; `known` holds its parents' tickets by id."""
    tickets = [known[parent.id] for parent in parents_of(recipe)]
    return get_finder(recipe.finder).find(recipe, tickets, workshop)


def find_ticket(
    recipe: Recipe,
    progress: Report | None = None,
    device: str = "auto",
    root: str | Path | None = None,
    download: bool = False,
) -> Ticket:
    """Find the ticket of a recipe, and on the way those it descends from (the dense network, the levels of IMP).

    Args:
        recipe: what to find. The same recipe gives the same ticket, bit for bit, on the same machine.
        progress: called with the fraction done, in [0, 1], and what is being done.
        device: "auto", "cpu", "cuda", ...
        root: folder of the data set, where it is not an embedded one.
        download: fetch the data set when it is not there.

    Raises:
        UserError: data that is missing, a loss that is not finite, a network that does not fit the data.
    """
    steps = lineage([recipe])
    total, done = sum(map(cost, steps)), 0.0
    known: dict[str, Ticket] = {}
    workshop = Workshop(load_data(recipe.data, root, download), pick_device(device))
    for step in steps:
        if progress is not None:
            workshop.report = _share(progress, done / total, cost(step) / total, step.label)
        known[step.id] = find_step(step, known, workshop)
        done += cost(step)
    (progress or quiet)(1.0, "found")
    return known[recipe.id]


def _share(progress: Report, start: float, width: float, label: str) -> Report:
    return lambda fraction, text: progress(start + width * fraction, f"{label}: {text}")
