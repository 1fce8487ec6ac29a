"""What densities by layer are worth: the dense network is cut to them, and judged on training images."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import nn

from pruning.allocation import ALLOCATIONS
from pruning.allocation.budget import Budget
from pruning.criteria import CRITERIA, Criterion
from pruning.criteria.rounds import Cut, cut_by_score
from pruning.data import Dataset, Split
from pruning.errors import UserError
from pruning.finders.base import Trainer, apply_masks, prunable_of
from pruning.finders.scoring import scoring_context
from pruning.granularity.dead_channels import with_dead_channels
from pruning.masks import Masks
from pruning.models import count_macs
from pruning.models.counting import weight_uses
from pruning.recipe import Recipe
from pruning.search.densities import Densities
from pruning.tasks import get_task
from pruning.training.batch_norm import recalibrate
from pruning.training.evaluation import evaluate_again
from pruning.training.inputs import Inputs
from pruning.training.precision import prepare
from pruning.training.seeds import generator


@dataclass(frozen=True)
class Pruned:
    """A network whose pruned weights are zero, and their masks."""

    model: nn.Module
    masks: Masks


@dataclass
class Judge:
    """Cuts the dense network to densities, and says what is left of it.

    Attributes:
        recipe: says how; trainer: says on what.
        model: the dense network, on the trainer's device; within: its masks; macs: its multiply-adds.
        criterion: the recipe's, whose scores are taken once where it needs but one look.
        budget: what all trials spend.
        images: the data set, its training images those alone that trials are judged on.
        judged: the loss or score of each trial; left: its multiply-adds, of those of the dense network; NaN where the
            network could not be cut so.
    """

    recipe: Recipe
    trainer: Trainer
    model: nn.Module
    within: Masks
    macs: int
    criterion: Criterion
    budget: Budget
    images: Dataset
    judged: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, recipe: Recipe, trainer: Trainer, model: nn.Module, within: Masks) -> "Judge":
        """The judge of a recipe of finder `density_search`."""
        criterion, shape = CRITERIA[recipe.criterion or ""], trainer.data.shape
        if criterion.steps(recipe.parts.criterion) == 1:
            scores = criterion.score(model, scoring_context(recipe, model, trainer, criterion, within))
            criterion = replace(criterion, function=lambda model, context: scores)
        sizes = {name: weight.numel() for name, weight in prunable_of(recipe, model).items()}
        uses = weight_uses(model, shape)
        budget = Budget.of(sizes, {name: uses[name] for name in sizes}, recipe.sparsity, recipe.option("budget"))
        images = _validation(recipe, trainer.data)
        return cls(recipe, trainer, model, within, count_macs(model, shape), criterion, budget, images)

    def cut_to(self, densities: Densities) -> Pruned:
        """A copy of the network with as much as the budget leaves of relative densities."""
        return self._cut(*sparsities(self.budget.counts(densities), self.budget.sizes))

    def _cut(self, layers: Mapping[str, float] | None, sparsity: float) -> Pruned:
        """With so much of each layer gone; None: scores are compared over all layers."""
        model = copy.deepcopy(self.model)
        context = scoring_context(self.recipe, model, self.trainer, self.criterion, self.within)
        ties = generator(self.recipe.seed, "ties") if self.recipe.option("ties") else None
        cut = Cut(sparsity=sparsity, layers=layers, ties=ties)
        return Pruned(model, cut_by_score(model, self.criterion, context, cut))

    def __call__(self, densities: Densities) -> float:
        """What densities are worth, higher is better: the loss is turned round, on a scale that huge ones fit on."""
        recipe, data, device = self.recipe, self.images, self.trainer.device
        for noted in (self.judged, self.left):
            noted.append(float("nan"))
        found = self.cut_to(densities)
        kept = {name: int(mask.sum()) for name, mask in found.masks.items()}
        self.left[-1] = self.budget.spent(kept) / max(1.0, self.budget.spent(self.budget.sizes))
        model, task = found.model, get_task(recipe.task)
        apply_masks(model, with_dead_channels(model, found.masks, data.shape, recipe.granularity))
        if recipe.option("batch_norm") == "anew":
            recalibrate(model, data, recipe.seed, device)
        model = prepare(model, device, self.macs)
        inputs = Inputs(data, data.train, model, device, self.macs)
        score, loss = evaluate_again(model, inputs, "float32", task)
        by_loss = recipe.option("judged_by") == "loss"
        self.judged[-1] = loss if by_loss else score
        if by_loss:
            return -float(torch.tensor(loss, dtype=torch.float64).arcsinh())
        return score if task.score.higher else -score

    def usual(self) -> list[Densities]:
        """The densities of allocations that need no search: uniform, ERK, and scores compared over all layers."""
        shapes = {name: self.within[name].shape for name in self.budget.sizes}
        erk = ALLOCATIONS["erk"].density
        assert erk is not None  # it has one
        found = [dict.fromkeys(shapes, 1.0), {name: erk(shape) for name, shape in shapes.items()}]
        try:
            masks = self._cut(None, self.recipe.sparsity).masks
        except UserError:  # larger pieces may not give so much there
            return found
        return [*found, {name: float(mask.double().mean()) for name, mask in masks.items()}]


def sparsities(kept: Mapping[str, int], sizes: Mapping[str, int]) -> tuple[dict[str, float], float]:
    """What each layer loses, and what all of them do, as fractions with no more digits than it takes."""
    total = sum(sizes.values())
    layers = {name: _fraction(size - kept[name], size) for name, size in sizes.items()}
    return layers, _fraction(total - sum(kept.values()), total)


def _fraction(part: int, whole: int) -> float:
    exact = part / whole
    return next((short for digits in range(2, 12) if round((short := round(exact, digits)) * whole) == part), exact)


def _validation(recipe: Recipe, data: Dataset) -> Dataset:
    order = torch.randperm(len(data.train.labels), generator=generator(recipe.seed, "validation"))
    rows = order[: recipe.option("images")]
    return replace(data, train=Split(data.train.images[rows], data.train.labels[rows]))
