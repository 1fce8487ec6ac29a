"""Hessian trace: magnitude, weighed by how curved the loss is in each layer on average (after HAWQ-V2)."""

from typing import Annotated

from pydantic import Field
from torch import nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.curvature import differentiable_twice, hessian_diagonal
from pruning.criteria.gradients import differentiable_copy
from pruning.validation import Options, option


class TraceOptions(Options):
    """Options of `hessian_trace`."""

    draws: Annotated[int, Field(ge=1)] = option(1, "Draws", "random signs a batch")


def score(model: nn.Module, context: Context) -> Scores:
    """w^2 / 2 times the mean of the Hessian's diagonal in the weight's layer: HAWQ's measure for removing it.

    The trace is Hutchinson's estimate. Within a layer the order is that of magnitude, turned round where the estimate
    is negative, as it can be away from a minimum. Batch norm is in evaluation mode.

    Raises:
        UserError: an operation of the network has no second derivative.
    """
    options = context.options
    assert isinstance(options, TraceOptions)
    twin = differentiable_copy(model)
    with differentiable_twice("Hessian trace", model):
        diagonal = hessian_diagonal(twin, context, options.draws)
    found = {}
    for name, weight in context.weights(twin).items():
        mask = (context.masks or {}).get(name)
        count = weight.numel() if mask is None else max(1, int(mask.sum()))
        found[name] = weight.square() / 2 * (diagonal[name].double().sum() / count).to(weight.dtype)
    return found


CRITERION = Criterion(
    "hessian_trace",
    "Hessian trace",
    "Dong et al. 2020, HAWQ-V2, arXiv 1911.03852",
    score,
    needs_data=True,
    score_on="trained",
    options=TraceOptions,
    in_templates=False,
)
