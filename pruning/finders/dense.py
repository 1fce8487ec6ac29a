"""The dense network: what tickets are cut from and compared with."""

import math
import time
from collections.abc import Sequence

from pruning.finders.base import Finder, Workshop, make_ticket
from pruning.finders.mask_distance import Watch
from pruning.masks import full_masks
from pruning.models import prunable
from pruning.recipe import Recipe, Training
from pruning.ticket import Ticket


def find(recipe: Recipe, parents: Sequence[Ticket], workshop: Workshop) -> Ticket:
    """Train the network; with `rewind` = k stop after k iterations, the point that iterative pruning returns to.

    A whole training records how far its masks move from epoch to epoch. A recipe with a start trains nothing: the
    imported network is the ticket, pruned as far as it came pruned.
    """
    began = time.perf_counter()
    if recipe.start is not None:
        return _find_imported(recipe, workshop, began)
    model = workshop.build(recipe)
    watched = recipe.rewind is None and prunable(model)
    watch = Watch(model, workshop.data, recipe.training) if watched else None
    text = "training the dense network"
    trained = workshop.train(model, recipe.training, recipe, stop=recipe.rewind, text=text, hook=watch)
    masks = full_masks({name: value.detach().cpu() for name, value in prunable(model).items()})
    record = watch.record() if watch is not None else None
    return make_ticket(recipe, model, masks, trained, workshop, began, record=record)


def _find_imported(recipe: Recipe, workshop: Workshop, began: float) -> Ticket:
    model, masks = workshop.imported(recipe)
    as_it_is = Training(epochs=0, precision=recipe.training.precision)
    trained = workshop.train(model, as_it_is, recipe, masks, text="trying the imported network")
    return make_ticket(recipe, model, masks, trained, workshop, began)


def cost(recipe: Recipe) -> float:
    """Epochs of training; a network stopped at an iteration, or imported, counts as a small share of one."""
    if recipe.start is not None:
        return 0.1
    return recipe.training.epochs if recipe.rewind is None else min(1.0, math.log1p(recipe.rewind) / 10)


# A network that was imported already pruned, beside the study's dense one.
IMPORTED = Finder("imported", {}, lambda recipe: [], find, cost, "Imported", "imported as it was pruned", needs="start")
FINDER = Finder("dense", {"rewind": None}, lambda recipe: [], find, cost, "Dense", "dense: trained, nothing removed")
