"""Weights are scored and the worst pruned, in as many rounds as the criterion has."""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from pruning.criteria import CRITERIA, Context, Criterion
from pruning.criteria.batches import Batches, TrainingBatches
from pruning.criteria.rounds import Cut, cut_by_score
from pruning.errors import UserError
from pruning.finders.base import Trainer, prunable_of
from pruning.finders.options import Calibration
from pruning.masks import Masks, full_masks
from pruning.models import count_macs
from pruning.recipe import Recipe
from pruning.tasks import get_task
from pruning.training.precision import settled
from pruning.training.seeds import generator


def scoring_batches(recipe: Recipe, trainer: Trainer) -> TrainingBatches:
    """The training images that a criterion sees: `score_per_class` of each class (fewer where there are fewer).

    Or as many, and in the draw, that the recipe's `calibration` says; of each class about as many.
    """
    labels, chosen = trainer.data.train.labels, recipe.option("calibration") or Calibration()
    source = generator(recipe.seed, "score") if chosen.seed is None else generator(chosen.seed, "calibration")
    order = torch.randperm(len(labels), generator=source)
    wanted = recipe.option("score_per_class") or 1
    if chosen.images is not None:
        wanted = -(-chosen.images // trainer.data.num_classes)
    rows = torch.cat([order[labels[order] == label][:wanted] for label in range(trainer.data.num_classes)])
    rows = rows[torch.randperm(len(rows), generator=source)][: chosen.images]
    return TrainingBatches(trainer.data, rows.split(recipe.option("score_batch") or len(rows)), trainer.device)


def _check_batch(recipe: Recipe, model: nn.Module) -> None:
    if recipe.option("score_batch") == 1 and any(isinstance(module, _BatchNorm) for module in model.modules()):
        raise UserError(
            "`score_batch = 1` leaves batch normalisation a single image to normalise by; give the method 2 or more."
        )


def scoring_context(
    recipe: Recipe, model: nn.Module, trainer: Trainer, criterion: Criterion, within: Masks | None = None
) -> Context:
    """What a criterion is given of a recipe: its images, its chance, and the masks that are in force.

    Raises:
        UserError: the recipe may prune nothing, or its batches are too small to score on.
    """
    parameters = prunable_of(recipe, model)
    masks = full_masks(parameters) if within is None else {name: within[name] for name in parameters}
    _check_batch(recipe, model)
    batches: Batches = scoring_batches(recipe, trainer) if criterion.needs_data else []
    if not batches:
        # data-free criteria still learn device and input shape from an empty batch
        batches = [(torch.zeros(1, *trainer.data.shape, device=trainer.device), torch.zeros(1, dtype=torch.long))]
    return Context(
        batches=batches,
        generator=generator(recipe.seed, "criterion", criterion.name),
        masks={name: mask.to(trainer.device) for name, mask in masks.items()},
        classifier=recipe.prune_classifier,
        scope=recipe.scope,
        task=get_task(recipe.task),
        structure=recipe.granularity,
        options=recipe.parts.criterion if criterion.name == recipe.criterion else None,
    )


def prune_by_score(
    recipe: Recipe,
    model: nn.Module,
    trainer: Trainer,
    within: Masks | None = None,
    invert: bool = False,
    sparsity: float | None = None,
    criterion: str | None = None,
) -> Masks:
    """Score the model's weights and keep the best, on the CPU; with `invert` the worst.

    Sparsity and criterion are the recipe's where they are not given.

    Within these masks; the model is left with its pruned weights at zero. See `criteria.rounds.cut_by_score`.

    Raises:
        UserError: as there.
    """
    chosen = CRITERIA[criterion or recipe.criterion or ""]
    model = model.to(trainer.device)
    context = scoring_context(recipe, model, trainer, chosen, within)
    cut = Cut(
        sparsity=recipe.sparsity if sparsity is None else sparsity,
        allocation=recipe.option("allocation") or "global",
        options=recipe.parts.allocation,
        layers=recipe.option("layers"),
        invert=invert,
        ties=generator(recipe.seed, "ties") if recipe.option("ties") else None,
    )
    with settled(count_macs(model, trainer.data.shape)):
        kept = cut_by_score(model, chosen, context, cut)
    model.cpu()
    return {name: mask.cpu() for name, mask in kept.items()}
