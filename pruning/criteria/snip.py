"""SNIP: how much the loss changes when a connection is weakened, before any training (Lee et al. 2019)."""

from torch import nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.gradients import differentiable_copy, loss_gradient


def score(model: nn.Module, context: Context) -> Scores:
    """|w g|, which is the loss's slope by a gate on the weight; g over all batches together, then the absolute value.

    The paper divides by the sum over the network, which changes no rank and is left out. Batch norm normalises by the
    batch, as in the authors' code.
    """
    twin = differentiable_copy(model, batch_statistics=True)
    weights = context.weights(twin)
    gradients = loss_gradient(twin, weights, context.batches, task=context.task)
    return {name: (weight * gradients[name]).abs() for name, weight in weights.items()}


CRITERION = Criterion("snip", "SNIP", "Lee et al. 2019, arXiv 1810.02340", score, needs_data=True)
