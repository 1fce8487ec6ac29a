"""Controls: what is left of a ticket's merit when its weights or its mask are replaced by chance.

`random_reinit` keeps the mask and draws new initial weights (Frankle & Carbin 2019). `shuffled` keeps the weights the
ticket started from and each layer's sparsity, and permutes the mask within the layers (Frankle et al. 2021), whole
filters or tiles where these were removed as one.
"""

import time
from collections.abc import Sequence

from torch import nn

from pruning.errors import UserError
from pruning.finders import imp
from pruning.finders.base import (
    Finder,
    Workshop,
    apply_masks,
    dense_recipe,
    make_ticket,
    reinit_seed,
)
from pruning.granularity import get_structure
from pruning.granularity.shuffling import shuffled
from pruning.masks import Masks
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.loop import generator


def original(recipe: Recipe) -> Recipe:
    """The recipe of the ticket that a control is made from."""
    assert recipe.of is not None  # `complete` refuses a control without it
    return recipe.of


def same_training(recipe: Recipe) -> None:
    """Raise UserError unless a control that repeats its original's training says so."""
    if recipe.training != original(recipe).training:
        raise UserError(f"Control '{recipe.finder}' trains as its original does; give both the same `training`.")


def find_reinit(recipe: Recipe, parents: Sequence[Ticket], workshop: Workshop) -> Ticket:
    """The parent's mask on new initial weights, trained from the first iteration."""
    began = time.perf_counter()
    model, masks = workshop.build(recipe, reinit_seed(recipe.seed)), parents[0].masks
    apply_masks(model, masks)
    trained = workshop.train(model, recipe.training, recipe, masks)
    return make_ticket(recipe, model, masks, trained, workshop, began, parents)


def find_shuffled(recipe: Recipe, parents: Sequence[Ticket], workshop: Workshop) -> Ticket:
    """The parent's mask shuffled within each layer, on the weights the parent started from."""
    began = time.perf_counter()
    model = parents[1].model() if len(parents) > 1 else workshop.build(recipe)
    masks = shuffle(parents[0].masks, recipe.seed, recipe.mask_structure, model)
    apply_masks(model, masks)
    start = original(recipe).rewind or 0
    trained = workshop.train(model, recipe.training, recipe, masks, start=start)
    return make_ticket(recipe, model, masks, trained, workshop, began, parents)


def shuffle(masks: Masks, seed: int, structure: str | None = None, model: nn.Module | None = None) -> Masks:
    """Permute each layer's mask at random, in pieces of its structure; the number kept in each layer stays.

    Of structure `layer` other residual blocks of the same sizes go. Raises as `structures.shuffling.shuffled`.
    """
    return shuffled(masks, get_structure(structure or "weight"), model, lambda name: generator(seed, "shuffle", name))


def _cost(recipe: Recipe) -> float:
    return recipe.training.epochs


REINIT = Finder(
    "random_reinit",
    {"of": None},
    lambda recipe: [original(recipe)],
    find_reinit,
    _cost,
    "reinitialised",
    "control: the same mask, new weights",
    needs="of",
)


def check_shuffled(recipe: Recipe) -> None:
    """Raise UserError when there is no mask to shuffle."""
    if original(recipe).finder == "dense":
        raise UserError("The dense network has no mask to shuffle; make the control 'shuffled' of a pruned one.")


def shuffled_from(recipe: Recipe) -> list[Recipe]:
    """The ticket, and what holds the weights it started from, unless these are an initialisation."""
    of = original(recipe)
    return [of, *([dense_recipe(of)] if of.start else imp.rewinding_point(of))]


SHUFFLED = Finder(
    "shuffled",
    {"of": None},
    shuffled_from,
    find_shuffled,
    _cost,
    "shuffled",
    "control: the mask shuffled within each layer",
    needs="of",
    check=check_shuffled,
)
