"""The dense network: what tickets are cut from and compared with."""

import math
import time
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, make_ticket, no_parents
from pruning.finders.mask_distance import MaskDistanceWatch
from pruning.masks import full_masks
from pruning.models import prunable
from pruning.procedure import Fields, FinderOptions
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.loop import iterations_per_epoch
from pruning.validation import option


class ImportedOptions(FinderOptions):
    """Options of `imported`: none."""

    def decides(self, recipe: Recipe) -> Fields:
        """Return the sparsity that imported weights came with, and no training: they were trained elsewhere."""
        if recipe.start is None:
            return {}
        return {"training": Training(), "sparsity": recipe.start.sparsity}


class DenseOptions(ImportedOptions):
    """Options of `dense`."""

    rewind: Annotated[int, Field(ge=0)] | None = option(
        None,
        "Rewinding iteration",
        "stop there, at a point that others rewind to",
        values={"0": "0, the initialisation"},
    )


def check(recipe: Recipe) -> None:
    """Raise UserError for early training of imported weights."""
    if recipe.start is not None and recipe.option("rewind") is not None:
        raise UserError(
            "Imported weights have no early training to rewind to; leave `rewind` out, or take the finder 'lrr' or "
            "'iterative', which rewind the learning rate or nothing."
        )


def check_imported(recipe: Recipe) -> None:
    """Raise UserError when there are no imported weights."""
    if recipe.start is None:
        raise UserError("Finder 'imported' needs 'start'.")


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Train the network; with `rewind` = k stop after k iterations, the point that iterative pruning returns to.

    A whole training records how far its masks move from epoch to epoch. A recipe with a start trains nothing: the
    imported network is the ticket, pruned as far as it came pruned.
    """
    began = time.perf_counter()
    if recipe.start is not None:
        return _find_imported(recipe, trainer, began)
    model, stop = trainer.build(recipe), DenseOptions.read(recipe).rewind
    _check_reached(recipe, stop, trainer)
    watched = stop is None and prunable(model)
    watch = MaskDistanceWatch(model, trainer.data, recipe.training) if watched else None
    text = "training the dense network"
    trained = trainer.train(model, recipe.training, recipe, stop=stop, text=text, hook=watch)
    masks = full_masks({name: value.detach().cpu() for name, value in prunable(model).items()})
    record = watch.record(trained.history[-1].epoch) if watch is not None else None
    return make_ticket(recipe, model, masks, trained, trainer, began, record=record)


def _check_reached(recipe: Recipe, stop: int | None, trainer: Trainer) -> None:
    """Raise UserError where training ends before an iteration at which the network is wanted."""
    per_epoch = iterations_per_epoch(trainer.data, recipe.training)
    end = round(recipe.training.epochs * per_epoch)
    if stop is not None and stop > end:
        raise UserError(
            f"There is no dense network at iteration {stop}: its training ends after {end} ({per_epoch} an epoch); "
            "name an earlier iteration, or train for longer."
        )


def _find_imported(recipe: Recipe, trainer: Trainer, began: float) -> Ticket:
    model, masks = trainer.imported(recipe)
    as_it_is = Training(epochs=0, precision=recipe.training.precision)
    trained = trainer.train(model, as_it_is, recipe, masks, text="trying the imported network")
    return make_ticket(recipe, model, masks, trained, trainer, began)


def cost(recipe: Recipe) -> float:
    """Epochs of training; a network stopped at an iteration, or imported, counts as a small share of one."""
    if recipe.start is not None:
        return 0.1
    stop = DenseOptions.read(recipe).rewind
    return recipe.training.epochs if stop is None else min(1.0, math.log1p(stop) / 10)


def trains_nothing(recipe: Recipe) -> bool:
    """Whether the network was imported, or lies on the way to the dense one."""
    return recipe.start is not None or recipe.option("rewind") is not None


IMPORTED = Finder(
    name="imported",
    label="Imported",
    words="imported as it was pruned",
    options=ImportedOptions,
    parents=no_parents,
    find=find,
    cost=cost,
    check=check_imported,
    trains_nothing=trains_nothing,
)
"""A network that was imported already pruned, beside the study's dense one."""
DENSE = Finder(
    name="dense",
    label="Dense",
    words="dense: trained, nothing removed",
    options=DenseOptions,
    parents=no_parents,
    find=find,
    cost=cost,
    check=check,
    is_dense=True,
    trains_nothing=trains_nothing,
)
