"""Input channels in the order in which N:M keeps the most (Pool & Yu 2021, "Channel Permutations for N:M Sparsity").

Which weights N:M keeps depends on which inputs are neighbours. Hidden channels may change places without changing what
the network computes, all layers that make or read them going along; so those are put together that let the largest
weights stay. Two groups of neighbours at a time are parted anew in the best of all ways, the pair first that gains the
most, until no pair gains; of more than four neighbours single inputs change places.
"""

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor, nn

from pruning.granularity.pattern import best_of_each_group
from pruning.models.inspection import prunable
from pruning.shrink.channel_order import Channels, reordered

LEAST = 1e-7
"""Of the magnitude in all: what a change must gain, so that rounding alone changes nothing."""
CHUNK = 4_000_000
"""Numbers in memory at once."""


def kept_magnitude(weights: Mapping[str, Tensor], pattern: tuple[int, int], model: nn.Module | None = None) -> float:
    """Return the sum of |w| that N:M keeps of weights, as a share of all."""
    sizes = {name: weight.detach().abs() for name, weight in weights.items()}
    masks = best_of_each_group(sizes, pattern, model)
    total = sum(float(size.double().sum()) for size in sizes.values())
    return sum(float(size[masks[name]].double().sum()) for name, size in sizes.items()) / total if total else 1.0


def pattern_order(
    network: nn.Module, shape: tuple[int, int, int], pattern: tuple[int, int], only: Mapping[str, Tensor] | None = None
) -> tuple[Channels, Tensor]:
    """Return the channels that may move, and their order, int64 [classes], in which N:M keeps the most.

    Args:
        network: any that torch.fx can trace; left as it was.
        shape: of one image, (C, H, W).
        pattern: (N, M).
        only: the weights that are pruned; None: all.

    Returns:
        what `pruning.shrink.channel_order.reordered` takes. Channels stay where no order keeps more in all.

    Raises:
        UserError: torch.fx cannot trace the network.
    """
    channels = Channels.of(network, shape)
    names = [name for name in prunable(network) if only is None or name in only]
    order = torch.arange(channels.count)
    for group in channels.groups:
        changed = order.clone()
        readers = _readers(network, channels, group, names)
        if not readers:
            continue
        lines = torch.cat([rows for rows, _ in readers])
        best = grouped(lines, pattern)
        classes = readers[0][1]
        changed[classes] = classes[best]
        if _kept(network, channels, changed, pattern, names) > _kept(network, channels, order, pattern, names):
            order = changed
    return channels, order


def _readers(network: nn.Module, channels: Channels, group: Tensor, names: list[str]) -> list[tuple[Tensor, Tensor]]:
    """|w| [outputs and places, inputs] of weights that read just these channels, each once and in one order."""
    found: list[tuple[Tensor, Tensor]] = []
    for use in channels.uses:
        alike = len(use.classes) == len(group) and bool(torch.isin(use.classes, group).all())
        if use.dim != 1 or use.name not in names or not alike or len(use.classes.unique()) != len(group):
            continue
        if not found or torch.equal(use.classes, found[0][1]):
            weight = network.get_parameter(use.name).detach().abs()
            found.append((weight.movedim(1, -1).reshape(-1, weight.shape[1]), use.classes))
    return found


def _kept(network: nn.Module, channels: Channels, order: Tensor, pattern: tuple[int, int], names: list[str]) -> float:
    twin, _ = reordered(network, {}, channels, order)
    return kept_magnitude({name: twin.get_parameter(name) for name in names}, pattern, twin)


def grouped(lines: Tensor, pattern: tuple[int, int]) -> Tensor:
    """Return an order of columns, int64 [C], in which N of every M neighbours keep much of `lines` [R, C], all >= 0.

    Columns stay as they are where M does not divide their number. Within a group they stand in their old order.
    """
    n, m = pattern
    count = lines.shape[1]
    if count % m or count == m:
        return torch.arange(count)
    groups, ways = torch.arange(count).view(-1, m), _ways(m)
    pairs = torch.combinations(torch.arange(len(groups)))
    gains, choices = _best(lines, groups, pairs, ways, n)
    least = LEAST * float(lines.double().sum())
    while float(gains.max()) > least:
        place = int(gains.argmax())
        pair = pairs[place]
        groups[pair] = groups[pair].flatten()[ways[choices[place]]]
        again = torch.isin(pairs, pair).any(dim=1).nonzero().flatten()
        gains[again], choices[again] = _best(lines, groups, pairs[again], ways, n)
    return groups.sort(dim=1).values.flatten()


def _ways(m: int) -> Tensor:
    """Ways to part 2 M things into two groups, int64 [ways, 2, M]; the first is to leave them."""
    if m <= 4:  # all there are
        first = [(0, *half) for half in combinations(range(1, 2 * m), m - 1)]
    else:
        whole = tuple(range(m))
        first = [whole, *(tuple(sorted({*whole} - {i} | {j})) for i in range(m) for j in range(m, 2 * m))]
    return torch.tensor([[half, tuple(sorted({*range(2 * m)} - {*half}))] for half in first])


def _best(lines: Tensor, groups: Tensor, pairs: Tensor, ways: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """What the best way to part each pair of groups gains, float64 [pairs], and which way that is, int64 [pairs]."""
    step = max(1, CHUNK // (len(lines) * ways.numel()))
    kept = torch.cat(
        [
            _largest(lines[:, groups[part].flatten(1)[:, ways]], n).sum(dim=(0, 3), dtype=torch.float64)
            for part in pairs.split(step)
        ]
    )  # [pairs, ways]
    best, places = kept.max(dim=1)
    return best - kept[:, 0], places


def _largest(sizes: Tensor, n: int) -> Tensor:
    """The sum of the n largest along the last dimension."""
    if n == 2 and sizes.shape[-1] == 4:  # the usual pattern, without sorting
        a, b, c, d = sizes.unbind(dim=-1)
        left, right = torch.maximum(a, b), torch.maximum(c, d)
        return torch.maximum(left + right, torch.maximum(a + b, c + d))
    return sizes.topk(n, dim=-1).values.sum(dim=-1)
