"""What finders share that prune the trained network once and then fit what stays to calibration images, masks fixed."""

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

import torch
from torch import nn

from pruning.criteria.batches import TrainingBatches
from pruning.errors import UserError
from pruning.finders.base import Trainer, make_ticket, prunable_of
from pruning.finders.options import Count, CriterionName, ScoredPieces, criterion_option
from pruning.finders.scoring import prune_by_score
from pruning.granularity import get_granularity
from pruning.granularity.dead_channels import with_dead_channels
from pruning.masks import Masks
from pruning.models import count_macs
from pruning.procedure import Fields, Shared
from pruning.recipe import Recipe
from pruning.shrink.channel_order import Channels, reordered
from pruning.shrink.pattern_order import kept_magnitude, pattern_order
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.history import Record
from pruning.training.precision import settled
from pruning.training.seeds import generator
from pruning.validation import option

BATCH_NORM = {"kept": "statistics as they were", "anew": "statistics measured anew"}
ORDER = {"kept": "neighbours as they are", "permuted": "neighbours chosen so that N:M keeps the largest weights"}
BATCH = 50
"""Images in memory at once."""

Fit = Callable[[nn.Module, Masks, Masks, Masks], tuple[Masks, Record]]
"""Is given the dense network, the masks of its weights, those of biases and norms that end with their channels, and
the masks that its weights came with; fits it in place, and gives the masks in force and what is to be noted."""


class CalibratedOptions(ScoredPieces):
    """Options of such finders."""

    at_once: ClassVar[bool] = True

    criterion: CriterionName = criterion_option("magnitude")
    images: Count = option(1000, "Calibration images", "what the weights that stay are fitted to")
    batch_norm: Literal["kept", "anew"] = option("kept", "Batch norm", "of the pruned network", BATCH_NORM)
    order: Literal["kept", "permuted"] = option("kept", "Input channels", "of N:M", ORDER)

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given; an order of channels makes a difference to N:M alone."""
        structure = get_granularity(str(given.get("structure", "weight")))
        if given.get("order") == "permuted" and structure.pattern is None:
            raise UserError(
                f'`order = "permuted"` puts input channels together for N:M, such as structure = "2:4", not for '
                f"structure '{structure.name}'; leave `order` out."
            )
        return super().complete(given, shared)


def calibration_rows(recipe: Recipe, trainer: Trainer) -> torch.Tensor:
    """The training images that weights are fitted to, int64 [`images`], fewer where there are fewer."""
    chosen = recipe.option("calibration")
    seed = recipe.seed if chosen is None or chosen.seed is None else chosen.seed
    order = torch.randperm(len(trainer.data.train.labels), generator=generator(seed, "calibration"))
    return order[: CalibratedOptions.read(recipe).images]


def calibration_batches(recipe: Recipe, trainer: Trainer) -> TrainingBatches:
    """The same as batches, of which one is in memory at a time."""
    return TrainingBatches(trainer.data, calibration_rows(recipe, trainer).split(BATCH), trainer.device)


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer, fit: Fit) -> Ticket:
    """Prune the trained network by score, fit what stays, and see what it is worth.

    Where channels are put in another order for N:M, that is undone at the end, so that weights and masks stand where
    those of other tickets do.
    """
    began = time.perf_counter()
    model, within, noted = parents[0].model(), parents[0].masks, Record()
    moved = _moved(recipe, model, trainer) if CalibratedOptions.read(recipe).order == "permuted" else None
    if moved is not None:
        model, within = reordered(model, within, *moved)
        noted = _gain(recipe, model, *moved)
    dense = {name: value.clone() for name, value in model.state_dict().items()}
    trainer.progress(0.0, "scoring")
    masks = prune_by_score(recipe, model, trainer, within)
    model.load_state_dict(dense)
    extended = with_dead_channels(model, masks, trainer.data.shape, recipe.granularity)
    own, fixed = (
        {name: mask.to(trainer.device) for name, mask in extended.items() if (name in masks) is inside}
        for inside in (True, False)
    )
    came = {name: within[name].to(trainer.device) for name in own}
    with settled(count_macs(model, trainer.data.shape)):
        found, record = fit(model.to(trainer.device), own, fixed, came)
    model.cpu()
    masks = {name: mask.cpu() for name, mask in found.items()}
    if moved is not None:
        model, masks = reordered(model, masks, moved[0], moved[1].argsort())
    as_it_is = Training(epochs=0, precision=recipe.training.precision)
    trained = trainer.train(model, as_it_is, recipe, masks, text="trying the network")
    if CalibratedOptions.read(recipe).batch_norm == "anew":
        trained = trainer.recalibrated(model, trained, recipe)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents, noted | record)


def _moved(recipe: Recipe, model: nn.Module, trainer: Trainer) -> tuple[Channels, torch.Tensor]:
    """The channels of a network in the order in which the recipe's N:M keeps the most."""
    pattern = recipe.granularity.pattern
    assert pattern is not None  # the options see to that
    trainer.progress(0.0, "looking for an order of channels")
    return pattern_order(model, trainer.data.shape, pattern, prunable_of(recipe, model))


def _gain(recipe: Recipe, model: nn.Module, channels: Channels, order: torch.Tensor) -> Record:
    """The share of all |w| that N:M keeps in the old order of channels and in the new one, which the network is in."""
    pattern = recipe.granularity.pattern
    assert pattern is not None
    before, _ = reordered(model, {}, channels, order.argsort())
    shares = [kept_magnitude(prunable_of(recipe, each), pattern, each) for each in (before, model)]
    return {f"channel_order/{when}": [share] for when, share in zip(("before", "after"), shares, strict=True)}
