"""Distillation by blocks: the trained network is pruned by a criterion, and each block learns its dense features again.

Which weights stay is as in `one_shot` on the trained network. Then block by block, in the order in which the network
runs, a few hundred steps on calibration images make the pruned block give what the dense one gives. No label is looked
at after the scoring.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from pruning.finders import calibrated
from pruning.finders.base import Finder, Trainer, dense_recipe
from pruning.finders.calibrated import CalibratedOptions, calibration_batches
from pruning.finders.options import Count
from pruning.masks import Masks
from pruning.progress import saying
from pruning.recipe import Recipe
from pruning.reconstruction.distilling import Distilling, distill
from pruning.tasks import get_task
from pruning.ticket import Ticket
from pruning.training.history import Record
from pruning.validation import option

MATCH = {"block": "the features of each repeated block", "layer": "the outputs of each layer"}
INPUTS = {"pruned": "as the pruned parts before make them", "dense": "as the dense network makes them"}


class DistillOptions(CalibratedOptions):
    """Options of `distill`."""

    match: Literal["block", "layer"] = option("block", "Matched", "with the dense network", MATCH)
    inputs: Literal["pruned", "dense"] = option("pruned", "Inputs of a part", "that it is fitted on", INPUTS)
    steps: Count = option(300, "Steps", "of the optimiser, for each part")
    batch: Count = option(64, "Images of a step")
    optimizer: Literal["adam", "sgd"] = option("adam", "Optimiser", values={"adam": "Adam", "sgd": "SGD, momentum 0.9"})
    rate: Annotated[float, Field(gt=0)] = option(1e-3, "Learning rate", "at first; it falls to 0 along a cosine")


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Prune the trained network by score, and fit what is left block by block."""
    options = DistillOptions.read(recipe)
    distilling = Distilling(
        match=options.match,
        inputs=options.inputs,
        steps=options.steps,
        batch=options.batch,
        optimizer=options.optimizer,
        lr=options.rate,
    )

    def fit(model: nn.Module, masks: Masks, fixed: Masks, came: Masks) -> tuple[Masks, Record]:
        batches = calibration_batches(recipe, trainer)
        told = saying(trainer.progress, "fitting block by block")
        record = distill(model, masks, batches, distilling, recipe.seed, get_task(recipe.task), fixed, told)
        return masks, record

    return calibrated.find(recipe, parents, trainer, fit)


def cost(recipe: Recipe) -> float:
    """Epochs of the calibration images: each part sees them so often, all parts together as one network does."""
    options = DistillOptions.read(recipe)
    return options.steps * options.batch / options.images


FINDER = Finder(
    name="distill",
    label="Distilled",
    words="distilled: pruned once, and each block fitted to its dense features",
    options=DistillOptions,
    parents=lambda recipe: [dense_recipe(recipe)],
    find=find,
    cost=cost,
)
