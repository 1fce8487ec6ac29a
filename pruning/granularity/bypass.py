"""A network without some of its residual blocks, computing on the parameters of the whole one.

What is computed is what the network with these blocks at zero computes, in less time. Training it trains the weights
that are left where they lie.
"""

import copy
from collections.abc import Collection, Mapping

import torch
from torch import Tensor, fx, nn

from pruning.errors import UserError
from pruning.granularity.layer import gone, removable
from pruning.graph.tracing import trace
from pruning.models.inspection import prunable

TOLERANCE = 1e-9


def without_blocks(model: nn.Module, masks: Mapping[str, Tensor], shape: tuple[int, int, int]) -> fx.GraphModule | None:
    """The network without the residual blocks that masks remove whole; layers and parameters are the model's own.

    Both are tried on random images in float64 before it is given back: a block may still emit a constant, by a bias
    that no mask covers, and then it is not gone.

    Args:
        model: any network; it is left as it was. Both networks compute on the same weights from then on.
        masks: bool masks of its weights, and of the biases and norms that fall silent with them, True = kept.
        shape: of one image, (C, H, W).

    Returns:
        a network in the model's mode whose parameters are named as there; None when no block is removed, when the
        network cannot be traced or does something else in training than in evaluation, or when it would not compute
        the same.
    """
    try:
        graph = trace(model)
        removed = gone(removable(graph, prunable(model)), masks)
        if not removed or graph.code != trace(model, training=True).code:
            return None
        for block in removed:
            block.remove()
        network = fx.GraphModule(model, graph.graph, type(model).__name__)
        return network if _own(network, model, masks) and _same(network, model, masks, shape) else None
    except (UserError, AttributeError, RuntimeError, TypeError):  # of the network's own code, for one
        return None


def bypassed(graph: fx.GraphModule, number: int, names: Collection[str]) -> fx.GraphModule:
    """A traced network without the block of that number in `removable(graph, names)`; they share all layers."""
    twin = fx.GraphModule(graph, copy.deepcopy(graph.graph), type(graph).__name__)
    removable(twin, names)[number].remove()
    return fx.GraphModule(graph, twin.graph, type(graph).__name__)


def _own(network: nn.Module, model: nn.Module, masks: Mapping[str, Tensor]) -> bool:
    """Whether every parameter there goes by the name it has in the model, and none belongs to a removed block too."""
    names, left = dict(model.named_parameters()), dict(network.named_parameters())
    used = {id(value) for value in left.values()}
    return all(names.get(name) is value for name, value in left.items()) and not any(
        id(names[name]) in used for name in masks if name in names and name not in left
    )


@torch.no_grad()
def _same(network: nn.Module, model: nn.Module, masks: Mapping[str, Tensor], shape: tuple[int, int, int]) -> bool:
    """Whether both compute the same in evaluation mode once the masks are in force."""
    whole, part = (copy.deepcopy(each).cpu().double().eval() for each in (model, network))
    for each in (whole, part):
        for name, parameter in each.named_parameters():
            if name in masks:
                parameter.mul_(masks[name].cpu())
    images = torch.randn(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found, expected = part(images), whole(images)
    return found.shape == expected.shape and torch.allclose(
        found, expected, rtol=TOLERANCE, atol=TOLERANCE * float(expected.abs().max())
    )
