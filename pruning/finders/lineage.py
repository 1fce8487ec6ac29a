"""What a recipe descends from, and its own step from its parents' tickets to its own."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pruning.checkpoints.imported_weights import Start
from pruning.criteria import CRITERIA
from pruning.data import Dataset
from pruning.errors import UserError
from pruning.files import digest_of_named
from pruning.finders.base import Trainer, finder_of
from pruning.finders.shared import find_together, on_several
from pruning.models import count_macs
from pruning.recipe import Recipe
from pruning.tasks import get_task
from pruning.ticket import Ticket
from pruning.training.precision import cpu_capability, device_name, on_threads, pick_threads
from pruning.version import VERSION

LEAST = 0.1
"""Epochs that a step takes as long as, at least."""


def parents_of(recipe: Recipe) -> list[Recipe]:
    """The recipes whose tickets the recipe starts from, the line of descent first."""
    return finder_of(recipe).parents(recipe)


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
    return finder_of(recipe).cost(recipe)


def effort(recipe: Recipe) -> float:
    """How long the recipe's own step takes beside others, in epochs: also one that trains nothing scores and tests."""
    return max(cost(recipe), LEAST)


def find_step(recipe: Recipe, known: Mapping[str, Ticket], trainer: Trainer) -> Ticket:
    """The recipe's own step; `known` holds its parents' tickets by id.

    All of it runs on one number of threads, the trainer's or that of the network's size, which the ticket records.
    Where its trainings are shared by several devices it is done in as many processes.
    """
    parents = {parent.id: known[parent.id] for parent in parents_of(recipe)}
    if on_several(recipe):
        return find_together(find_step, recipe, parents, trainer)
    tickets = list(parents.values())
    trainer = replace(trainer, data=get_task(recipe.task).dataset(trainer.data))
    if recipe.start is not None:
        trainer = replace(trainer, data=as_expected(trainer.data, recipe.start))
    files = dict(pair for ticket in tickets for pair in ticket.info.files.items())
    files |= {name: digest_of_named(name) for name in finder_of(recipe).reads(recipe)}
    threads = trainer.threads or pick_threads(count_macs(trainer.build(recipe), trainer.data.shape))
    with on_threads(threads):
        ticket = finder_of(recipe).find(recipe, tickets, trainer)
    info = ticket.info
    info.version, info.revisions = VERSION, _recorded(recipe, tickets)
    info.threads, info.device, info.cpu = threads, device_name(trainer.device), cpu_capability()
    info.files = files
    return ticket


def own_revisions(recipe: Recipe) -> dict[str, int]:
    """Today's revisions of what the recipe's own step runs, by "finder NAME", "criterion NAME" and "structure NAME".

    A control runs what its original does. Structures are named from their second revision on.
    """
    found = own_revisions(recipe.of) if recipe.of is not None else {}
    found[f"finder {recipe.finder}"] = finder_of(recipe).revision
    if recipe.criterion is not None:
        found[f"criterion {recipe.criterion}"] = CRITERIA[recipe.criterion].revision
    if recipe.granularity.revision > 1:
        found[f"structure {recipe.granularity.name}"] = recipe.granularity.revision
    return found


def revisions(recipe: Recipe, known: dict[str, dict[str, int]] | None = None) -> dict[str, int]:
    """Today's revisions of all that the recipe's ticket comes through, the tickets it descends from included.

    Args:
        recipe: of the ticket.
        known: the same of recipes by id, which is read and added to: tickets of a study share most of their descent.
    """
    known = {} if known is None else known
    if recipe.id not in known:
        parents = [revisions(parent, known) for parent in parents_of(recipe)]
        known[recipe.id] = {name: number for each in [*parents, own_revisions(recipe)] for name, number in each.items()}
    return known[recipe.id]


def _recorded(recipe: Recipe, parents: Iterable[Ticket]) -> dict[str, int]:
    """What a ticket that is found today records: a parent found by an earlier revision keeps that one."""
    found = own_revisions(recipe)
    for parent in parents:
        for name, number in revisions(parent.recipe).items():
            found[name] = min(found.get(name, number), parent.info.revisions.get(name, 1))
    return found


def as_expected(data: Dataset, start: Start) -> Dataset:
    """The data normalised as imported weights expect it. Raises UserError when the number of channels is another."""
    for what, values in (("mean", start.mean), ("std", start.std)):
        if len(values) != data.shape[0]:
            raise UserError(f"The {what} {list(values)} of the imported weights must have {data.shape[0]} values.")
    return data.normalised_by(start.mean, start.std)
