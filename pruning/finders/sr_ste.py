"""SR-STE: a network trained so that of every M weights N are left (Zhou et al. 2021, arXiv 2102.04010).

All weights are trained. In each forward pass the N largest of every M neighbours count, and the gradient goes straight
through to all M (the straight-through estimator). Weights that do not count are decayed as well, by `refine` times
their value in each step: the sparse-refined term, which keeps the mask from changing back and forth. At the end the
others are set to zero. It starts from the initial weights, as in the paper, or from the trained ones.
"""

import math
import time
from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from pruning.errors import UserError
from pruning.finders.base import Finder, Trainer, apply_masks, dense_recipe, make_ticket, prunable_of
from pruning.finders.one_shot import fine_tuning
from pruning.finders.options import StructureName, finetune_option
from pruning.granularity import get_granularity
from pruning.granularity.pattern import best_of_each_group
from pruning.masks import Masks, check_fixed, full_masks
from pruning.procedure import Fields, FinderOptions, Shared
from pruning.recipe import Recipe
from pruning.search.calling import call_with
from pruning.search.swaps import Swaps
from pruning.ticket import Ticket
from pruning.training.config import Training
from pruning.training.loop import Hook
from pruning.validation import option

WEIGHTS = {"initial": "the initial ones", "trained": "those of the trained dense network"}


class SrSteOptions(FinderOptions):
    """Options of `sr_ste`."""

    structure: StructureName = option("2:4", "Granularity", "N:M, what is kept of neighbouring inputs")
    refine: Annotated[float, Field(ge=0, lt=1)] = option(
        2e-4, "Sparse-refined term", "by which weights that do not count are decayed more, in each step"
    )
    weights: Literal["initial", "trained"] = option("initial", "Starting weights", values=WEIGHTS)
    finetune: Training | None = finetune_option()

    @classmethod
    def complete(cls, given: Fields, shared: Shared) -> Fields:
        """Return what was given; imported weights are trained ones, and nothing is fine-tuned from the initial ones."""
        given = super().complete(given, shared)
        if shared.start is not None:
            given["weights"] = "trained"
        if given.get("weights", "initial") == "initial":
            given.pop("finetune", None)  # so that it does not enter the id
        return given

    def decides(self, recipe: Recipe) -> Fields:
        """Return the sparsity of the pattern."""
        granularity = get_granularity(self.structure)
        if granularity.fixed_sparsity is None:
            raise UserError(f"Finder 'sr_ste' trains N:M, such as \"2:4\", not structure '{granularity.name}'.")
        if "sparsity" in recipe.model_fields_set:
            check_fixed(granularity, recipe.sparsity)
        return {"sparsity": granularity.fixed_sparsity}


class PatternNetwork(nn.Module):
    """A network in whose forward pass the N largest of every M weights count, and whose weights all have gradients.

    Args:
        network: becomes part of the module.
        alive: by the name of the weight what may be kept, True = may.
        pattern: (N, M).
    """

    def __init__(self, network: nn.Module, alive: Masks, pattern: tuple[int, int]) -> None:
        super().__init__()
        self.network, self.alive, self.pattern = network, alive, pattern

    @torch.no_grad()
    def masks(self) -> Masks:
        """The masks in force, where the weights are; of equal weights the earlier inputs win."""
        sizes = {
            name: torch.where(mask.to(weight.device), weight.abs(), -math.inf)
            for name, mask in self.alive.items()
            for weight in (self.network.get_parameter(name),)
        }
        return best_of_each_group(sizes, self.pattern, self.network)

    def forward(self, x: Tensor) -> Tensor:
        """The network's output for x under the masks."""
        effective = {}
        for name, mask in self.masks().items():
            weight = self.network.get_parameter(name)
            effective[name] = weight + (weight * mask - weight).detach()
        return call_with(self.network, effective, x)


class Refined(Hook):
    """Decays the weights that do not count, and counts those that enter the mask."""

    def __init__(self, patterned: PatternNetwork, refine: float) -> None:
        self.patterned, self.refine = patterned, refine
        self.masks = patterned.masks()
        self.swaps = Swaps()

    @torch.no_grad()
    def gradients(self, step: int) -> Masks | None:
        """Add the sparse-refined term to the gradients."""
        for name, mask in self.patterned.masks().items():
            weight = self.patterned.network.get_parameter(name)
            if weight.grad is not None:
                weight.grad.add_(weight * ~mask, alpha=self.refine)
        return None

    def after(self, step: int) -> bool:
        """Count what has entered the masks; training goes on."""
        masks = self.patterned.masks()
        entered = sum(int((mask & ~self.masks[name].to(mask.device)).sum()) for name, mask in masks.items())
        self.swaps.note(step, entered)
        self.masks = masks
        return False


def parents(recipe: Recipe) -> list[Recipe]:
    """The trained dense network where that is what it starts from."""
    return [dense_recipe(recipe)] if SrSteOptions.read(recipe).weights == "trained" else []


def schedule(recipe: Recipe) -> Training:
    """How it is trained."""
    return fine_tuning(recipe) if SrSteOptions.read(recipe).weights == "trained" else recipe.training


def find(recipe: Recipe, parents: Sequence[Ticket], trainer: Trainer) -> Ticket:
    """Train all weights under the masks that they make, then put the last masks in force."""
    began = time.perf_counter()
    model, options = parents[0].model() if parents else trainer.build(recipe), SrSteOptions.read(recipe)
    weights = prunable_of(recipe, model)
    alive = {name: parents[0].masks[name] for name in weights} if parents else full_masks(weights)
    pattern = recipe.granularity.pattern
    assert pattern is not None  # the options see to that
    patterned = PatternNetwork(model, alive, pattern)
    refined = Refined(patterned, options.refine)
    trained = trainer.train(patterned, schedule(recipe), recipe, text=f"training {options.structure}", hook=refined)
    masks = {name: mask.cpu().clone() for name, mask in patterned.masks().items()}
    apply_masks(model, masks)
    return make_ticket(recipe, model, masks, trained, trainer, began, parents, record=refined.swaps.record())


FINDER = Finder(
    name="sr_ste",
    label="SR-STE",
    words="SR-STE: N:M trained, straight through to all weights",
    options=SrSteOptions,
    parents=parents,
    find=find,
    cost=lambda recipe: schedule(recipe).epochs,
    beside='structure = "2:4"  # or any N:M',
    mask_moves=True,
    after_dense=lambda recipe: schedule(recipe) if SrSteOptions.read(recipe).weights == "trained" else None,
    starts_as_dense=lambda recipe: SrSteOptions.read(recipe).weights == "initial",
)
