"""BN scale: a filter counts for as much as the batch norm behind it lets through (network slimming, Liu et al. 2017).

The paper trains with a penalty on these scales; on a network that was trained without, they still are a score.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd

from pruning.criteria.base import Context, Criterion, Scores
from pruning.errors import UserError
from pruning.granularity.units import transposed
from pruning.models.inspection import watch

BETWEEN = (
    nn.Identity, nn.ReLU, nn.LeakyReLU, nn.ReLU6, nn.Tanh, nn.GELU, nn.SiLU, nn.ELU, nn.Dropout,
    nn.Dropout2d, nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d,
)  # fmt: skip
"""Modules that may lie between a layer and its batch norm: what they make of a channel is of that channel alone."""


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


def norms_behind(model: nn.Module, shape: tuple[int, int, int]) -> dict[str, list[tuple[str, _BatchNorm]]]:
    """By the name of a layer the batch norms that are called with its output, or what one of `BETWEEN` makes of it."""
    outputs: dict[int, tuple[str, Tensor]] = {}  # the tensor is kept, so that its id stays its own
    found: dict[str, list[tuple[str, _BatchNorm]]] = {}

    def note(name: str, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if isinstance(module, (_ConvNd, nn.Linear)):
            outputs[id(output)] = (name, output)
        elif isinstance(module, BETWEEN) and id(inputs[0]) in outputs:
            outputs[id(output)] = (outputs[id(inputs[0])][0], output)
        elif isinstance(module, _BatchNorm) and id(inputs[0]) in outputs:
            found.setdefault(outputs[id(inputs[0])][0], []).append((name, module))

    watch(model, shape, note)
    return found


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
