"""Taylor: how much, to first order, the trained network's loss changes when a weight goes (Molchanov et al. 2019)."""

from torch import nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.gradients import differentiable_copy, loss_gradient


def score(model: nn.Module, context: Context) -> Scores:
    """|w g|, g summed over all batches before the absolute value is taken.

    The paper's score is the square of this, which ranks alike. Batch norm is in evaluation mode: what is asked is the
    loss of the trained network as it is used, with its running statistics.
    """
    twin = differentiable_copy(model)
    weights = context.weights(twin)
    gradients = loss_gradient(twin, weights, context.batches, task=context.task)
    return {name: (weight * gradients[name]).abs() for name, weight in weights.items()}


CRITERION = Criterion(
    "taylor", "Taylor", "Molchanov et al. 2019, arXiv 1906.10771", score, needs_data=True, score_on="trained"
)
