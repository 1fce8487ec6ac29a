"""Dynamic sparse training: sparse from the first iteration to the last, while the mask moves.

A random mask is drawn at initialisation. At each of `steps` updates every layer drops its smallest weights and grows
as many others: `set` at random (Mocanu et al. 2018, arXiv 1707.04780), `rigl` where the gradient of the loss is largest
(Evci et al. 2020, arXiv 1911.11134). The share that is dropped falls from `rate` to 0 over the updates' part of the
training. As in the paper's code and jaxpruner, what was just dropped may grow at once, and then it was never gone: it
keeps its value and what the optimiser remembers of it. Any other grown weight starts at zero, with nothing remembered.
That iteration changes no weight otherwise, for `set` too, so that both differ in what they grow alone. The paper
updates every 100 iterations; 50 updates are as many in twenty epochs of CIFAR-10 in batches of 128.
"""

import math
import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, make_ticket, no_parents, training_epochs
from pruning.finders.gradual import RampOptions
from pruning.finders.options import OF_TRAINING, AllocationName, Count, EndFraction, Fraction, Share, allocation_option
from pruning.finders.scoring import prune_by_score
from pruning.masks import Masks, keep_best
from pruning.recipe import Recipe
from pruning.search.swaps import Swaps
from pruning.ticket import Ticket
from pruning.training.loop import Hook, iterations_per_epoch
from pruning.training.seeds import generator
from pruning.validation import option

NEVER = -math.inf
REGROW = {"False": "not in the update that dropped it"}


class DynamicOptions(RampOptions):
    """Options of `set` and `rigl`."""

    allocation: AllocationName = allocation_option("erk")
    rate: Share = option(0.3, "Drop fraction", "share of a layer's weights, at first", part_of="each layer")
    begin: Fraction = option(0.0, "Update start", part_of=OF_TRAINING)
    until: EndFraction = option(0.75, "Update end", part_of=OF_TRAINING)
    steps: Count = option(50, "Mask updates")
    regrow: bool = option(True, "Regrowth", "whether what was just dropped may grow at once", REGROW, later=True)


def update_iterations(recipe: Recipe, total: int) -> list[int]:
    """The iterations (0-based, of `total`) at which weights are exchanged.

    They part the training from `begin` to `until` into `steps` + 1 equal stretches, so none is the first iteration of
    these, at which nothing is trained yet, or the last, at which nothing would be dropped. Fewer where there are fewer.
    """
    options = DynamicOptions.read(recipe)
    first, last = round(options.begin * total), end_of_updates(recipe, total)
    steps = max(0, min(options.steps, last - first - 1))
    return [first + round((last - first) * step / (steps + 1)) for step in range(1, steps + 1)]


def end_of_updates(recipe: Recipe, total: int) -> int:
    """The iteration at which the share that is dropped has fallen to 0."""
    return round(DynamicOptions.read(recipe).until * total)


def share_dropped(step: int, end: int, rate: float) -> float:
    """The share of a layer's weights that is dropped at iteration `step`: rate / 2 (1 + cos(pi step / end))."""
    return rate / 2 * (1 + math.cos(math.pi * step / end))


def drop_and_grow(weight: Tensor, mask: Tensor, growth: Tensor, count: int, regrow: bool = True) -> Tensor:
    """The mask without its `count` smallest weights and with as many others, those of the highest `growth`.

    Args:
        weight: of one layer; of equal |w| the later goes.
        mask: bool of its shape, True = kept.
        growth: float of its shape; what stays cannot grow. Of equal ones the earlier grows.
        count: at most as many as are kept, and without `regrow` at most as many as are not.
        regrow: whether what was just dropped may grow too.

    Returns:
        bool of its shape; exactly as many are kept as before.
    """
    old = mask.reshape(-1)
    sizes = torch.where(old, weight.detach().abs().reshape(-1), NEVER)
    stays = keep_best(sizes, int(old.sum()) - count)
    chances = torch.where(stays if regrow else old, NEVER, growth.reshape(-1))
    return (stays | keep_best(chances, count)).view(mask.shape)


class DropAndGrow(Hook):
    """Drops and grows weights of a network that is being trained."""

    def __init__(self, recipe: Recipe, model: nn.Module, masks: Masks, trainer: Trainer) -> None:
        self.recipe, self.model, self.masks = recipe, model, masks
        total = round(recipe.training.epochs * iterations_per_epoch(trainer.data, recipe.training))
        self.due, self.end = update_iterations(recipe, total), end_of_updates(recipe, total)
        self.swaps = Swaps()

    def gradients(self, step: int) -> Masks | None:
        """The new masks when it is time for an update, else None."""
        if step not in self.due:
            return None
        options = DynamicOptions.read(self.recipe)
        share, regrow = share_dropped(step, self.end, options.rate), options.regrow
        carried, dropped = 0, 0
        for name, mask in self.masks.items():
            weight, kept = self.model.get_parameter(name), int(mask.sum())
            count = round(share * kept) if regrow else min(round(share * kept), mask.numel() - kept)
            old = mask.to(weight.device)
            new = drop_and_grow(weight, old, self._growth(step, name, weight), count, regrow)
            self.masks[name] = new
            carried, dropped = carried + int((old & ~new).sum()), dropped + count
        self.swaps.note(step, carried, dropped)
        return self.masks

    def _growth(self, step: int, name: str, weight: nn.Parameter) -> Tensor:
        """What decides which weights of a layer grow, higher first."""
        if self.recipe.finder == "set":
            chance = torch.rand(weight.numel(), generator=generator(self.recipe.seed, "grow", step, name))
            return chance.to(weight.device)
        return torch.zeros_like(weight) if weight.grad is None else weight.grad.abs()


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Draw a mask at random, then train and exchange weights in turn."""
    began = time.perf_counter()
    model = trainer.build(recipe)
    exchange = DropAndGrow(recipe, model, prune_by_score(recipe, model, trainer, criterion="random"), trainer)
    text = "training and exchanging weights"
    trained = trainer.train(model, recipe.training, recipe, dict(exchange.masks), text=text, hook=exchange)
    return make_ticket(recipe, model, exchange.masks, trained, trainer, began, record=exchange.swaps.record())


def check(recipe: Recipe) -> None:
    """Raise UserError for imported weights."""
    if recipe.start is not None:
        raise UserError(
            f"Finder '{recipe.finder}' trains a sparse network from its initialisation, not imported weights; take "
            "'gmp' or 'movement'."
        )


def _finder(name: str, label: str, words: str) -> Finder:
    return Finder(
        name=name,
        label=label,
        words=words,
        options=DynamicOptions,
        parents=no_parents,
        find=find,
        cost=training_epochs,
        check=check,
        mask_moves=True,
        revision=2,
    )


SET = _finder("set", "SET", "dynamic sparse training: weights exchanged at random")
RIGL = _finder("rigl", "RigL", "dynamic sparse training: weights grown by gradient")
