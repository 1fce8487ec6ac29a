"""How far tickets keep the same weights: overlap of masks for every pair, over the network and layer by layer.

Masks are packed to one bit a weight, so all pairs of ten ResNet-50 masks take hundredths of a second. Everything is
derived from one table of counts; `count` it once when several metrics are wanted:

    counts = overlap.count({name: ticket.masks, ...})
    overlap.pairwise(counts, "adjusted"); overlap.by_layer(counts, "jaccard")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from analysis.metrics import few_bits
from analysis.metrics.comparable import common_shapes
from analysis.metrics.overlap_metrics import METRICS, PairCounts
from pruning.checkpoints.mask_names import plain_names
from pruning.library.mask_forms import masks_of, renamed

if TYPE_CHECKING:
    from pruning.masks import Masks

WORD = 64
BLOCK = 8192  # words of each mask that a thread packs and compares at a time: ten of them fit its second-level cache

_Loop = Callable[[np.ndarray, np.ndarray], None]


@dataclass(frozen=True)
class PackedMasks:
    """The masks of one ticket at one bit a weight: an eighth of their memory.

    Attributes:
        words: uint64, layer after layer, each layer starting a new word; in a word the first position is the lowest
            bit.
        shapes: the parameters', by name.
    """

    words: np.ndarray
    shapes: dict[str, tuple[int, ...]]

    @classmethod
    def pack(cls, masks: Masks) -> PackedMasks:
        """Pack masks {parameter name: tensor}, bool or of zeros and ones. Raises UserError when one is no mask."""
        flat = {layer: _flat(mask) for layer, mask in masks_of(masks).items()}
        words = np.empty(sum(_words(values.size) for values in flat.values()), dtype=np.uint64)
        pack, _ = _loops(len(words))
        packed = cls(words, {layer: tuple(mask.shape) for layer, mask in masks.items()})
        for layer, view in packed.layers().items():
            pack(flat[layer], view)
        return packed

    def layers(self) -> dict[str, np.ndarray]:
        """The words of each layer (views)."""
        views, start = {}, 0
        for layer, shape in self.shapes.items():
            stop = start + _words(prod(shape))
            views[layer] = self.words[start:stop]
            start = stop
        return views


MasksByName = Mapping[str, "Masks | PackedMasks"]
Tickets = Mapping[str, Any] | Iterable[Any]
"""Tickets, or masks in any form that `pruning.library.masks_of` takes."""


@dataclass(frozen=True)
class Counts:
    """What all metrics are made of, for T tickets `names` and L `layers`.

    Attributes:
        names: of the tickets.
        layers: names, in network order.
        sizes: weights in each layer, int64 [L].
        both: weights that tickets i and j both keep, int64 [L, T, T], symmetric; its diagonal is what each keeps.
    """

    names: list[str]
    layers: list[str]
    sizes: np.ndarray
    both: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        """Weights that each ticket keeps in each layer, int64 [L, T]."""
        return np.diagonal(self.both, axis1=1, axis2=2)

    def expected(self) -> np.ndarray:
        """Weights that two tickets would both keep in each layer by chance, float64 [L, T, T].

        These are n p q, where they keep the fractions p and q of its n weights.
        """
        one, other = self.kept[:, :, None], self.kept[:, None, :]
        # The larger count is divided, so that a layer kept whole gives exactly the other's count.
        with np.errstate(invalid="ignore"):
            share = np.maximum(one, other) / self.sizes[:, None, None]
        return np.where(self.sizes[:, None, None] > 0, np.minimum(one, other) * share, 0.0)


def count(tickets: Tickets, threads: int | None = None) -> Counts:
    """Count what every pair of tickets has in common, layer by layer.

    Args:
        tickets: for each name a ticket, its masks in any form that `pruning.library.masks_of` takes, or `PackedMasks`
            of them; or a list of these, which are then called by their labels or by their numbers. Where their layers
            are called otherwise, what files add to names (``module.``, ``_mask``) does not count.
        threads: how many threads work; as many as torch uses when None.

    Raises:
        UserError: two tickets do not have the same layers of the same shapes, or something is no mask.
    """
    masks_by_name = named_masks(tickets)
    shapes = common_shapes({name: shapes_of(masks) for name, masks in masks_by_name.items()})
    sources = [_sources(masks) for masks in masks_by_name.values()]
    layers = [[source[layer] for source in sources] for layer in shapes]
    sizes = np.array([prod(shape) for shape in shapes.values()], dtype=np.int64)
    blocks = [
        (index, start, min(start + BLOCK, _words(size)))
        for index, size in enumerate(sizes.tolist())
        for start in range(0, _words(size), BLOCK)
    ]
    both = np.zeros((len(layers), len(sources), len(sources)), dtype=np.int64)
    loops = _loops(len(sources) * sum(map(_words, sizes.tolist())))
    threads = min(threads or torch.get_num_threads(), len(blocks))
    open_blocks = iter(blocks)  # shared: each thread takes the next block there is
    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            for part in pool.map(_count_blocks, [layers] * threads, [open_blocks] * threads, [loops] * threads):
                both += part
    elif threads:
        both += _count_blocks(layers, open_blocks, loops)
    return Counts(list(masks_by_name), list(shapes), sizes, both + np.triu(both, 1).transpose(0, 2, 1))


def pairwise(tickets: Tickets | Counts, metric: str = "jaccard") -> pd.DataFrame:
    """The overlap of every pair of tickets over the whole network.

    With kept sets A and B, n_l weights in layer l, of which A keeps the fraction p_l and B q_l, and
    E = sum_l n_l p_l q_l, what independent masks of these layer-wise densities would have in common:

    - ``jaccard``: |A & B| / |A | B|, in [0, 1]
    - ``overlap``: |A & B| / min(|A|, |B|), in [0, 1] (Szymkiewicz-Simpson)
    - ``adjusted``: (|A & B| - E) / (min(|A|, |B|) - E), at most 1; 0 by chance, negative below it (the form of the
      adjusted Rand index, Hubert & Arabie 1985)
    - ``lift``: |A & B| / E, 0 or more; 1 by chance
    - ``hamming``: fraction of positions in which the masks differ, in [0, 1] (the mask distance of early-bird tickets,
      You et al. 2020)

    What is 0 / 0 is NaN: where nothing is kept, and ``adjusted`` wherever the one ticket keeps every layer whole in
    which the other keeps anything (as the dense network does), since then chance alone gives all there is.

    Args:
        tickets: as for `count`, or the `Counts` it returned.
        metric: one of `METRICS`.

    Returns:
        a symmetric frame, tickets by tickets in the order given.

    Raises:
        UserError: as `count`, and for an unknown metric.
    """
    METRICS.get_known(metric)  # an unknown one is refused before the counting
    counts = tickets if isinstance(tickets, Counts) else count(tickets)
    values = _values(metric, counts.both.sum(0), counts.kept.sum(0), counts.expected().sum(0), counts.sizes.sum())
    return pd.DataFrame(values, index=counts.names, columns=counts.names)


def by_layer(tickets: Tickets | Counts, metric: str = "jaccard") -> pd.DataFrame:
    """The overlap of every pair of tickets in each layer; formulas and errors as `pairwise`, with E = n p q.

    Returns:
        columns a, b (tickets), layer, value: each pair once, a before b in the order given, layers in network order.
    """
    METRICS.get_known(metric)
    counts = tickets if isinstance(tickets, Counts) else count(tickets)
    values = _values(metric, counts.both, counts.kept, counts.expected(), counts.sizes[:, None, None])
    pairs = list(combinations(range(len(counts.names)), 2))
    first, second = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    names, layers = np.array(counts.names, dtype=object), np.array(counts.layers, dtype=object)
    return pd.DataFrame(
        {
            "a": np.repeat(names[first], len(layers)),
            "b": np.repeat(names[second], len(layers)),
            "layer": np.tile(layers, len(pairs)),
            "value": values[:, first, second].T.reshape(-1),
        }
    )


def pairs_with_chance(tickets: Tickets | Counts) -> pd.DataFrame:
    """The overlap coefficient of every pair of tickets, beside what two kinds of chance would give.

    Arguments and errors as `pairwise`.

    Returns:
        columns a, b (tickets; each pair once, a before b in the order given), overlap, chance_layers (of independent
        masks that keep as much of each layer: E / min(|A|, |B|)), chance_global (of ones that only keep as much over
        the whole network, of n weights: max(|A|, |B|) / n), lift (|A & B| / E). NaN where nothing is kept.
    """
    counts = tickets if isinstance(tickets, Counts) else count(tickets)
    first, second = np.triu_indices(len(counts.names), 1)
    kept, both = counts.kept.sum(0), counts.both.sum(0)[first, second]
    chance = counts.expected().sum(0)[first, second]
    least, most = np.minimum(kept[first], kept[second]), np.maximum(kept[first], kept[second])
    names = np.array(counts.names, dtype=object)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = {
            "overlap": both / least,
            "chance_layers": chance / least,
            "chance_global": np.where(least > 0, most / counts.sizes.sum(), np.nan),
            "lift": both / chance,
        }
    return pd.DataFrame({"a": names[first], "b": names[second], **values})


def _values(metric: str, both: np.ndarray, kept: np.ndarray, expected: np.ndarray, size: np.ndarray) -> np.ndarray:
    """The metric of every pair [..., T, T]: both, expected [..., T, T], kept [..., T], size broadcastable to these."""
    pairs = PairCounts(kept[..., :, None], kept[..., None, :], both, expected, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        return METRICS.get_known(metric).formula(pairs)


def _count_blocks(
    layers: list[list[np.ndarray]], blocks: Iterator[tuple[int, int, int]], loops: tuple[_Loop, _Loop]
) -> np.ndarray:
    """What the tickets have in common in the blocks (layer, first word, end): int64 [L, T, T], upper triangle.

    `layers` has for each layer each ticket's mask, as `_sources` gives it.
    """
    tickets = len(layers[0])
    pack, count_pairs = loops
    both = np.zeros((len(layers), tickets, tickets), dtype=np.int64)
    buffer = np.empty(tickets * BLOCK, dtype=np.uint64)  # once: fresh memory for each block would double the time
    for layer, start, stop in blocks:
        words = buffer[: tickets * (stop - start)].reshape(tickets, stop - start)
        for row, source in zip(words, layers[layer], strict=True):
            if source.dtype == np.uint64:
                row[:] = source[start:stop]
            else:
                pack(source[start * WORD : stop * WORD], row)
        count_pairs(words, both[layer])
    return both


def _loops(words: int) -> tuple[_Loop, _Loop]:
    """What packs a mask, and what counts the bits that pairs of rows share, where so many words are worked on."""
    if words <= few_bits.FEW:
        return few_bits.pack, few_bits.count_pairs
    from analysis.metrics import bits

    return bits.pack, bits.count_pairs


def _words(size: int) -> int:
    return -(-size // WORD)


def named_masks(tickets: Tickets) -> dict[str, Masks | PackedMasks]:
    """The masks of each ticket by its name, and their layers by names that they share, as far as they do.

    Raises:
        UserError: something is no mask.
    """
    if not isinstance(tickets, Mapping):
        numbered = list(tickets)
        labels = [str(getattr(getattr(ticket, "recipe", None), "label", "")) for ticket in numbered]
        tickets = {
            label if label and labels.count(label) == 1 else f"{label} {place}".strip(): ticket
            for place, (label, ticket) in enumerate(zip(labels, numbered, strict=True))
        }
    found = {name: each if isinstance(each, PackedMasks) else masks_of(each) for name, each in tickets.items()}
    if len({frozenset(shapes_of(masks)) for masks in found.values()}) < 2:
        return found
    return {name: _plain(masks) for name, masks in found.items()}


def _plain(masks: Masks | PackedMasks) -> Masks | PackedMasks:
    """The masks by the names of their layers alone, without what files add to them."""
    names = plain_names(shapes_of(masks))
    if isinstance(masks, PackedMasks):
        return replace(masks, shapes=renamed(masks.shapes, names))
    return renamed(masks, names)


def _sources(masks: Masks | PackedMasks) -> dict[str, np.ndarray]:
    """Each layer's mask in the form it is at hand: packed words (uint64), or a byte a weight (uint8)."""
    return masks.layers() if isinstance(masks, PackedMasks) else {layer: _flat(mask) for layer, mask in masks.items()}


def _flat(mask: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(mask.cpu().numpy()).reshape(-1).view(np.uint8)


def shapes_of(masks: Masks | PackedMasks) -> dict[str, tuple[int, ...]]:
    """The shape of each layer."""
    if isinstance(masks, PackedMasks):
        return masks.shapes
    return {layer: tuple(mask.shape) for layer, mask in masks.items()}
