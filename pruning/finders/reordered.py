"""A control for stability: the same masks and starting weights, trained under another order of the data.

Two trainings of one network that differ in the order of their batches and in their augmentation alone tell how far
chance carries it, and whether a line between both ends crosses a barrier (linear mode connectivity, Frankle et al.
2020, arXiv 1912.05671). `order` numbers the orders. The dense network can be sent apart at any iteration: with
`rewind` = k both share the first k.
"""

import time
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from torch import nn

from pruning.errors import UserError
from pruning.finders.base import Finder, Workshop, apply_masks, dense_recipe, make_ticket, reinit_seed
from pruning.finders.controls import original, same_training
from pruning.masks import Masks, full_masks
from pruning.models import prunable
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.loop import derived_seed


def order_seed(seed: int, order: int) -> int:
    """The seed of the data order and augmentation number `order`."""
    return derived_seed(seed, "reordered", order) % 2**31


def starting_iteration(of: Recipe) -> int:
    """The iteration at which the training of an original starts."""
    return (_source(of).rewind if of.finder in ("imp", "shuffled") else 0) or 0


def _source(of: Recipe) -> Recipe:
    """The recipe that says where an original's weights are from: of a shuffled mask that of the mask's own original."""
    return original(of) if of.finder == "shuffled" else of


def as_the_original(fields: dict[str, Any]) -> object:
    """The `rewind` of a recipe that says nothing: where its original starts."""
    of = fields.get("of")
    try:
        return starting_iteration(Recipe.model_validate(of)) if of is not None else None
    except ValidationError:
        return None  # the recipe will say what is wrong with its original


def check(recipe: Recipe) -> None:
    """Raise UserError when the original cannot be trained a second time from where it started."""
    of = original(recipe)
    whole = of.finder == "dense" and of.rewind is None
    masked = of.finder in ("imp", "shuffled", "random_reinit") or (of.finder == "one_shot" and of.score_on == "init")
    if not (whole or masked) or _source(of).start is not None:
        raise UserError(
            f"Control 'reordered' starts where its original's training did, which '{of.method}' does not allow; "
            "make it of the dense network, 'imp', 'shuffled', 'random_reinit' or 'one_shot' scored at initialisation, "
            "none of them imported."
        )
    start = starting_iteration(of)
    if masked and recipe.rewind != start:
        raise UserError(
            f"Control 'reordered' starts where its original's training did, at iteration {start}, not at "
            f"{recipe.rewind}; leave `rewind` out, as it is for the dense network only."
        )
    same_training(recipe)


def parents(recipe: Recipe) -> list[Recipe]:
    """The original, whose masks it has, unless that is the dense network; and the dense network at the iteration at
    which training starts, unless that is its initialisation."""
    of = original(recipe)
    point = [dense_recipe(_source(of), recipe.rewind)] if recipe.rewind else []
    return point if of.finder == "dense" else [of, *point]


def starting_point(recipe: Recipe, parents: Sequence[Ticket], workshop: Workshop) -> tuple[nn.Module, Masks]:
    """The weights that the original's training started from, and its masks."""
    of = original(recipe)
    if recipe.rewind:
        model = parents[-1].model()
    else:
        model = workshop.build(of, reinit_seed(of.seed) if of.finder == "random_reinit" else None)
    masks = full_masks(prunable(model)) if of.finder == "dense" else parents[0].masks
    apply_masks(model, masks)
    return model, masks


def find(recipe: Recipe, parents: Sequence[Ticket], workshop: Workshop) -> Ticket:
    """Train the original once more under another data order."""
    began = time.perf_counter()
    of = original(recipe)
    model, masks = starting_point(recipe, parents, workshop)
    other = of.model_copy(update={"seed": order_seed(recipe.seed, recipe.order or 1)})
    start, text = recipe.rewind or 0, "training in another order"
    trained = workshop.train(model, of.training, other, masks, start=start, text=text)
    return make_ticket(recipe, model, masks, trained, workshop, began, parents)


FINDER = Finder(
    "reordered",
    {"of": None, "order": 1, "rewind": as_the_original},
    parents,
    find,
    lambda recipe: recipe.training.epochs,
    "reordered",
    "control: the same start, another order of the data",
    needs="of",
    check=check,
)
