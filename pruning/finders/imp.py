"""Iterative magnitude pruning with rewinding (Frankle & Carbin 2019; Frankle et al. 2020).

Train, remove the fraction `rate` of the weights that are left, put the others back to what they were at iteration
`rewind` (0: the original lottery ticket), train again; until the sparsity is reached. Each level is a ticket of its
own, found from the level before, so that levels are shared between the sparsities of a study and survive a kill.
"""

import time
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, apply_masks, dense_recipe, make_ticket, training_epochs
from pruning.finders.options import ScoredPieces, Share
from pruning.finders.scoring import prune_by_score
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.validation import option

CLOSE = 1e-9


class Levels(ScoredPieces):
    """Options of finders that prune level by level."""

    rate: Share = option(0.2, "Pruning rate per level", part_of="the weights left")


class ImpOptions(Levels):
    """Options of `imp`."""

    rewind: Annotated[int, Field(ge=0)] = option(
        0, "Rewinding iteration", "0 is the original lottery ticket", values={"0": "0, the initialisation"}
    )


def previous_level(recipe: Recipe) -> Recipe | None:
    """The recipe one level less sparse, None at the first level.

    Levels lie at 1 - d (1 - rate)^j; d is the density of the start, 1 but for imported networks that came pruned.
    """
    rate = Levels.read(recipe).rate
    density, last = 1.0 - (recipe.start.sparsity if recipe.start else 0.0), None
    while 1 - density * (1 - rate) < recipe.sparsity - CLOSE:
        density *= 1 - rate
        last = round(1 - density, 12)
    return None if last is None else recipe.but(sparsity=last)


def parents(recipe: Recipe) -> list[Recipe]:
    """The level before (or the dense network), and the dense network at the rewinding point unless that is 0."""
    before = previous_level(recipe) or dense_recipe(recipe)
    return [before, *rewinding_point(recipe)]


def rewinding_point(recipe: Recipe) -> list[Recipe]:
    """The dense network at iteration `rewind`, nothing when that is its initialisation."""
    rewind: int | None = recipe.option("rewind")
    return [dense_recipe(recipe, rewind)] if rewind else []


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Prune the level before by its trained weights, rewind what is kept, train it."""
    began = time.perf_counter()
    before = parents[0]
    trained_model = before.model()
    masks = prune_by_score(recipe, trained_model, trainer, within=before.masks)
    model = parents[1].model() if len(parents) > 1 else trainer.build(recipe)
    apply_masks(model, masks)
    start = ImpOptions.read(recipe).rewind
    trained = trainer.train(model, recipe.training, recipe, masks, start=start, text="training the rewound network")
    return make_ticket(recipe, model, masks, trained, trainer, began, parents)


def check(recipe: Recipe) -> None:
    """Raise UserError for imported weights."""
    if recipe.start is not None:
        raise UserError(
            "Finder 'imp' rewinds to the network's early training, which imported weights do not have; take 'lrr' "
            "(rewinds the learning rate only) or 'iterative' (fine-tunes)."
        )


FINDER = Finder(
    name="imp",
    label="IMP",
    words="iterative magnitude pruning with rewinding",
    options=ImpOptions,
    parents=parents,
    find=find,
    cost=training_epochs,
    check=check,
    starts_as_dense=lambda recipe: True,
)
