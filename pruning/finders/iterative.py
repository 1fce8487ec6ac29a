"""Iterative pruning of the trained network, its weights kept: what comes after each cut is the difference.

`iterative` fine-tunes at a low learning rate (Han et al. 2015, arXiv 1506.02626). `lrr` trains again with the whole
learning rate schedule (learning rate rewinding, Renda et al. 2020, arXiv 2003.02389). Unlike in `imp`, the kept weights
are never put back. Each level is a ticket of its own, found from the level before.
"""

import time
from collections.abc import Sequence

from pruning.finders.base import Finder, Trainer, dense_recipe, make_ticket
from pruning.finders.imp import Levels, previous_level
from pruning.finders.one_shot import fine_tuning
from pruning.finders.options import finetune_option
from pruning.finders.scoring import prune_by_score
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.config import Training


class IterativeOptions(Levels):
    """Options of `iterative`."""

    finetune: Training | None = finetune_option()


def parents(recipe: Recipe) -> list[Recipe]:
    """The level before, or the dense network."""
    return [previous_level(recipe) or dense_recipe(recipe)]


def schedule(recipe: Recipe) -> Training:
    """How the network is trained after each cut."""
    return fine_tuning(recipe) if recipe.finder == "iterative" else recipe.training


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Prune the level before by its trained weights and train on from what is kept."""
    began = time.perf_counter()
    model = parents[0].model()
    masks = prune_by_score(recipe, model, trainer, within=parents[0].masks)
    text = "fine-tuning" if recipe.finder == "iterative" else "training again"
    trained = trainer.train(model, schedule(recipe), recipe, masks, text=text)
    trained = trainer.recalibrated(model, trained, recipe)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents)


def cost(recipe: Recipe) -> float:
    """Epochs of one level."""
    return schedule(recipe).epochs


def all_levels(recipe: Recipe) -> Training:
    """The training of one level, for as many epochs as all levels up to the recipe's have."""
    before = previous_level(recipe)
    own = schedule(recipe)
    return own if before is None else own.but(epochs=own.epochs + all_levels(before).epochs)


ITERATIVE = Finder(
    name="iterative",
    label="Iterative",
    words="iterative: pruned and fine-tuned in turn",
    options=IterativeOptions,
    parents=parents,
    find=find,
    cost=cost,
    fine_tunes=True,
    after_dense=all_levels,
)
LRR = Finder(
    name="lrr",
    label="LRR",
    words="iterative with learning rate rewinding",
    options=Levels,
    parents=parents,
    find=find,
    cost=cost,
    after_dense=all_levels,
)
