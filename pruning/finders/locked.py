"""Locked: a ticket without its key, which the owner keeps (Chen et al. 2021, arXiv 2111.00162, scheme 1).

The key is the part of the mask with the highest scores. What is shipped keeps its trained weights; with `retrain` it is
what a thief has who trains that again without the key. At small scale that gives back much of the accuracy, so that a
key protects against use, not against a thief with data.
"""

import time
from collections.abc import Sequence
from typing import Literal

from pruning.finders.base import Finder, Trainer, apply_masks, make_ticket
from pruning.finders.marked import check_single_weights
from pruning.finders.options import Control, Share, original
from pruning.ownership.keys import locked
from pruning.procedure import Fields
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.validation import option

BY = {
    "paths": "strong paths from the inputs",
    "random_paths": "paths by chance",
    "betweenness": "betweenness among channels",
    "magnitude": "magnitude",
    "random": "chance",
}


class LockedOptions(Control):
    """Options of `locked`."""

    by: Literal["paths", "random_paths", "betweenness", "magnitude", "random"] = option("paths", "Key by", values=BY)
    key: Share = option(0.1, "Key", part_of="the weights left")
    retrain: bool = option(False, "Trained again", "by a thief without the key")

    def decides(self, recipe: Recipe) -> Fields:
        """Return the sparsity without the key."""
        return {"sparsity": round(1 - (1 - self.of.sparsity) * (1 - self.key), 12)}


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Take the key out; train what is left where a thief would."""
    began, options, ticket = time.perf_counter(), LockedOptions.read(recipe), parents[0]
    model = ticket.model()
    keep = ticket.total - round(recipe.sparsity * ticket.total)
    masks = locked(model, ticket.masks, ticket.info.shape, options.by, keep, recipe.seed)
    apply_masks(model, masks)
    training = recipe.training if options.retrain else recipe.training.but(epochs=0)
    trained = trainer.train(model, training, recipe, masks, text="training without the key")
    return make_ticket(recipe, model, masks, trained, trainer, began, parents)


FINDER = Finder(
    name="locked",
    label="locked",
    words="shipped without its key, with or without a thief's training",
    options=LockedOptions,
    parents=lambda recipe: [original(recipe)],
    find=find,
    cost=lambda recipe: recipe.training.epochs if LockedOptions.read(recipe).retrain else 0.0,
    check=check_single_weights,
)
