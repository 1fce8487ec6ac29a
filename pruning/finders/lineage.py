"""From a recipe to its ticket, by way of the tickets it descends from."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from pruning.checkpoints import read
from pruning.criteria import CRITERIA
from pruning.data import Dataset, load_data
from pruning.errors import UserError
from pruning.finders.base import Report, Workshop, finder_of, quiet
from pruning.imported_weights import Imported
from pruning.models import build_model
from pruning.recipe import Recipe, Start
from pruning.ticket import Ticket
from pruning.training.precision import pick_device
from pruning.version import VERSION


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


def find_step(recipe: Recipe, known: Mapping[str, Ticket], workshop: Workshop) -> Ticket:
    """The recipe's own step; `known` holds its parents' tickets by id."""
    tickets = [known[parent.id] for parent in parents_of(recipe)]
    if recipe.start is not None:
        workshop = replace(workshop, data=as_expected(workshop.data, recipe.start))
    ticket = finder_of(recipe).find(recipe, tickets, workshop)
    ticket.info.version, ticket.info.revisions = VERSION, _recorded(recipe, tickets)
    return ticket


def own_revisions(recipe: Recipe) -> dict[str, int]:
    """Today's revisions of what the recipe's own step runs, by "finder NAME" and "criterion NAME"; a control runs what
    its original does."""
    found = own_revisions(recipe.of) if recipe.of is not None else {}
    found[f"finder {recipe.finder}"] = finder_of(recipe).revision
    if recipe.criterion is not None:
        found[f"criterion {recipe.criterion}"] = CRITERIA[recipe.criterion].revision
    return found


def revisions(recipe: Recipe) -> dict[str, int]:
    """Today's revisions of all that the recipe's ticket comes through, the tickets it descends from included."""
    return {name: number for step in lineage([recipe]) for name, number in own_revisions(step).items()}


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
    return replace(data, mean=start.mean, std=start.std)


def find_ticket(
    recipe: Recipe,
    progress: Report | None = None,
    device: str = "auto",
    root: str | Path | None = None,
    download: bool = False,
    weights: Mapping[str, Tensor] | str | Path | None = None,
) -> Ticket:
    """Find the ticket of a recipe, and on the way those it descends from (the dense network, the levels of IMP).

    Args:
        recipe: what to find. The same recipe gives the same ticket, bit for bit, on the same machine.
        progress: called with the fraction done, in [0, 1], and what is being done.
        device: "auto", "cpu", "cuda", ...
        root: folder of the data set, where it is not an embedded one.
        download: fetch the data set when it is not there.
        weights: start from these trained weights instead of an initialisation: a state dict in the model's own names,
            or the file of a checkpoint as `pruning.checkpoints.read` takes it, or the folder of the study that the
            recipe's `start` is from. Without a `start` in the recipe the data set's own normalisation is used.

    Raises:
        UserError: data that is missing, a loss that is not finite, a network that does not fit the data.
    """
    data = load_data(recipe.data, root, download)
    imports: Path | Imported | None = None
    if weights is not None:
        recipe, imports = _started(recipe, weights, data)
    steps = lineage([recipe])
    total, done = sum(map(cost, steps)), 0.0
    known: dict[str, Ticket] = {}
    workshop = Workshop(data, pick_device(device), imports=imports)
    for step in steps:
        if progress is not None:
            workshop.report = _share(progress, done / total, cost(step) / total, step.label)
        known[step.id] = find_step(step, known, workshop)
        done += cost(step)
    (progress or quiet)(1.0, "found")
    return known[recipe.id]


def _started(
    recipe: Recipe, weights: Mapping[str, Tensor] | str | Path, data: Dataset
) -> tuple[Recipe, Path | Imported]:
    """The recipe with the weights as its start, and where these are."""
    if isinstance(weights, Mapping):
        imported = Imported(dict(weights), {})
    elif recipe.start is not None and Path(weights).is_dir():
        return recipe, Path(weights)
    else:
        found = read(weights)
        imported = Imported(found.state, found.masks)
    mean, std = (recipe.start.mean, recipe.start.std) if recipe.start else (data.mean, data.std)
    sparsity = imported.sparsity(build_model(recipe.model, data.num_classes, data.shape, seed=0))
    start = Start(weights=imported.digest, mean=mean, std=std, sparsity=sparsity)
    # where to score was filled in for an initialisation; with trained weights it is filled in anew
    anew = {} if recipe.start or recipe.option("score_on") is None else {"score_on": None}
    return recipe.but(start=start, **anew), imported


def _share(progress: Report, start: float, width: float, label: str) -> Report:
    return lambda fraction, text: progress(start + width * fraction, f"{label}: {text}")
