"""Hidden channels in another order: the same function, another mask; and the order found again.

A hidden channel may change places with another one if every layer that makes or reads them goes along. That costs a
thief nothing and scrambles every kernel map. The owner undoes it: the channels are matched to those of the owner's
network, layer by layer, by an assignment problem each (Kuhn 1955; Ainsworth et al. 2023, arXiv 2209.04836, for the
sweeps over layers), until nothing changes.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, fx, nn

from pruning.granularity.tracing import module_of, trace
from pruning.masks import Masks
from pruning.ownership.code import Code
from pruning.ownership.mark import Place
from pruning.shrink.facts import Shapes
from pruning.shrink.reduction import shared_modules
from pruning.shrink.rules import walk
from pruning.training.seeds import generator

SWEEPS = 50
"""At most so many; a handful is usual."""


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
        """Find them by the rules of `pruning.shrink`; what it cannot follow stays where it is.

        Args:
            network: any; left as it was.
            shape: of one image, (C, H, W).

        Raises:
            UserError: torch.fx cannot trace the network.
        """
        graph = trace(network).double()
        with torch.no_grad():
            Shapes(graph).run(torch.zeros(2, *shape, dtype=torch.float64))
            facts = walk(graph, shared_modules(graph))
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


def _places(use: Use, order: Tensor) -> Tensor:
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
            moved[use.name] = moved[use.name].index_select(use.dim, _places(use, order))
    return moved


def reordered(network: nn.Module, masks: Masks, channels: Channels, order: Tensor) -> tuple[nn.Module, Masks]:
    """Return a copy of the network and its masks with the channels in the order, int64 [classes]."""
    twin = copy.deepcopy(network)
    twin.load_state_dict(_moved(network.state_dict(), channels, order))
    return twin, _moved(masks, channels, order)


def permuted(network: nn.Module, masks: Masks, shape: tuple[int, int, int], seed: int = 0) -> tuple[nn.Module, Masks]:
    """Return a network that computes the same with every layer's hidden channels in an order by chance, and its masks.

    Args:
        network: any that torch.fx can trace; left as it was.
        masks: of its weights, True = kept.
        shape: of one image, (C, H, W).
        seed: of the order.

    Raises:
        UserError: the network cannot be traced.
    """
    channels = Channels.of(network, shape)
    order = torch.arange(channels.count)
    for number, group in enumerate(channels.groups):
        order[group] = group[torch.randperm(len(group), generator=generator(seed, "permutation", number))]
    return reordered(network, masks, channels, order)


def realigned(
    network: nn.Module,
    masks: Masks,
    shape: tuple[int, int, int],
    reference: Masks,
    held_out: tuple[Code, Place] | None = None,
) -> tuple[nn.Module, Masks]:
    """Return the network with its hidden channels in that order in which its masks overlap a reference's most.

    Args:
        network: as in `permuted`.
        masks: of its weights.
        shape: of one image, (C, H, W).
        reference: masks of the owner's network, of the same architecture.
        held_out: a code and its place in the reference, which has no say in the matching. A p value of that window is
            right only then: an order that was chosen so that the window agrees agrees by choice.

    Raises:
        UserError: the network cannot be traced.
    """
    channels = Channels.of(network, shape)
    return reordered(network, masks, channels, _matched(masks, _without(reference, held_out), channels))


def _without(reference: Masks, held_out: tuple[Code, Place] | None) -> Masks:
    """The reference's masks with nothing in a window."""
    if held_out is None:
        return reference
    code, place = held_out
    mask = reference[place.layer].clone()
    mask[place.row : place.row + code.side, place.column : place.column + code.side] = False
    return reference | {place.layer: mask}


def _matched(masks: Masks, reference: Masks, channels: Channels) -> Tensor:
    """The order that sweeps over the groups end at."""
    order = torch.arange(channels.count)
    for _ in range(SWEEPS):
        before = order.clone()
        for group in channels.groups:
            order[group] = group[_assigned(_overlap(masks, reference, channels, order, group))]
        if torch.equal(order, before):
            break
    return order


def _assigned(gain: Tensor) -> Tensor:
    """Which column each row gets, int64 [g], for the largest sum."""
    return torch.from_numpy(linear_sum_assignment(gain.numpy(), maximize=True)[1])


def _overlap(masks: Masks, reference: Masks, channels: Channels, order: Tensor, group: Tensor) -> Tensor:
    """Weights that the reference's channel (row) and the network's (column) both keep, float32 [g, g].

    The other channels are in the order that is known so far.
    """
    total = torch.zeros(len(group), len(group), dtype=torch.float32)
    place = torch.full((channels.count,), -1)
    place[group] = torch.arange(len(group))
    for use in channels.uses:
        here = place[use.classes]
        if use.name not in masks or not bool((here >= 0).any()):
            continue
        others = [each for each in channels.uses if each.name == use.name and each.dim != use.dim]
        mask = masks[use.name]
        for other in others:
            mask = mask.index_select(other.dim, _places(other, order))
        theirs, ours = (_rows(each, use.dim, here, len(group)) for each in (reference[use.name], mask))
        total += theirs @ ours.T
    return total


def _rows(mask: Tensor, dim: int, here: Tensor, count: int) -> Tensor:
    """The mask's weights by the group's channel, float32 [count, ...]; a channel at several places has them in turn."""
    sorted_places = torch.argsort(here, stable=True)[int((here < 0).sum()) :]
    return mask.movedim(dim, 0)[sorted_places].reshape(count, -1).float()
