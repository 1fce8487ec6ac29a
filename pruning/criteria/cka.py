"""CKA: how much the features before the classifier change when a residual block goes (Pons et al. 2024).

For the structure `layer` alone: what is scored is a whole block, by the network that is left without it.
"""

import torch
from torch import Tensor, fx, nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.criteria.batches import Batches, without_single
from pruning.criteria.gradients import differentiable_copy
from pruning.granularity.bypass import bypassed
from pruning.granularity.layer import gone, removable
from pruning.graph.tracing import trace
from pruning.models import features_and_logits

OUTSIDE = 1.0  # the largest score there is, for weights that belong to no block


def score(model: nn.Module, context: Context) -> Scores:
    """1 - CKA, in [0, 1], between the features with and without a weight's block; 1 for weights outside of blocks.

    Features are those of all batches together. Batch norm normalises by the batch, so that each network is seen with
    statistics of its own, as it will have them after training.

    Raises:
        UserError: the network has no residual block with an identity shortcut, or cannot be traced.
    """
    weights = context.weights(model)
    graph = trace(model)
    blocks = removable(graph, weights)
    removed = [block.names for block in gone(blocks, context.masks or {})]
    network = differentiable_copy(graph, batch_statistics=True).to(context.batches[0][0].device)
    assert isinstance(network, fx.GraphModule)
    whole = features(network, context.batches)
    scores = {name: torch.full_like(weight, OUTSIDE) for name, weight in weights.items()}
    for number, block in enumerate(blocks):
        if block.names in removed:
            continue  # what is left without it is the same network
        change = 1 - linear_cka(whole, features(bypassed(network, number, weights), context.batches))
        scores |= {name: torch.full_like(weights[name], change) for name in block.names}
    return scores


@torch.no_grad()
def features(model: nn.Module, batches: Batches) -> Tensor:
    """What the classifier reads of all images, float64 [N, D]."""
    return torch.cat([features_and_logits(model, images)[0].double() for images, _ in without_single(batches)])


def linear_cka(first: Tensor, second: Tensor) -> float:
    """Linear centred kernel alignment of two representations of the same images, [N, D] and [N, E], in [0, 1].

    ||Y'X||^2 / (||X'X|| ||Y'Y||) in Frobenius norms, columns centred (Kornblith et al. 2019, arXiv 1905.00414, section
    3.3): 1 for the same up to a rotation and a factor. 0 where one of them is the same for every image.
    """
    x, y = (each - each.mean(dim=0) for each in (first, second))
    size = float((x.T @ x).norm() * (y.T @ y).norm())
    return min(1.0, float((y.T @ x).square().sum()) / size) if size else 0.0


CRITERION = Criterion(
    "cka",
    "CKA",
    "Pons et al. 2024, arXiv 2405.17081; Kornblith et al. 2019, arXiv 1905.00414",
    score,
    needs_data=True,
    score_on="trained",
    structure="layer",
)
