"""Hidden channels in another order: the same function, another mask; and the order found again.

A hidden channel may change places with another one if every layer that makes or reads them goes along. That costs a
thief nothing and scrambles every kernel map. The owner undoes it: the channels are matched to those of the owner's
network, layer by layer, by an assignment problem each (Kuhn 1955; Ainsworth et al. 2023, arXiv 2209.04836, for the
sweeps over layers), until nothing changes.
"""

import torch
from torch import Tensor, nn

from pruning.masks import Masks
from pruning.ownership.code import Code
from pruning.ownership.mark import Place
from pruning.shrink.channel_order import Channels, places, reordered
from pruning.training.seeds import generator

SWEEPS = 50
"""At most so many; a handful is usual."""


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
    from scipy.optimize import linear_sum_assignment

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
            mask = mask.index_select(other.dim, places(other, order))
        theirs, ours = (_rows(each, use.dim, here, len(group)) for each in (reference[use.name], mask))
        total += theirs @ ours.T
    return total


def _rows(mask: Tensor, dim: int, here: Tensor, count: int) -> Tensor:
    """The mask's weights by the group's channel, float32 [count, ...]; a channel at several places has them in turn."""
    sorted_places = torch.argsort(here, stable=True)[int((here < 0).sum()) :]
    return mask.movedim(dim, 0)[sorted_places].reshape(count, -1).float()
