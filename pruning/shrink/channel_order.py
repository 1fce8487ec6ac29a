"""Hidden channels in another order: which may change places, and the network that computes the same with them so."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, fx, nn

from pruning.graph.channels import follow
from pruning.graph.tracing import module_of
from pruning.masks import Masks


@dataclass(frozen=True)
class Use:
    """A dimension of a parameter or buffer that holds channels, and the class of channels at each place, int64 [n]."""

    name: str
    dim: int
    classes: Tensor


@dataclass(frozen=True)
class Channels:
    """Which hidden channels of a network may change places.

    Attributes:
        count: of classes of channels, those that stay where they are included.
        groups: classes [g] each, that may change places among themselves.
        uses: of all classes.
    """

    count: int
    groups: list[Tensor]
    uses: list[Use]

    @classmethod
    def of(cls, network: nn.Module, shape: tuple[int, int, int]) -> "Channels":
        """Find them by the rules of `pruning.graph`; what it cannot follow stays where it is.

        Args:
            network: any; left as it was.
            shape: of one image, (C, H, W).

        Raises:
            UserError: torch.fx cannot trace the network.
        """
        graph, facts = follow(network, shape)
        stays = facts.nothing()
        for ids in facts.pinned:
            stays[facts.roots(ids)] = True
        lists = [facts.roots(channels.ids) for channels in facts.channels.values()]
        uses, sources = [], dict(facts.sinks)
        for node, channels in facts.channels.items():
            uses += _made(graph, node, facts.roots(channels.ids))
            if node in sources:
                uses.append(Use(f"{node.target}.weight", 1, facts.roots(sources[node].ids)))
        return cls(len(stays), _alike(lists, stays), uses)


def _made(graph: fx.GraphModule, node: fx.Node, classes: Tensor) -> list[Use]:
    """The tensors whose first dimension makes the channels of a node."""
    module, name = module_of(graph, node), str(node.target)
    own = {} if module is None else dict(module.named_parameters()) | dict(module.named_buffers())
    return [Use(f"{name}.{key}", 0, classes) for key, value in own.items() if value.ndim and len(value) == len(classes)]


def _alike(lists: list[Tensor], stays: Tensor) -> list[Tensor]:
    """Groups of classes that every list of channels holds equally often, so that they can change places."""
    seen = torch.stack([torch.bincount(each, minlength=len(stays)) for each in lists]) if lists else stays[None].long()
    free = (~stays & (seen.sum(0) > 0)).nonzero().flatten()
    if not len(free):
        return []
    _, kind = torch.unique(seen[:, free], dim=1, return_inverse=True)
    return [free[kind == each] for each in range(int(kind.max()) + 1) if int((kind == each).sum()) > 1]


def places(use: Use, order: Tensor) -> Tensor:
    """Where each place of a use takes its channel from: `order` says of each class which one comes in its place."""
    sorted_places = torch.argsort(use.classes, stable=True)
    counts = torch.bincount(use.classes, minlength=len(order))
    first = counts.cumsum(0) - counts
    rank = torch.empty_like(sorted_places)
    rank[sorted_places] = torch.arange(len(sorted_places)) - first[use.classes[sorted_places]]
    return sorted_places[first[order[use.classes]] + rank]


def _moved(tensors: Mapping[str, Tensor], channels: Channels, order: Tensor) -> dict[str, Tensor]:
    """The tensors with their channels in the order."""
    moved = dict(tensors)
    for use in channels.uses:
        if use.name in moved:
            moved[use.name] = moved[use.name].index_select(use.dim, places(use, order))
    return moved


def reordered(network: nn.Module, masks: Masks, channels: Channels, order: Tensor) -> tuple[nn.Module, Masks]:
    """Return a copy of the network and its masks with the channels in the order, int64 [classes]."""
    twin = copy.deepcopy(network)
    twin.load_state_dict(_moved(network.state_dict(), channels, order))
    return twin, _moved(masks, channels, order)
