"""FPGM: filters near the geometric median of their layer are the ones that others can stand for (He et al. 2019).

The paper takes the same fraction from each layer: the allocation `layer`.
"""

import torch
from torch import Tensor, nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.models.classifier import widened


def score(model: nn.Module, context: Context) -> Scores:
    """Of each filter the sum of its Euclidean distances to all filters of its layer, on each of its weights."""
    return {name: _of_layer(weight.detach()) for name, weight in context.weights(model).items()}


def _of_layer(weight: Tensor) -> Tensor:
    rows = widened(weight.reshape(len(weight), -1))
    # differences, not products: near ones are what matters
    distances = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist").sum(dim=1)
    return distances.view(-1, *[1] * (weight.dim() - 1)).expand(weight.shape).clone()


CRITERION = Criterion(
    "fpgm",
    "FPGM",
    "He et al. 2019, arXiv 1811.00250",
    score,
    needs_data=False,
    score_on="trained",
    structure="filter",
    in_templates=False,
)
