"""Weights are scored and the worst pruned, in as many rounds as the criterion has."""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from pruning import masks as mask_tools
from pruning.criteria import CRITERIA, Context
from pruning.criteria.batches import Batches, TrainingBatches
from pruning.criteria.ties import refuse_ties
from pruning.errors import UserError
from pruning.finders.base import Trainer, apply_masks, prunable_of
from pruning.masks import Masks, full_masks, make_masks
from pruning.models import count_macs
from pruning.recipe import Recipe
from pruning.tasks import get_task
from pruning.training.precision import settled
from pruning.training.seeds import generator


def scoring_batches(recipe: Recipe, trainer: Trainer) -> TrainingBatches:
    """The training images that a criterion sees: `score_per_class` of each class (fewer where there are fewer)."""
    labels = trainer.data.train.labels
    source = generator(recipe.seed, "score")
    order = torch.randperm(len(labels), generator=source)
    wanted = recipe.option("score_per_class") or 1
    rows = torch.cat([order[labels[order] == label][:wanted] for label in range(trainer.data.num_classes)])
    rows = rows[torch.randperm(len(rows), generator=source)]
    return TrainingBatches(trainer.data, rows.split(recipe.option("score_batch") or len(rows)), trainer.device)


def _check_batch(recipe: Recipe, model: nn.Module) -> None:
    if recipe.option("score_batch") == 1 and any(isinstance(module, _BatchNorm) for module in model.modules()):
        raise UserError(
            "`score_batch = 1` leaves batch normalisation a single image to normalise by; give the method 2 or more."
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

    A criterion of several rounds scores, prunes a little and scores again, the density falling exponentially to the
    one asked for (Tanaka et al. 2020) from that of `within`. The model is left with its pruned weights at zero.

    Raises:
        UserError: the scores say nothing of a layer, and the recipe has no `ties`; see `criteria.ties`.
    """
    chosen = CRITERIA[criterion or recipe.criterion or ""]
    wanted = recipe.sparsity if sparsity is None else sparsity
    granularity = recipe.granularity
    model = model.to(trainer.device)
    parameters = prunable_of(recipe, model)
    masks = full_masks(parameters) if within is None else {name: within[name] for name in parameters}
    masks = {name: mask.to(trainer.device) for name, mask in masks.items()}
    came = (1 - mask_tools.sparsity(masks)) or 1.0  # what is left when the first round begins
    allocation = recipe.option("allocation") or "global"
    _check_batch(recipe, model)
    batches: Batches = scoring_batches(recipe, trainer) if chosen.needs_data else []
    if not batches:
        # data-free criteria still learn device and input shape from an empty batch
        batches = [(torch.zeros(1, *trainer.data.shape, device=trainer.device), torch.zeros(1, dtype=torch.long))]
    context = Context(
        batches=batches,
        generator=generator(recipe.seed, "criterion", chosen.name),
        masks=masks,
        classifier=recipe.prune_classifier,
        scope=recipe.scope,
        task=get_task(recipe.task),
        structure=granularity,
        options=recipe.parts.criterion if chosen.name == recipe.criterion else None,
    )
    ties = generator(recipe.seed, "ties") if recipe.option("ties") else None
    with settled(count_macs(model, trainer.data.shape)):
        rounds = 1 if granularity.pattern else chosen.rounds  # a pattern has no sparsities in between
        for turn in range(1, rounds + 1):
            density = came * ((1 - wanted) / came) ** (turn / rounds)
            now = wanted if turn == rounds else 1 - density
            context.masks = masks
            scores = chosen.score(model, context)
            if invert:
                scores = {name: -score for name, score in scores.items()}
            before = masks
            masks = make_masks(scores, now, allocation, granularity, masks, model, recipe.parts.allocation, ties)
            if ties is None and turn == 1:  # later its own rounds may have cut the network, as inverted ones do
                refuse_ties(chosen.label, scores, before, masks, parameters, granularity, model)
            apply_masks(model, masks)
    model.cpu()
    return {name: mask.cpu() for name, mask in masks.items()}
