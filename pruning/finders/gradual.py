"""Gradual magnitude pruning (Zhu & Gupta 2017, arXiv 1710.01878): prune a little, many times, while training.

In one training the sparsity rises from that of the start (0 for a fresh network) to the recipe's by the cubic ramp
s_t = s_f + (s_i - s_f) (1 - t / n)^3 for t = 0 .. n: fast at first, when there is much to spare. The n `steps` lie
evenly between the fractions `begin` and `until` of the training; what is pruned stays pruned.
"""

import time
from collections.abc import Sequence
from typing import Self

from pydantic import model_validator
from torch import nn

from pruning import masks as mask_tools
from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, dense_recipe, make_ticket, prunable_of, training_epochs
from pruning.finders.options import OF_TRAINING, Count, EndFraction, Fraction, ScoredPieces
from pruning.finders.scoring import prune_by_score
from pruning.masks import Masks
from pruning.models import prunable
from pruning.procedure import FinderOptions
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.loop import Hook, iterations_per_epoch
from pruning.validation import option


class RampOptions(FinderOptions):
    """Options of finders that prune between two points of a training."""

    begin: Fraction = option(0.1, "Pruning start", part_of=OF_TRAINING)
    until: EndFraction = option(0.7, "Pruning end", part_of=OF_TRAINING)

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.begin >= self.until:
            raise UserError(
                f"Gradual pruning runs from begin = {self.begin:g} to until = {self.until:g}; begin earlier."
            )
        return self


class GradualOptions(ScoredPieces, RampOptions):
    """Options of `gmp`."""

    steps: Count = option(50, "Pruning steps", "how often is pruned between `begin` and `until`")


def parents(recipe: Recipe) -> list[Recipe]:
    """Nothing, since it trains from the start; or the imported network."""
    return [dense_recipe(recipe)] if recipe.start else []


def sparsity_at(step: int, steps: int, initial: float, final: float) -> float:
    """The sparsity after pruning step `step` of 0 .. `steps`; the last is `final` exactly."""
    return final if step >= steps else final + (initial - final) * (1 - step / steps) ** 3


def pruning_iterations(recipe: Recipe, total: int) -> dict[int, int]:
    """Iteration (0-based, of `total`) before which is pruned -> step 0 .. n; n is at most the iterations there are."""
    options = GradualOptions.read(recipe)
    first = round(options.begin * total)
    last = max(first, min(round(options.until * total), total - 1))
    steps = max(1, min(options.steps, last - first))
    return {first + round((last - first) * step / steps): step for step in range(steps + 1)}


class GradualPruning(Hook):
    """Prunes a network that is being trained."""

    def __init__(self, recipe: Recipe, model: nn.Module, masks: Masks, trainer: Trainer) -> None:
        self.recipe, self.model, self.masks, self.trainer = recipe, model, masks, trainer
        total = round(recipe.training.epochs * iterations_per_epoch(trainer.data, recipe.training))
        self.due = pruning_iterations(recipe, total)
        self.steps = max(self.due.values())
        self.initial = mask_tools.sparsity(masks)

    def before(self, step: int) -> Masks | None:
        """The new masks when it is time to prune, else None."""
        if step not in self.due:
            return None
        sparsity = sparsity_at(self.due[step], self.steps, self.initial, self.recipe.sparsity)
        self.masks = prune_by_score(self.recipe, self.model, self.trainer, self.masks, sparsity=sparsity)
        self.model.to(self.trainer.device)
        return self.masks


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Train once, pruning on the way."""
    began = time.perf_counter()
    model = parents[0].model() if parents else trainer.build(recipe)
    kept = parents[0].masks if parents else mask_tools.full_masks(prunable(model))
    parameters = prunable_of(recipe, model)
    ramp = GradualPruning(recipe, model, {name: kept[name] for name in parameters}, trainer)
    trained = trainer.train(model, recipe.training, recipe, ramp.masks, text="training and pruning", hook=ramp)
    return make_ticket(recipe, model, ramp.masks, trained, trainer, began, parents)


def check(recipe: Recipe) -> None:
    """Raise UserError for a training that may end before the ramp does, or has none."""
    check_whole(recipe, recipe.training)
    if recipe.training.epochs == 0:
        raise UserError("Finder 'gmp' prunes while it trains; give `training` more than 0 epochs.")


def check_whole(recipe: Recipe, training: Training) -> None:
    """Raise UserError where a condition may end the training before the finder has pruned as far as it should."""
    if training.until is not None:
        raise UserError(f"Finder '{recipe.finder}' needs all of its epochs; leave `until` out of the training.")


FINDER = Finder(
    name="gmp",
    label="GMP",
    words="gradual pruning during training",
    options=GradualOptions,
    parents=parents,
    find=find,
    cost=training_epochs,
    check=check,
)
