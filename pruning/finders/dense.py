"""The dense network: what tickets are cut from and compared with."""

import math
import time
from collections.abc import Sequence

from pruning.finders.base import Finder, Workshop, make_ticket
from pruning.masks import full_masks
from pruning.models import prunable
from pruning.recipe import Recipe
from pruning.ticket import Ticket


def find(recipe: Recipe, parents: Sequence[Ticket], workshop: Workshop) -> Ticket:
    """Train the network; with `rewind` = k stop after k iterations, the point that iterative pruning returns to."""
    began = time.perf_counter()
    model = workshop.build(recipe)
    trained = workshop.train(model, recipe.training, recipe, stop=recipe.rewind, text="training the dense network")
    masks = full_masks({name: value.detach().cpu() for name, value in prunable(model).items()})
    return make_ticket(recipe, model, masks, trained, workshop, began)


def cost(recipe: Recipe) -> float:
    """Epochs of training; a network stopped at an iteration counts as a small share of one."""
    return recipe.training.epochs if recipe.rewind is None else min(1.0, math.log1p(recipe.rewind) / 10)


FINDER = Finder("dense", {"rewind": None}, lambda recipe: [], find, cost)
