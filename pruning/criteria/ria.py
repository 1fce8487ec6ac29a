"""RIA: a weight's size relative to its output and its input, times the norm of that input (Zhang et al. 2024)."""

import torch
from torch import Tensor, nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.layer_inputs import LayerInputs, input_squares
from pruning.validation import Options, option


class RiaOptions(Options):
    """Options of `ria`."""

    power: float = option(0.5, "Power of the activation", ge=0)
    per_output: bool = option(False, "By output", "whether each output of a layer loses the same fraction")


def score(model: nn.Module, context: Context) -> Scores:
    """(|w| / sum of its row + |w| / sum of its column) times the L2 norm of its input to the power 0.5.

    A row is an output, a column an input; rows of a weight that are given different inputs (groups of a convolution,
    queries and keys) are columns of their own. Attention's joint projection is one matrix.
    """
    options = context.options
    assert isinstance(options, RiaOptions)
    weights = context.weights(model)
    inputs = input_squares(model, weights, context.batches, context.task)
    return {name: _of_layer(weight.detach(), inputs[name], options.power) for name, weight in weights.items()}


def _of_layer(weight: Tensor, inputs: LayerInputs, power: float) -> Tensor:
    size = inputs.matrix(weight).abs()
    scores = torch.zeros_like(size)
    for block in inputs.blocks:
        own = size[block.rows]
        relative = _over(own.sum(dim=1, keepdim=True)) + _over(own.sum(dim=0, keepdim=True))
        scores[block.rows] = relative.mul_(block.value.sqrt().to(own.dtype) ** power).mul_(own)
    return inputs.weight(scores)


def _over(total: Tensor) -> Tensor:
    """One over a sum, 0 where there is nothing."""
    return torch.where(total > 0, 1 / total, torch.where(total == 0, 0.0, total))  # NaN stays


CRITERION = Criterion(
    "ria",
    "RIA",
    "Zhang et al. 2024, ICLR, openreview Tr0lPx9woF",
    score,
    needs_data=True,
    score_on="trained",
    allocation="layer",
    options=RiaOptions,
    in_templates=False,
)
