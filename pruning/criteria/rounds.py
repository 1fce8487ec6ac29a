"""Scores become masks: once, or score by score and pruned a little at a time, for criteria of several rounds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from pruning import masks as mask_tools
from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.by_layer import Part, cut_layers, parts_of
from pruning.criteria.ties import refuse_ties
from pruning.granularity import Granularity, get_granularity
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
    options = context.options or criterion.options()
    cutter = _Cutter.of(model, parameters, cut, granularity, bool(getattr(options, "per_output", False)))
    came = (1 - mask_tools.sparsity(masks)) or 1.0  # what is left when the first round begins
    # a pattern has no sparsities in between
    rounds = 1 if granularity.pattern else criterion.steps(options) if cut.rounds is None else cut.rounds
    for turn in range(1, rounds + 1):
        between = None if granularity.pattern else partial(cutter.cut, within=masks, came=came)
        scores = given = criterion.score(model, replace(context, masks=masks, cut=between))
        if cut.invert:
            scores = {name: -score for name, score in scores.items()}
        before = masks
        masks = cutter.cut(scores, turn / rounds, masks, came, given)
        if cut.ties is None and turn == 1:  # later its own rounds may have cut the network, as inverted ones do
            refuse_ties(criterion.label, scores, before, masks, parameters, granularity, model)
        apply_masks(model, masks)
    return masks


@dataclass(frozen=True)
class _Cutter:
    """Makes masks of scores, as far on the way to the sparsity as is asked for."""

    model: nn.Module
    cut_: Cut
    granularity: Granularity
    by_output: bool
    parts: list[Part] | None

    @classmethod
    def of(
        cls, model: nn.Module, weights: Mapping[str, Tensor], cut: Cut, granularity: Granularity, by_output: bool
    ) -> "_Cutter":
        """Of a network whose `weights` are cut."""
        sizes = {name: each.numel() for name, each in weights.items()}
        parts = None if cut.layers is None else parts_of(cut.layers, cut.sparsity, sizes)
        return cls(model, cut, granularity, by_output, parts)

    def cut(
        self, scores: Scores, progressed: float, within: Masks, came: float, shared_by: Scores | None = None
    ) -> Masks:
        """Masks within those at hand; `came` is the density at which the way began, `progressed` in (0, 1].

        `shared_by` are the scores that an allocation looks at: LAMP and OWL say nothing of those turned upside down.
        """
        cut = self.cut_
        if self.parts is not None:
            return cut_layers(
                scores, self.parts, within, progressed, self.granularity, self.model, cut.ties, self.by_output
            )
        density = came * ((1 - cut.sparsity) / came) ** progressed
        sparsity = cut.sparsity if progressed == 1 else 1 - density
        return make_masks(
            scores,
            sparsity,
            cut.allocation,
            self.granularity,
            within,
            self.model,
            cut.options,
            cut.ties,
            self.by_output,
            shared_by,
        )
