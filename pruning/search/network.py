"""A network whose weights are frozen and whose scores are trained in their place."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from pruning.masks import Masks
from pruning.search.calling import call_with
from pruning.search.rules import Rule
from pruning.training.inputs import Compact


class _StraightThrough(torch.autograd.Function):
    """The effective weights; backward, the scores' gradient is theirs times the slope."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, effective: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(slope)
        return effective.view_as(effective)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return gradients[0] * slope, None, None


class SupermaskNetwork(nn.Module):
    """`network` with the weights that `rule` reads off the scores.

    Everything in the network is frozen: weights, biases, the factors and offsets of batch norm. Only the running
    statistics of batch norm move while it is trained. The scores are the module's only trained parameters; they have
    the shape of their weights, so that weight decay counts them among the weights.

    Args:
        network: its parameters hold the frozen weights; it becomes part of the module.
        scores: by the name of the weight, float of its shape.
        masks: the first masks, by the name of the weight; True = kept.
        rule: of `pruning.search.rules`.
    """

    def __init__(self, network: nn.Module, scores: Mapping[str, Tensor], masks: Masks, rule: Rule) -> None:
        super().__init__()
        self.network = network.requires_grad_(False)
        self.names = tuple(scores)
        self.rule = rule
        self.scores = nn.ParameterList([nn.Parameter(score.detach().clone()) for score in scores.values()])
        for place, name in enumerate(self.names):
            self.register_buffer(f"mask{place}", masks[name].to(self.scores[place].dtype))

    @property
    def masks(self) -> list[Tensor]:
        """The masks in force, 1 = kept and 0 = pruned, in the order of `names`."""
        return [self.get_buffer(f"mask{place}") for place in range(len(self.names))]

    def effective(self) -> dict[str, Tensor]:
        """The weights that the network computes with, by name; gradients reach the scores through them."""
        result = {}
        for name, scores, mask in zip(self.names, self.scores, self.masks, strict=True):
            with torch.no_grad():
                weights, slope = self.rule(scores, mask, self.network.get_parameter(name))
            result[name] = _StraightThrough.apply(scores, weights, slope)
        return result

    def forward(self, x: Tensor) -> Tensor:
        """The frozen network's output for x with the effective weights."""
        return call_with(self.network, self.effective(), x)

    def compact_inputs(self, inputs: Tensor) -> Tensor | None:
        """The short form in which the network takes inputs, where it has one."""
        return self.network.compact_inputs(inputs) if isinstance(self.network, Compact) else None

    def effective_network(self) -> nn.Module:
        """A copy of the network that computes with the effective weights, for whoever looks at it on the way."""
        return _with_weights(copy.deepcopy(self.network), self.effective())

    def settled(self) -> nn.Module:
        """The network itself, its weights set to the effective ones."""
        return _with_weights(self.network, self.effective())

    def found(self) -> Masks:
        """The masks in force by name, on the CPU."""
        return {name: mask.cpu().contiguous() > 0 for name, mask in zip(self.names, self.masks, strict=True)}


@torch.no_grad()
def _with_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> nn.Module:
    for name, values in weights.items():
        network.get_parameter(name).copy_(values + 0.0)  # of a pruned weight no -0 stays
    return network
