"""A control for stability: the same masks and starting weights, trained under another order of the data.

Two trainings of one network that differ in the order of their batches and in their augmentation alone tell how far
chance carries it, and whether a line between both ends crosses a barrier (linear mode connectivity, Frankle et al.
2020, arXiv 1912.05671). `order` numbers the orders. The dense network can be sent apart at any iteration: with
`rewind` = k both share the first k.
"""

import time
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field
from torch import nn

from pruning.errors import UserError
from pruning.finders.base import (
    Finder,
    Trainer,
    apply_masks,
    dense_recipe,
    make_ticket,
    reinit_seed,
    training_epochs,
)
from pruning.finders.options import Control, Count, original, same_training
from pruning.masks import Masks, full_masks
from pruning.models import prunable
from pruning.procedure import Fields, Shared
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.seeds import derived_seed
from pruning.validation import checked, option


class ReorderedOptions(Control):
    """Options of `reordered`."""

    order: Count = option(1, "Data order", "numbers the orders that are drawn")
    rewind: Annotated[int, Field(ge=0)] = option(
        0,
        "Rewinding iteration",
        "where both part; of all but the dense network where the original starts",
        values={"0": "0, the initialisation"},
    )

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given, and that it starts where its original does."""
        of = given["of"] if isinstance(given["of"], Recipe) else checked(Recipe, given["of"])
        return {"rewind": starting_iteration(of), **given, "of": of}


def order_seed(seed: int, order: int) -> int:
    """The seed of the data order and augmentation number `order`."""
    return derived_seed(seed, "reordered", order) % 2**31


def starting_iteration(of: Recipe) -> int:
    """The iteration at which the training of an original starts."""
    return (_source(of).option("rewind") if of.finder in ("imp", "shuffled") else 0) or 0


def _source(of: Recipe) -> Recipe:
    """The recipe that says where an original's weights are from: of a shuffled mask that of the mask's own original."""
    return original(of) if of.finder == "shuffled" else of


def check(recipe: Recipe) -> None:
    """Raise UserError when the original cannot be trained a second time from where it started."""
    of = original(recipe)
    whole = of.is_dense and of.option("rewind") is None
    early = of.finder in ("imp", "shuffled", "random_reinit") and of.option("finetune") is None
    masked = early or of.option("score_on") == "init"
    if not (whole or masked) or _source(of).start is not None:
        raise UserError(
            f"Control 'reordered' starts where its original's training did, which '{of.method}' does not allow; "
            "make it of the dense network, 'imp', 'shuffled', 'random_reinit' or 'one_shot' scored at initialisation, "
            "none of them imported."
        )
    start = starting_iteration(of)
    rewind = ReorderedOptions.read(recipe).rewind
    if masked and rewind != start:
        raise UserError(
            f"Control 'reordered' starts where its original's training did, at iteration {start}, not at "
            f"{rewind}; leave `rewind` out, as it is for the dense network only."
        )
    same_training(recipe)


def parents(recipe: Recipe) -> list[Recipe]:
    """The original, whose masks it has, and the dense network at the iteration at which training starts.

    The original is left out where it is the dense network, the other where training starts at the initialisation.
    """
    of = original(recipe)
    rewind = ReorderedOptions.read(recipe).rewind
    point = [dense_recipe(_source(of), rewind)] if rewind else []
    return point if of.is_dense else [of, *point]


def starting_point(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> tuple[nn.Module, Masks]:
    """The weights that the original's training started from, and its masks."""
    of = original(recipe)
    if ReorderedOptions.read(recipe).rewind:
        model = parents[-1].model()
    else:
        model = trainer.build(of, reinit_seed(of.seed) if of.finder == "random_reinit" else None)
    masks = full_masks(prunable(model)) if of.is_dense else parents[0].masks
    apply_masks(model, masks)
    return model, masks


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Train the original once more under another data order."""
    began = time.perf_counter()
    of, options = original(recipe), ReorderedOptions.read(recipe)
    model, masks = starting_point(recipe, parents, trainer)
    other, text = of.with_seed(order_seed(recipe.seed, options.order)), "training in another order"
    trained = trainer.train(model, of.training, other, masks, start=options.rewind, text=text)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents)


FINDER = Finder(
    name="reordered",
    label="reordered",
    words="control: the same start, another order of the data",
    options=ReorderedOptions,
    parents=parents,
    find=find,
    cost=training_epochs,
    check=check,
    reorders=True,
)
