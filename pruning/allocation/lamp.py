"""`lamp`: scores compared over all layers, each relative to those above it in its layer (Lee et al. 2021).

A weight counts for its squared score over the sum of the squared scores of its layer that are not smaller, itself
included: what goes is what distorts its layer least. Within a layer the order stays, and the best weight always does.
"""

import torch
from torch import Tensor

from pruning.allocation.base import Allocation, Layers
from pruning.allocation.keeping import PRUNED, keep_best
from pruning.validation import Options


def lamp_scores(scores: Tensor) -> Tensor:
    """The LAMP scores of a layer, float64 [weights left], highest first; scores below 0 count as 0."""
    left = scores[scores > PRUNED].double().clamp(0, 1e300)
    if not len(left):
        return left
    squares = (left / left.max().clamp_min(torch.finfo(torch.float64).tiny)).square().sort(descending=True).values
    return squares / squares.cumsum(dim=0).clamp_min(torch.finfo(torch.float64).tiny)


def shares(layers: Layers, options: Options) -> dict[str, float]:
    """How many of each layer are among the best by LAMP scores."""
    scores = {name: lamp_scores(score) for name, score in layers.scores.items()}
    kept = keep_best(torch.cat(list(scores.values())), layers.keep)
    counts = [float(part.sum()) for part in kept.split([len(score) for score in scores.values()])]
    return dict(zip(scores, counts, strict=True))


LAMP = Allocation("lamp", "LAMP, by scores relative to their layer's", None, shares=shares)
