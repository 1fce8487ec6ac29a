"""Random: every weight is as good as any other. The control that a criterion has to beat."""

import torch
from torch import nn

from pruning.criteria.base import Context, Criterion, Scores


def score(model: nn.Module, context: Context) -> Scores:
    """Uniform in [0, 1), drawn on the CPU so that every device gets the same mask."""
    return {
        name: torch.rand(weight.shape, generator=context.generator).to(weight.device)
        for name, weight in context.weights(model).items()
    }


CRITERION = Criterion("random", "Random", "Liu et al. 2022, arXiv 2202.02643", score, needs_data=False)
