"""Gradual magnitude pruning (Zhu & Gupta 2017, arXiv 1710.01878): prune a little, many times, while training.

In one training the sparsity rises from that of the start (0 for a fresh network) to the recipe's by the cubic ramp
s_t = s_f + (s_i - s_f) (1 - t / n)^3 for t = 0 .. n: fast at first, when there is much to spare. The n `steps` lie
evenly between the fractions `begin` and `until` of the training; what is pruned stays pruned.
"""

import time
from collections.abc import Sequence

from torch import nn

from pruning import masks as mask_tools
from pruning.finders.base import BY_MAGNITUDE, Finder, Workshop, dense_recipe, make_ticket, prune_by_score
from pruning.masks import Masks
from pruning.models import prunable
from pruning.recipe import Recipe
from pruning.ticket import Ticket
from pruning.training.loop import Hook, iterations_per_epoch


def parents(recipe: Recipe) -> list[Recipe]:
    """Nothing, since it trains from the start; or the imported network."""
    return [dense_recipe(recipe)] if recipe.start else []


def sparsity_at(step: int, steps: int, initial: float, final: float) -> float:
    """The sparsity after pruning step `step` of 0 .. `steps`; the last is `final` exactly."""
    return final if step >= steps else final + (initial - final) * (1 - step / steps) ** 3


def pruning_iterations(recipe: Recipe, total: int) -> dict[int, int]:
    """Iteration (0-based, of `total`) before which is pruned -> step 0 .. n; n is at most the iterations there are."""
    first = round((recipe.begin or 0.0) * total)
    last = max(first, min(round((recipe.until or 1.0) * total), total - 1))
    steps = max(1, min(recipe.steps or 1, last - first))
    return {first + round((last - first) * step / steps): step for step in range(steps + 1)}


class Ramp(Hook):
    """Prunes a network that is being trained."""

    def __init__(self, recipe: Recipe, model: nn.Module, masks: Masks, workshop: Workshop) -> None:
        self.recipe, self.model, self.masks, self.workshop = recipe, model, masks, workshop
        total = round(recipe.training.epochs * iterations_per_epoch(workshop.data, recipe.training))
        self.due = pruning_iterations(recipe, total)
        self.steps = max(self.due.values())
        self.initial = mask_tools.sparsity(masks)

    def before(self, step: int) -> Masks | None:
        """The new masks when it is time to prune, else None."""
        if step not in self.due:
            return None
        sparsity = sparsity_at(self.due[step], self.steps, self.initial, self.recipe.sparsity)
        now = self.recipe.model_copy(update={"sparsity": sparsity})
        self.masks = prune_by_score(now, self.model, self.workshop, within=self.masks)
        self.model.to(self.workshop.device)
        return self.masks


def find(recipe: Recipe, parents: Sequence[Ticket], workshop: Workshop) -> Ticket:
    """Train once, pruning on the way."""
    began = time.perf_counter()
    model = parents[0].model() if parents else workshop.build(recipe)
    kept = parents[0].masks if parents else mask_tools.full_masks(prunable(model))
    parameters = prunable(model, recipe.prune_classifier)
    ramp = Ramp(recipe, model, {name: kept[name] for name in parameters}, workshop)
    trained = workshop.train(model, recipe.training, recipe, ramp.masks, text="training and pruning", hook=ramp)
    return make_ticket(recipe, model, ramp.masks, trained, workshop, began, parents)


def cost(recipe: Recipe) -> float:
    """Epochs of the one training."""
    return recipe.training.epochs


FINDER = Finder(
    "gmp",
    {
        **BY_MAGNITUDE,
        "begin": 0.1,
        "until": 0.7,
        "steps": 50,
    },
    parents,
    find,
    cost,
    "GMP",
    "gradual pruning during training",
)
