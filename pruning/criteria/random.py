"""Random: every weight is as good as any other. The control that a criterion has to beat."""

import torch
from torch import nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.granularity import get_granularity


def score(model: nn.Module, context: Context) -> Scores:
    """Uniform in [0, 1), drawn on the CPU so that every device gets the same mask.

    Of a structure with larger units each unit draws one number: the mean of many would lie near a half for every large
    unit, and chance would choose among the small ones alone. Weights in no unit score 0.
    """
    weights = context.weights(model)
    units = get_granularity(context.structure).units
    if units is None:
        drawn = {name: torch.rand(weight.shape, generator=context.generator) for name, weight in weights.items()}
    else:
        ids = units({name: weight.shape for name, weight in weights.items()}, model)
        count = 1 + max((int(each.max()) for each in ids.values()), default=-1)
        numbers = torch.cat([torch.rand(count, generator=context.generator), torch.zeros(1)])  # the last is for -1
        drawn = {name: numbers[each] for name, each in ids.items()}
    return {name: values.to(weights[name].device) for name, values in drawn.items()}


CRITERION = Criterion("random", "Random", "Liu et al. 2022, arXiv 2202.02643", score, needs_data=False, by_chance=True)
