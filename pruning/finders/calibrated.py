"""What finders share that prune the trained network once and then fit what stays to calibration images, masks fixed."""

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

import torch
from torch import nn

from pruning.criteria.batches import TrainingBatches
from pruning.finders.base import Trainer, make_ticket
from pruning.finders.options import Count, CriterionName, ScoredPieces, criterion_option
from pruning.finders.scoring import prune_by_score
from pruning.granularity.dead_channels import with_dead_channels
from pruning.masks import Masks
from pruning.models import count_macs
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.history import Record
from pruning.training.precision import settled
from pruning.training.seeds import generator
from pruning.validation import option

BATCH_NORM = {"kept": "statistics as they were", "anew": "statistics measured anew"}
BATCH = 50
"""Images in memory at once."""

Fit = Callable[[nn.Module, Masks, Masks], tuple[Masks, Record]]
"""Is given the dense network, the masks of its weights, and those of biases and norms that end with their channels;
fits it in place, and gives the masks in force and what is to be noted."""


class CalibratedOptions(ScoredPieces):
    """Options of such finders."""

    at_once: ClassVar[bool] = True

    criterion: CriterionName = criterion_option("magnitude")
    images: Count = option(1000, "Calibration images", "what the weights that stay are fitted to, drawn by the seed")
    batch_norm: Literal["kept", "anew"] = option("kept", "Batch norm", "of the pruned network", BATCH_NORM)


def calibration_rows(recipe: Recipe, trainer: Trainer) -> torch.Tensor:
    """The training images that weights are fitted to, int64 [`images`], fewer where there are fewer."""
    order = torch.randperm(len(trainer.data.train.labels), generator=generator(recipe.seed, "calibration"))
    return order[: CalibratedOptions.read(recipe).images]


def calibration_batches(recipe: Recipe, trainer: Trainer) -> TrainingBatches:
    """The same as batches, of which one is in memory at a time."""
    return TrainingBatches(trainer.data, calibration_rows(recipe, trainer).split(BATCH), trainer.device)


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer, fit: Fit) -> Ticket:
    """Prune the trained network by score, fit what stays, and see what it is worth."""
    began = time.perf_counter()
    model = parents[0].model()
    dense = {name: value.clone() for name, value in model.state_dict().items()}
    trainer.progress(0.0, "scoring")
    masks = prune_by_score(recipe, model, trainer, parents[0].masks)
    model.load_state_dict(dense)
    extended = with_dead_channels(model, masks, trainer.data.shape, recipe.granularity)
    own, fixed = ({name: mask.to(trainer.device) for name, mask in extended.items() if (name in masks) is inside}
                  for inside in (True, False))  # fmt: skip
    with settled(count_macs(model, trainer.data.shape)):
        found, record = fit(model.to(trainer.device), own, fixed)
    model.cpu()
    masks = {name: mask.cpu() for name, mask in found.items()}
    as_it_is = Training(epochs=0, precision=recipe.training.precision)
    trained = trainer.train(model, as_it_is, recipe, masks, text="trying the network")
    if CalibratedOptions.read(recipe).batch_norm == "anew":
        trained = trainer.recalibrated(model, trained, recipe)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents, record)
