"""Movement pruning: what stays is what fine-tuning moves away from zero (Sanh et al. 2020, arXiv 2005.07683).

The trained network is fine-tuned under a mask that keeps the best scores of all layers. A score receives the gradient
of its masked weight times the weight, straight through the mask, whether the weight is kept or not; so it grows while
the weight is pushed away from zero. Weights receive the gradient where they are kept, and may return with the value
they had. The sparsity rises by the cubic ramp of gradual pruning between the fractions `begin` and `until` of the
fine-tuning; after that the number kept stays, and weights still change places to the end.

Scores start at zero and go through the same optimiser as the weights, without decay. Only their order counts, so with
SGD the size of their learning rate is without effect.
"""

import math
import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, apply_masks, dense_recipe, make_ticket, prunable_of
from pruning.finders.gradual import RampOptions, check_whole, sparsity_at
from pruning.finders.one_shot import fine_tuning
from pruning.finders.options import finetune_option
from pruning.masks import Masks, keep_best
from pruning.models.trial import first_weight
from pruning.recipe import Recipe
from pruning.search.calling import call_with
from pruning.search.swaps import Swaps
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.loop import Hook, iterations_per_epoch


class MovementOptions(RampOptions):
    """Options of `movement`."""

    finetune: Training | None = finetune_option()


class MovementNetwork(nn.Module):
    """A network under a mask that keeps the `keep` best scores; scores and weights are trained together.

    Args:
        network: becomes part of the module.
        alive: by the name of the weight what may be kept, True = may.
    """

    alive: Tensor

    def __init__(self, network: nn.Module, alive: Masks) -> None:
        super().__init__()
        self.network = network
        self.shapes = {name: mask.shape for name, mask in alive.items()}
        flat = torch.cat([mask.reshape(-1) for mask in alive.values()])
        self.register_buffer("alive", flat)
        # in one dimension, which is what the optimiser does not decay
        self.scores = nn.Parameter(torch.zeros(flat.numel(), dtype=first_weight(network).dtype))
        self.keep = int(flat.sum())

    def kept(self) -> Tensor:
        """The mask over all layers, bool [n]; of equal scores the earlier positions win."""
        return keep_best(torch.where(self.alive, self.scores.detach(), -math.inf), self.keep)

    def layers(self, flat: Tensor) -> dict[str, Tensor]:
        """The parts of a tensor [n] by the names of the weights, in their shapes."""
        parts = flat.split([shape.numel() for shape in self.shapes.values()])
        return {name: part.view(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}

    def forward(self, x: Tensor) -> Tensor:
        """The network's output for x under the mask."""
        scores, masks, effective = self.layers(self.scores), self.layers(self.kept()), {}
        for name, score in scores.items():
            weight = self.network.get_parameter(name)
            straight_through = (score - score.detach()) * weight.detach()  # zero, its derivative the weight
            effective[name] = weight * masks[name] + straight_through
        return call_with(self.network, effective, x)

    def masks(self) -> Masks:
        """The masks in force by name, on the CPU."""
        return {name: mask.cpu().clone() for name, mask in self.layers(self.kept()).items()}


class MovingMasks(Hook):
    """Lets the number of kept weights fall along the ramp, and counts the weights that enter the mask."""

    def __init__(self, recipe: Recipe, moving: MovementNetwork, total: int) -> None:
        self.moving, self.size = moving, moving.alive.numel()
        options = MovementOptions.read(recipe)
        self.first = round(options.begin * total)
        self.last = max(self.first + 1, min(round(options.until * total), total - 1))
        self.most, self.final, self.end = moving.keep, recipe.sparsity, total - 1
        self.mask = moving.kept()
        self.swaps = Swaps()

    def keep_at(self, step: int) -> int:
        """How many weights are kept in iteration `step`."""
        initial = 1 - self.most / self.size
        # in the shortest trainings the ramp ends behind the last iteration, which is the one that is tested
        done = self.last if step == self.end else max(self.first, step)
        sparsity = sparsity_at(done - self.first, self.last - self.first, initial, self.final)
        return min(self.most, self.size - round(sparsity * self.size))

    def before(self, step: int) -> Masks | None:
        """Set how many are kept; which ones the scores say."""
        self.moving.keep = self.keep_at(step)
        return None

    def after(self, step: int) -> bool:
        """Count what has entered the mask; training goes on."""
        mask = self.moving.kept()
        self.swaps.note(step, int((mask & ~self.mask.to(mask.device)).sum()))
        self.mask = mask
        return False


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Fine-tune weights and scores together, then put the last mask in force.

    Raises:
        UserError: an imported network came with fewer weights than are to be kept.
    """
    began = time.perf_counter()
    model, config = parents[0].model(), fine_tuning(recipe)
    moving = MovementNetwork(model, {name: parents[0].masks[name] for name in prunable_of(recipe, model)})
    keep = moving.alive.numel() - round(recipe.sparsity * moving.alive.numel())
    if keep > moving.keep:
        raise UserError(
            f"Sparsity {recipe.sparsity:g} would keep {keep} weights, but the network came with only {moving.keep}; "
            "ask for a higher sparsity."
        )
    falling = MovingMasks(recipe, moving, round(config.epochs * iterations_per_epoch(trainer.data, config)))
    trained = trainer.train(moving, config, recipe, text="fine-tuning weights and scores", hook=falling)
    moving.keep = keep
    masks = moving.masks()
    apply_masks(model, masks)
    trained = trainer.recalibrated(model, trained, recipe)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents, record=falling.swaps.record())


def check(recipe: Recipe) -> None:
    """Raise UserError when there is no fine-tuning to learn scores in, or it may end too soon."""
    check_whole(recipe, fine_tuning(recipe))
    if fine_tuning(recipe).epochs == 0:
        raise UserError("Finder 'movement' learns its mask while it fine-tunes; give `finetune` more than 0 epochs.")


FINDER = Finder(
    name="movement",
    label="Movement",
    words="movement pruning: the mask learnt while fine-tuning",
    options=MovementOptions,
    parents=lambda recipe: [dense_recipe(recipe)],
    find=find,
    cost=lambda recipe: fine_tuning(recipe).epochs,
    check=check,
    fine_tunes=True,
    after_dense=fine_tuning,
    mask_moves=True,
)
