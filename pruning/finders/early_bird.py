"""Early-bird tickets: the mask is drawn as soon as it stops changing (You et al. 2020, arXiv 1909.11957).

The dense network is trained with the whole schedule before it, and at each epoch's end the mask is drawn that pruning
would give now. When the newest mask differs in less than `distance` of all prunable weights from each of the
`patience` - 1 before it, training ends, the mask is put in force on the weights as they are, and what is left is
trained again. The paper keeps five masks and wants all four distances below 0.1. The initialisation is on record as
epoch 0, but is no mask of the five.

Two masks of sparsity s differ in 2 (1 - s) of the weights at most: from 0.95 on any two are within 0.1 of each other,
and a smaller `distance` is needed for the rule to say anything.
"""

import time
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

from torch import nn

from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, apply_masks, make_ticket, no_parents
from pruning.finders.mask_distance import Bits, distance_record, distances, pack_masks, thinned
from pruning.finders.options import Count, ScoredPieces, Share, finetune_option
from pruning.finders.scoring import prune_by_score
from pruning.masks import Masks, counts
from pruning.progress import share
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.history import Record
from pruning.training.loop import Hook, iterations_per_epoch
from pruning.validation import option


class EarlyBirdOptions(ScoredPieces):
    """Options of `early_bird`."""

    distance: Share = option(0.1, "Mask distance threshold", part_of="the weights")
    patience: Count = option(5, "Patience (masks)")
    finetune: Training | None = finetune_option()


def has_settled(drawn: Sequence[Bits], size: int, distance: float, patience: int) -> bool:
    """Whether the newest mask is less than `distance` from each of the `patience` - 1 before it.

    All are of `size` positions.
    """
    if len(drawn) < patience:
        return False
    return all(apart < distance for apart in distances(drawn[-1], drawn[-patience:-1], size))


class EarlyBirdDetector(Hook):
    """Draws the mask of a network in training at each epoch's end, and ends the training when it has settled."""

    def __init__(self, recipe: Recipe, model: nn.Module, trainer: Trainer) -> None:
        self.recipe, self.model, self.trainer = recipe, model, trainer
        self.per_epoch = iterations_per_epoch(trainer.data, recipe.training)
        self.epochs: list[float] = []
        self.drawn: list[Bits] = []
        self.masks: Masks = {}
        self.found = False

    def before(self, step: int) -> Masks | None:
        """Draw the first mask, that of the initialisation."""
        if step == 0:
            self.draw(0)
        return None

    def after(self, step: int) -> bool:
        """At an epoch's end draw the mask; training ends when it has settled."""
        if (step + 1) % self.per_epoch:
            return False
        self.draw(step // self.per_epoch + 1)
        options = EarlyBirdOptions.read(self.recipe)
        self.found = has_settled(self.drawn[1:], counts(self.masks)[1], options.distance, options.patience)
        return self.found

    def draw(self, epoch: float) -> None:
        """Note the mask that pruning would give now, at the end of `epoch`, and leave the network as it is."""
        self.masks = prune_by_score(self.recipe, deepcopy(self.model), self.trainer)
        self.epochs.append(epoch)
        self.drawn.append(pack_masks(self.masks))

    def finish(self, end: float) -> Masks:
        """The mask, drawn now if it never settled; the training has ended after `end` epochs."""
        if not self.epochs or (not self.found and self.epochs[-1] < end):
            self.draw(end)
        return self.masks

    def record(self) -> Record:
        """What a ticket is to hold of it: the distances up to the draw, and when that was."""
        points = thinned(len(self.epochs))
        epochs, drawn = [self.epochs[point] for point in points], [self.drawn[point] for point in points]
        return {
            **distance_record(epochs, {self.recipe.sparsity: drawn}, counts(self.masks)[1]),
            "bird/epoch": [self.epochs[-1]],
            "bird/found": [float(self.found)],
        }


def retraining(recipe: Recipe) -> Training:
    """How the drawn ticket is trained: by `finetune` where it is given, else as the dense network was."""
    return EarlyBirdOptions.read(recipe).finetune or recipe.training


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Train until the mask has settled, prune, train again."""
    began = time.perf_counter()
    share = recipe.training.epochs / max(cost(recipe), 1e-9)
    model = trainer.build(recipe)
    lookout = EarlyBirdDetector(recipe, model, trainer)
    first = _part(trainer, 0.0, share)
    before = first.train(model, recipe.training, recipe, text="training until the mask settles", hook=lookout)
    masks = lookout.finish(before.history[-1].epoch)
    apply_masks(model, masks)
    second = _part(trainer, share, 1.0)
    trained = second.train(model, retraining(recipe), recipe, masks, text="training the early bird")
    trained = trainer.recalibrated(model, trained, recipe)
    return make_ticket(recipe, model, masks, trained, trainer, began, record=lookout.record())


def _part(trainer: Trainer, begin: float, end: float) -> Trainer:
    """The trainer for the part of the work that lies between these fractions of the whole."""
    return replace(trainer, progress=share(trainer.progress, begin, end - begin))


def cost(recipe: Recipe) -> float:
    """Epochs of both trainings, were the mask never to settle: twice those of the training unless `finetune` is given.

    The sooner it settles, the less it is.
    """
    return recipe.training.epochs + retraining(recipe).epochs


def check(recipe: Recipe) -> None:
    """Imported weights have no early training.

    Raises:
        UserError: the recipe begins with such.
    """
    if recipe.start is not None:
        raise UserError(
            "Finder 'early_bird' draws its mask early in the network's training, which imported weights do not have; "
            "take 'one_shot'."
        )


FINDER = Finder(
    name="early_bird",
    label="Early bird",
    words="early bird: the mask drawn as soon as it settles",
    options=EarlyBirdOptions,
    parents=no_parents,
    find=find,
    cost=cost,
    check=check,
)
