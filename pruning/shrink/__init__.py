"""The physically smaller network: the same function with fewer channels, where pruning has emptied any."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from pruning.errors import UserError
from pruning.graph.channels import CANNOT_RUN
from pruning.graph.facts import Shapes
from pruning.graph.tracing import trace
from pruning.models.trial import first_weight
from pruning.shrink.attention import leave_out_heads
from pruning.shrink.rebuilding import rebuild
from pruning.shrink.reduction import reduce

__all__ = ["Shrunk", "attempt", "shrink", "why_not"]

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Shrunk:
    """The smaller network, or a sentence on why there is none."""

    network: nn.Module | None
    reason: str = ""


def shrink(model: nn.Module, masks: Mapping[str, Tensor], shape: tuple[int, int, int]) -> nn.Module | None:
    """The physically smaller network that computes the same as the masked one in evaluation mode.

    Channels that are constant, or that nothing reads, are left out together with the batch norm behind them and with
    the inputs of the layers that read them; a constant goes into the bias of its reader, except where zero padding
    makes it differ at the borders. Channels that are added to one another go only together. A residual branch that
    emits nothing is taken out, and so are heads of `nn.MultiheadAttention` that add nothing. That holds for channels
    that unstructured pruning happens to empty too. The result is tried on random images in float64 before it is given
    back.

    Args:
        model: any network; it is left as it was. What torch.fx cannot trace cannot be made smaller.
        masks: bool masks of its weights, True = kept; {} where the pruned weights are zero already.
        shape: of one image, (C, H, W).

    Returns:
        a network on the CPU in evaluation mode whose parameters are named as before, or None (`why_not` says why).
    """
    return attempt(model, masks, shape).network


def why_not(model: nn.Module, masks: Mapping[str, Tensor], shape: tuple[int, int, int]) -> str:
    """A sentence on why `shrink` gives None, '' where it does not."""
    return attempt(model, masks, shape).reason


def attempt(model: nn.Module, masks: Mapping[str, Tensor], shape: tuple[int, int, int]) -> Shrunk:
    """`shrink`, with the reason where there is no smaller network."""
    dtype = first_weight(model).dtype
    try:
        graph = trace(model).double()
    except UserError as error:
        return Shrunk(None, str(error))
    _apply(graph, masks)
    images = torch.randn(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    try:
        with torch.no_grad():
            expected = Shapes(graph).run(images)
            headless = leave_out_heads(graph)
            facts, gone, bypassed = reduce(graph)
            if not bool(gone.any()) and not bypassed and not headless:
                return Shrunk(None, "No channel is without a use, so every layer stays as large as it is.")
            found = rebuild(graph, facts, gone)(images)
    except CANNOT_RUN as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        return Shrunk(None, f"The smaller network cannot be put together: {reason.rstrip('.')}.")
    if not _same(found, expected):
        return Shrunk(None, "The smaller network does not compute the same, so it is not used.")
    return Shrunk(_finished(graph, dtype))


def _apply(graph: fx.GraphModule, masks: Mapping[str, Tensor]) -> None:
    parameters = dict(graph.named_parameters())
    with torch.no_grad():
        for name, mask in masks.items():
            if name in parameters:  # a layer that takes no part in the forward pass is not in the graph
                parameters[name].mul_(mask.cpu())


def _same(found: object, expected: object) -> bool:
    if not isinstance(found, Tensor) or not isinstance(expected, Tensor) or found.shape != expected.shape:
        return False
    scale = float(expected.abs().max())
    return bool(torch.isfinite(expected).all()) and torch.allclose(
        found, expected, rtol=TOLERANCE, atol=TOLERANCE * scale
    )


def _finished(graph: fx.GraphModule, dtype: torch.dtype) -> nn.Module:
    for node in graph.graph.nodes:
        node.meta.clear()
    return graph.to(dtype).eval()
