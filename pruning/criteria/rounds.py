"""Scores become masks: once, or score by score and pruned a little at a time, for criteria of several rounds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import nn

from pruning import masks as mask_tools
from pruning.criteria.base import Context, Criterion
from pruning.criteria.by_layer import cut_layers, parts_of
from pruning.criteria.ties import refuse_ties
from pruning.granularity import get_granularity
from pruning.masks import Masks, apply_masks, full_masks, make_masks
from pruning.validation import Options


@dataclass(frozen=True)
class Cut:
    """How much goes, and how it is shared out.

    Attributes:
        sparsity: fraction of all prunable weights that is gone in the end, in [0, 1).
        allocation: how it is shared out over layers; options: the allocation's own.
        layers: instead of an allocation, the sparsities of single layers; those not named share what is left.
        rounds: None: the criterion's.
        invert: whether the best go.
        ties: draws which of equal scores win; None: the earlier positions do, and scores that say nothing are refused.
    """

    sparsity: float
    allocation: str = "global"
    options: Options | None = None
    layers: Mapping[str, float] | None = None
    rounds: int | None = None
    invert: bool = False
    ties: torch.Generator | None = None


def cut_by_score(model: nn.Module, criterion: Criterion, context: Context, cut: Cut) -> Masks:
    """Score the weights and keep the best; the model is left with its pruned weights at zero.

    With several rounds the density falls exponentially from that of `context.masks` to the one asked for (Tanaka et
    al. 2020), each round scoring what is left.

    Raises:
        UserError: the scores say nothing of a layer (`criteria.ties`), are not finite, or more is to go than can.
    """
    granularity = get_granularity(context.structure)
    parameters = context.weights(model)
    masks = context.masks or full_masks(parameters)
    parts = None
    if cut.layers is not None:
        parts = parts_of(cut.layers, cut.sparsity, {name: each.numel() for name, each in parameters.items()})
    came = (1 - mask_tools.sparsity(masks)) or 1.0  # what is left when the first round begins
    # a pattern has no sparsities in between
    rounds = 1 if granularity.pattern else cut.rounds or criterion.rounds
    for turn in range(1, rounds + 1):
        density = came * ((1 - cut.sparsity) / came) ** (turn / rounds)
        now = cut.sparsity if turn == rounds else 1 - density
        scores = criterion.score(model, replace(context, masks=masks))
        if cut.invert:
            scores = {name: -score for name, score in scores.items()}
        before = masks
        if parts is None:
            masks = make_masks(scores, now, cut.allocation, granularity, masks, model, cut.options, cut.ties)
        else:
            masks = cut_layers(scores, parts, masks, turn / rounds, granularity, model, cut.ties)
        if cut.ties is None and turn == 1:  # later its own rounds may have cut the network, as inverted ones do
            refuse_ties(criterion.label, scores, before, masks, parameters, granularity, model)
        apply_masks(model, masks)
    return masks
