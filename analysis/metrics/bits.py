"""Bit-packed masks: the two inner loops, compiled by Numba, of which `analysis.metrics.overlap` is made.

NumPy has both steps (`packbits`, `bitwise_count`), but writes every intermediate result to memory, which costs a factor
of four over all pairs. The loops release the interpreter lock, so plain Python threads run them in parallel; Numba's
own threads stay out of it, as not all of its thread pools may be entered from two threads at once, which a web
application does.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

WORD = 64
"""Positions in a word; the first of them is the lowest bit."""

# Words of every mask that are compared before the next ones are looked at: ten masks of so many stay in a core's cache.
STRETCH = 1024


@intrinsic
def _ones(context: Any, word: Any) -> Any:
    """How many bits of a word are set."""

    def emit(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), emit


@intrinsic
def _gather(context: Any, address: Any) -> Any:
    """The 64 bytes at an address as a word: bit i is set when byte i is not zero."""

    def emit(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        bytes_ = ir.VectorType(ir.IntType(8), WORD)
        loaded = builder.load(builder.inttoptr(arguments[0], bytes_.as_pointer()))
        loaded.align = 1
        return builder.bitcast(builder.icmp_unsigned("!=", loaded, ir.Constant(bytes_, [0] * WORD)), ir.IntType(WORD))

    return types.uint64(types.intp), emit


@njit(nogil=True, cache=True)
def pack(flat: np.ndarray, words: np.ndarray) -> None:
    """Fill `words` (uint64 [ceil(n / 64)]) from `flat` (uint8 [n], contiguous); what is over in the last word is 0."""
    whole = len(flat) // 64
    address = flat.ctypes.data
    for index in range(whole):
        words[index] = _gather(address + 64 * index)  # type: ignore[call-arg]
    if whole < len(words):
        last = np.uint64(0)
        for index in range(64 * whole, len(flat)):
            if flat[index]:
                last |= np.uint64(1) << np.uint64(index - 64 * whole)
        words[whole] = last


@njit(nogil=True, cache=True)
def count_pairs(words: np.ndarray, both: np.ndarray) -> None:
    """Add to `both` (int64 [T, T]) for each i <= j how many bits are set in rows i and j of `words` (uint64 [T, W])."""
    rows, columns = words.shape
    for start in range(0, columns, STRETCH):
        stop = min(start + STRETCH, columns)
        for i in range(rows):
            one = words[i, start:stop]
            for j in range(i, rows):
                other = words[j, start:stop]
                ones = np.uint64(0)
                for index in range(len(one)):
                    ones += _ones(one[index] & other[index])  # type: ignore[call-arg]
                both[i, j] += np.int64(ones)
