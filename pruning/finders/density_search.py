"""Sparsities by layer that are searched for: the trained network is cut in many ways, and the best is fine-tuned.

Which weights of a layer stay, a criterion says; how many each layer keeps is looked for with optuna, each trial judged
by the pruned network's loss or accuracy on training images, as it is before any fine-tuning. Test images have no part
in it. The first trials are uniform densities, ERK and scores compared over all layers, so that on these images what is
found is no worse. All trials keep to one budget: the sparsity is that of weights, or of multiply-adds, or both are met.
(He et al. 2018, arXiv 1802.03494, has a budget of multiply-adds and an agent that learns; here it is any sampler.)

What was found is in the ticket's counts by layer, so that `as_manual` gives a recipe of the same ticket that needs no
search, nor optuna.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator

from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, dense_recipe, make_ticket
from pruning.finders.density_judge import Judge, sparsities
from pruning.finders.one_shot import fine_tuning
from pruning.finders.options import (
    Count,
    CriterionName,
    ScoredPieces,
    criterion_option,
    finetune_option,
    sharing_out_itself,
)
from pruning.models import count_macs
from pruning.models.counting import spelled
from pruning.procedure import Fields, Shared
from pruning.progress import share
from pruning.recipe import Recipe
from pruning.search.densities import SAMPLERS, Sampler, search_densities
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.history import Record
from pruning.training.precision import settled
from pruning.validation import checked, option, values_of

BUDGETS = {
    "weights": "the weights",
    "multiply_adds": "the multiply-adds with them",
    "both": "the weights, and at least as much of the multiply-adds",
}
JUDGED = {"loss": "the loss", "accuracy": "the accuracy, or what the task has in its place"}
BATCH_NORM = {"anew": "statistics measured anew in each trial", "kept": "statistics as they were"}
SEARCHED = ("budget", "sampler", "trials", "judged_by", "images", "batch_norm")
OF_EPOCH = 1 / 50_000
"""What a forward pass over an image counts as, in epochs of training: a data set's size is not known to a recipe."""


class DensitySearchOptions(ScoredPieces):
    """Options of `density_search`."""

    at_once: ClassVar[bool] = True

    criterion: CriterionName = criterion_option("magnitude")
    budget: Annotated[Literal["weights", "multiply_adds", "both"], BeforeValidator(spelled)] = option(
        "weights", "Budget", "what the sparsity is a fraction of", BUDGETS
    )
    sampler: Sampler = option("tpe", "Search", "how the next densities are chosen", SAMPLERS)
    trials: Count = option(100, "Trials", "densities that are tried")
    judged_by: Literal["loss", "accuracy"] = option("loss", "Judged by", "of the pruned network", JUDGED)
    images: Count = option(1000, "Validation images", "training images that each trial is judged on")
    batch_norm: Literal["anew", "kept"] = option("anew", "Batch norm", "while trials are judged", BATCH_NORM)
    finetune: Training | None = finetune_option()

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given; the search says all that an allocation would."""
        own = sharing_out_itself(given, "Finder 'density_search' looks for an allocation")
        return {**super().complete(own, shared), "allocation": None}


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Look for densities, cut the trained network to them, fine-tune what is left."""
    began, options = time.perf_counter(), DensitySearchOptions.read(recipe)
    model, within = parents[0].model().to(trainer.device), parents[0].masks
    part = _search_cost(recipe) / cost(recipe)
    told = share(trainer.progress, 0.0, part, "looking for sparsities by layer")
    with settled(count_macs(model, trainer.data.shape)):
        judge = Judge.of(recipe, trainer, model, within)
        searched = search_densities(
            list(judge.budget.sizes), judge, options.trials, options.sampler, recipe.seed, judge.usual(), told
        )
        found = judge.cut_to(searched.best)
    masks = {name: mask.cpu() for name, mask in found.masks.items()}
    tuned = replace(trainer, progress=share(trainer.progress, part, 1 - part))
    trained = tuned.train(found.model.cpu(), fine_tuning(recipe), recipe, masks, text="fine-tuning")
    trained = tuned.recalibrated(found.model, trained, recipe)
    record: Record = {f"densities/{options.judged_by}": judge.judged, "densities/multiply_adds": judge.left}
    return make_ticket(recipe, found.model, masks, trained, trainer, began, parents, record)


def as_manual(ticket: Ticket) -> Recipe:
    """The recipe of finder `manual` that gives a ticket of this finder's masks without a search.

    Raises:
        UserError: the ticket is another finder's.
    """
    recipe = ticket.recipe
    if not isinstance(recipe.options, DensitySearchOptions):
        raise UserError(f"{recipe.label} was not found by a search for densities; give a ticket of 'density_search'.")
    kept = {name: int(mask.sum()) for name, mask in ticket.masks.items()}
    layers, sparsity = sparsities(kept, {name: mask.numel() for name, mask in ticket.masks.items()})
    own = values_of(recipe.options).keys() - {*SEARCHED, "allocation"}
    shared = ("start", "model", "data", "task", "classifier", "prune_classifier", "scope", "training", "seed")
    given = {name: getattr(recipe, name) for name in shared} | {name: recipe.option(name) for name in own}
    parts = {**values_of(recipe.parts.criterion), **values_of(recipe.parts.structure)}
    return checked(
        Recipe, {**given, **parts, "finder": "manual", "score_on": "trained", "sparsity": sparsity, "layers": layers}
    )


def manual_lines(ticket: Ticket) -> str:
    """The same as lines of a study file, but for what the study says itself; "" of another finder's ticket."""
    if not isinstance(ticket.recipe.options, DensitySearchOptions):
        return ""
    recipe = as_manual(ticket)
    gone = recipe.option("layers").items()
    layers = ", ".join(f"{json.dumps(name.removesuffix('.weight'))} = {share!r}" for name, share in gone)
    structure = [] if recipe.granularity.name == "weight" else [f"structure = {json.dumps(recipe.granularity.name)}"]
    lines = ["[[method]]", f"name = {json.dumps(ticket.recipe.method + ' by hand')}", 'finder = "manual"']
    lines += [f"criterion = {json.dumps(recipe.criterion)}", 'score_on = "trained"', *structure]
    return "\n".join([*lines, f"sparsities = [{recipe.sparsity!r}]", f"layers = {{ {layers} }}"])


def _search_cost(recipe: Recipe) -> float:
    options = DensitySearchOptions.read(recipe)
    passes = 2 if options.batch_norm == "anew" else 1
    return passes * options.trials * options.images * OF_EPOCH / 3


def cost(recipe: Recipe) -> float:
    """Epochs of training after pruning, and what the trials count as: a forward pass is a third of a step."""
    return fine_tuning(recipe).epochs + _search_cost(recipe)


FINDER = Finder(
    name="density_search",
    label="Density search",
    words="sparsities by layer looked for, each trial judged on training images",
    options=DensitySearchOptions,
    parents=lambda recipe: [dense_recipe(recipe)],
    find=find,
    cost=cost,
    fine_tunes=True,
    after_dense=fine_tuning,
    sparsity_of=lambda recipe: " of multiply-adds" if recipe.option("budget") == "multiply_adds" else "",
)
