"""What is known of the channels of every tensor in a network's graph: which move together, which are constant.

Every layer with weights makes new channels; operations that treat channels apart (activations, pooling, batch norm,
additions, concatenation) hand them on. Two channels that are added are one class: they stay or go together. A class is
pinned when an operation reads it that is not known here, or when it is the network's input or output.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, fx


@dataclass
class Channels:
    """The channels of one tensor.

    Attributes:
        axis: the dimension they lie in.
        ids: the class of each, int64 [C].
        values: float64 [C]: the value that the channel has everywhere, whatever the input; NaN where it varies.
    """

    axis: int
    ids: Tensor
    values: Tensor


@dataclass
class Facts:
    """What a walk over the graph finds.

    Attributes:
        channels: of each node whose output has any.
        pinned: classes that have to stay.
        sinks: (node, channels) of convolutions and linear layers that read channels and can do with fewer.
    """

    channels: dict[fx.Node, Channels] = field(default_factory=dict)
    pinned: list[Tensor] = field(default_factory=list)
    sinks: list[tuple[fx.Node, Channels]] = field(default_factory=list)
    _parent: list[int] = field(default_factory=list)
    _roots: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))

    def fresh(self, count: int) -> Tensor:
        """New classes of one channel each."""
        first = len(self._parent)
        self._parent.extend(range(first, first + count))
        return torch.arange(first, first + count)

    def find(self, one: int) -> int:
        """The representative of a class."""
        while self._parent[one] != one:
            self._parent[one] = self._parent[self._parent[one]]
            one = self._parent[one]
        return one

    def settle(self) -> None:
        """Write down every channel's representative; no class is joined after that."""
        parents = torch.tensor(self._parent, dtype=torch.int64)
        while not torch.equal(parents, parents[parents]):
            parents = parents[parents]
        self._roots = parents

    def roots(self, ids: Tensor) -> Tensor:
        """The representatives of the classes of several channels, once they are settled."""
        return self._roots[ids]

    def nothing(self) -> Tensor:
        """False for each channel there is, to be indexed by representatives."""
        return torch.zeros(len(self._parent), dtype=torch.bool)

    def join(self, first: Tensor, second: Tensor) -> None:
        """The channels of two tensors are the same classes from now on."""
        for one, other in zip(first.tolist(), second.tolist(), strict=True):
            self._parent[self.find(other)] = self.find(one)

    def pin(self, *tensors: Any) -> None:
        """None of these tensors may lose a channel."""
        for node in tensors:
            if isinstance(node, fx.Node) and node in self.channels:
                self.pinned.append(self.channels[node].ids)


def shape_of(node: Any) -> torch.Size | None:
    """The shape that shape propagation found, None for what is no tensor."""
    return node.meta.get("shape") if isinstance(node, fx.Node) else None


class Shapes(fx.Interpreter):
    """Runs the graph and notes the shape of every tensor (torch's own ShapeProp loads sympy, which takes seconds)."""

    def run_node(self, n: fx.Node) -> Any:
        """The node's result."""
        result = super().run_node(n)
        if isinstance(result, Tensor):
            n.meta["shape"] = result.shape
        return result
