"""Which weights exactly these tickets keep and no others: every intersection of several masks, with what chance gives.

The regions of a Venn diagram, as an UpSet plot shows them (Lex et al. 2014): n tickets part the weights into 2^n
regions, each kept by just one of the sets of tickets. A set is numbered by its binary digits, the first ticket being
the lowest.
"""

from __future__ import annotations

from math import prod

import numpy as np
import pandas as pd

from analysis.metrics.comparable import common_shapes
from analysis.metrics.overlap import MasksByName, PackedMasks, named_masks, shapes_of
from pruning.errors import UserError

MOST = 8
"""Tickets at a time: 255 regions."""

WORDS = 1024  # of each mask at a time, so that all intersections of them stay in a core's second-level cache
COLUMNS = ["members", "size", "count", "expected"]


def regions(masks_by_id: MasksByName) -> pd.DataFrame:
    """How many weights just the one set of tickets keeps, for every set, over the whole network.

    Args:
        masks_by_id: for each of at most `MOST` tickets its masks, {parameter name: bool tensor, True = kept}, or
            `PackedMasks` of them.

    Returns:
        a row a set of tickets, but for the empty one: members (tuple of ids, in the order given), size (how many),
        count (weights that all members keep and no other ticket does), expected (how many those would be if the masks
        were independent: the sum over layers of n, times the density p of each member, times 1 - p of each other
        ticket). Largest count first; of equal ones the smaller set.

    Raises:
        UserError: there are too many tickets; or as `overlap.count`.
    """
    counts, expected = _counted(masks_by_id)
    found = _frame(list(masks_by_id), counts.sum(0), expected.sum(0))
    return found.sort_values(["count", "size"], ascending=[False, True], kind="stable", ignore_index=True)


def _counted(masks_by_id: MasksByName) -> tuple[np.ndarray, np.ndarray]:
    """Weights in each layer that just the one set of tickets keeps, int64 [L, 2^n].

    And as many as there would be by chance, float64 [L, 2^n].
    """
    if len(masks_by_id) > MOST:
        raise UserError(f"{len(masks_by_id)} tickets have {2 ** len(masks_by_id) - 1} regions; choose at most {MOST}.")
    named = named_masks(masks_by_id)
    shapes = common_shapes({name: shapes_of(masks) for name, masks in named.items()})
    packed = [mask if isinstance(mask, PackedMasks) else PackedMasks.pack(mask) for mask in named.values()]
    views = [ticket.layers() for ticket in packed]
    sizes = np.array([prod(shape) for shape in shapes.values()], dtype=np.int64)
    shared = np.zeros((len(shapes), 2 ** len(packed)), dtype=np.int64)
    for place, layer in enumerate(shapes):
        shared[place] = _shared(np.stack([view[layer] for view in views]))
    shared[:, 0] = sizes
    single = 2 ** np.arange(len(packed))
    return _exactly(shared), _chance(shared[:, single], sizes)


def _shared(words: np.ndarray) -> np.ndarray:
    """How many weights all tickets of a set keep, whatever the others do, from packed masks uint64 [n, W].

    Returns int64 [2^n], for every set but the empty one.
    """
    tickets, width = words.shape
    total = np.zeros(2**tickets, dtype=np.int64)
    both = np.empty((2**tickets, min(WORDS, width)), dtype=np.uint64)
    for start in range(0, width, WORDS):
        block = words[:, start : start + WORDS]
        both = both[:, : block.shape[1]]
        both[0] = ~np.uint64(0)
        for place, mask in enumerate(block):
            # the sets with this ticket as their last: it, and all it adds to the sets of those before it
            np.bitwise_and(both[: 2**place], mask, out=both[2**place : 2 ** (place + 1)])
        total += np.bitwise_count(both).sum(axis=1, dtype=np.int64)
    return total


def _exactly(shared: np.ndarray) -> np.ndarray:
    """What the sets have to themselves, from what they share [L, 2^n]: Moebius inversion, a ticket at a time."""
    exact = shared.copy()
    for place in range(shared.shape[1].bit_length() - 1):
        without, within = np.moveaxis(exact.reshape(len(exact), -1, 2, 2**place), 2, 0)
        without -= within
    return exact


def _chance(kept: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Expected weights in each region of independent masks, float64 [L, 2^n], from what each ticket keeps [L, n]."""
    density = kept / np.maximum(sizes, 1)[:, None]
    expected = sizes[:, None].astype(np.float64)
    for p in density.T[:, :, None]:
        expected = np.concatenate([expected * (1 - p), expected * p], axis=1)
    return expected


def _frame(names: list[str], counts: np.ndarray, expected: np.ndarray) -> pd.DataFrame:
    members = [tuple(name for place, name in enumerate(names) if number >> place & 1) for number in range(len(counts))]
    sizes = [len(each) for each in members]
    found = pd.DataFrame({"members": members, "size": sizes, "count": counts, "expected": expected}, columns=COLUMNS)
    return found.iloc[1:].reset_index(drop=True)
