"""FORCE: SNIP's score in the network as it will be, in steps in which weights may return (de Jorge et al. 2021).

Each step scores all weights, the masked ones too, by the slopes of the loss in the network that the last step's mask
left, and masks anew at the next sparsity. What is cut in the end is what the last scores say.
"""

import torch
from torch import Tensor, nn

from pruning.criteria.base import Context, Criterion, Scores, Stepwise
from pruning.criteria.gradients import differentiable_copy, loss_gradient


def score(model: nn.Module, context: Context) -> Scores:
    """|w g|, w the weight unmasked and g the slope by it in the masked network; batch norm normalises by the batch.

    The density of the steps falls exponentially to the one that is asked for. Without a sparsity to reach, nothing is
    masked, and this is SNIP.
    """
    options = context.options
    assert isinstance(options, Stepwise)
    twin = differentiable_copy(model, batch_statistics=True)
    weights = context.weights(twin)
    whole = {name: weight.detach().clone() for name, weight in weights.items()}
    scores = _scores(twin, weights, whole, context)
    if context.cut is None:
        return scores
    for step in range(1, options.score_rounds):
        masks = context.cut(scores, step / options.score_rounds)
        with torch.no_grad():
            for name, weight in weights.items():
                weight.copy_(whole[name] * masks[name])
        scores = _scores(twin, weights, whole, context)
    return scores


def _scores(twin: nn.Module, weights: dict[str, nn.Parameter], whole: dict[str, Tensor], context: Context) -> Scores:
    gradients = loss_gradient(twin, weights, context.batches, task=context.task)
    return {name: (weight * gradients[name]).abs() for name, weight in whole.items()}


CRITERION = Criterion(
    "force",
    "FORCE",
    "de Jorge et al. 2021, arXiv 2006.09081",
    score,
    needs_data=True,
    options=Stepwise,
    in_templates=False,
)
