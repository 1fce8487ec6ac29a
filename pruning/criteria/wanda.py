"""Wanda: a weight's size times the norm of what it is multiplied with (Sun et al. 2023).

The paper prunes each output of a layer by the same fraction, and each layer too: `per_output` with the allocation
`layer`, as it is by default. Other allocations decide how much a layer keeps, from the same scores or from its size.
"""

from torch import nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.layer_inputs import input_norms
from pruning.validation import Options, option


class WandaOptions(Options):
    """Options of `wanda`."""

    per_output: bool = option(True, "By output", "whether each output of a layer loses the same fraction")


def score(model: nn.Module, context: Context) -> Scores:
    """|w| times the L2 norm of its input over all images and positions (im2col in a convolution), one forward pass."""
    weights = context.weights(model)
    norms = input_norms(model, weights, context.batches, context.task)
    return {name: weight.detach().abs() * norms[name] for name, weight in weights.items()}


CRITERION = Criterion(
    "wanda",
    "Wanda",
    "Sun et al. 2023, arXiv 2306.11695",
    score,
    needs_data=True,
    score_on="trained",
    allocation="layer",
    options=WandaOptions,
    in_templates=False,
)
