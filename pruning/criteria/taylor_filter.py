"""Taylor of filters: how much, to first order, the loss changes when a whole filter goes (Molchanov et al. 2019).

`taylor` with the granularity `filter` takes the mean of |w g|, each weight by itself; here the weights go together, so
that what they do to the loss may cancel.
"""

from torch import Tensor, nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.gradients import differentiable_copy, loss_gradient


def score(model: nn.Module, context: Context) -> Scores:
    """(sum of w g over a filter and its bias)^2, on each of its weights; g over all batches together.

    The sum is the slope of the loss by a gate on the filter's output. Batch norm is in evaluation mode.
    """
    twin = differentiable_copy(model)
    weights = context.weights(twin)
    known = dict(twin.named_parameters())
    biases = {name: known[bias] for name in weights if (bias := _bias(name)) in known and bias != name}
    biases = {name: bias for name, bias in biases.items() if len(bias) == len(weights[name])}
    both = {**weights, **{_bias(name): bias for name, bias in biases.items()}}
    gradients = loss_gradient(twin, both, context.batches, task=context.task)
    found = {}
    for name, weight in weights.items():
        slope = _by_row(weight * gradients[name])
        if name in biases:
            slope = slope + biases[name] * gradients[_bias(name)]
        found[name] = slope.detach().square().view(-1, *[1] * (weight.dim() - 1)).expand(weight.shape).clone()
    return found


def _bias(name: str) -> str:
    return f"{name.removesuffix('weight')}bias"


def _by_row(values: Tensor) -> Tensor:
    return values.flatten(1).sum(dim=1)


CRITERION = Criterion(
    "taylor_filter",
    "Taylor of filters",
    "Molchanov et al. 2019, arXiv 1906.10771",
    score,
    needs_data=True,
    score_on="trained",
    structure="filter",
    in_templates=False,
)
