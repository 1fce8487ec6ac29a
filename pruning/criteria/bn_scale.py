"""BN scale: a filter counts for as much as the batch norm behind it lets through (network slimming, Liu et al. 2017).

The paper trains with a penalty on these scales; on a network that was trained without, they still are a score.
"""

import torch
from torch import Tensor, nn

from pruning.criteria.base import Context, Criterion, Scores
from pruning.errors import UserError
from pruning.granularity.dead_channels import norms_behind
from pruning.granularity.units import transposed


def score(model: nn.Module, context: Context) -> Scores:
    """|gamma| of the batch norm that reads a filter, on each of its weights.

    A layer that no batch norm reads, or whose convolution is transposed, has no such score; its filters go after all
    others.

    Raises:
        UserError: there is no batch norm with a scale behind any layer.
    """
    weights = context.weights(model)
    channels, height, width = context.batches[0][0].shape[1:]
    readers = norms_behind(model, (channels, height, width))
    scales, turned = {}, transposed(model)  # whose filters are no rows, and never go as one
    for name, weight in weights.items():
        norms = [norm for _, norm in readers.get(name.removesuffix(".weight"), [])]
        behind = [scale for norm in norms if isinstance(scale := norm.weight, Tensor)]
        if behind and name not in turned:
            total = torch.stack([each.detach().abs() for each in behind]).sum(dim=0)
            scales[name] = total.view(-1, *[1] * (weight.dim() - 1)).expand(weight.shape).clone()
    if not scales:
        raise UserError(
            f"BN scale needs batch norms behind layers, and the network {type(model).__name__} has none with a scale; "
            "take another criterion for filters, such as FPGM or magnitude."
        )
    above = 1 + max(float(scale.max()) for scale in scales.values())
    return {name: scales.get(name, torch.full_like(weight, above)) for name, weight in weights.items()}


CRITERION = Criterion(
    "bn_scale",
    "BN scale",
    "Liu et al. 2017, arXiv 1708.06519",
    score,
    needs_data=False,
    score_on="trained",
    structure="filter",
    in_templates=False,
)
