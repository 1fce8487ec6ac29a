"""Bit-packed masks in NumPy: what `analysis.metrics.bits` does, for masks of so few weights that it takes no time.

Numba, of which that is made, takes a second to be imported and to read what it has compiled; the start page compares
masks, and should not wait for it.
"""

import numpy as np

FEW = 2**20
"""Words of all masks together up to which NumPy does."""


def pack(flat: np.ndarray, words: np.ndarray) -> None:
    """Fill `words` (uint64 [ceil(n / 64)]) from `flat` (uint8 [n], contiguous); what is over in the last word is 0."""
    packed = np.zeros(8 * len(words), dtype=np.uint8)
    packed[: -(-len(flat) // 8)] = np.packbits(flat, bitorder="little")
    words[:] = packed.view("<u8")


def count_pairs(words: np.ndarray, both: np.ndarray) -> None:
    """Add to `both` (int64 [T, T]) for each i <= j how many bits are set in rows i and j of `words` (uint64 [T, W])."""
    for row, one in enumerate(words):
        both[row, row:] += np.bitwise_count(words[row:] & one).sum(axis=1, dtype=np.int64)
