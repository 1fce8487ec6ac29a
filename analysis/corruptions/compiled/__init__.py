"""The same corruptions as loops compiled by Numba, for images in main memory.

torch writes every intermediate result to memory, and its calls wait for each other on several threads. A compiled loop
takes an image through all steps in the processor's cache, and holds no lock while it does. The torch code beside it
serves GPUs; the tests hold that both give the same bytes, or say by how much they differ.

Rules for the loops: they are compiled when first called and kept on disk; no loop calls one of another file, as Numba
would not see that what it keeps is out of date; literals have the type of the values they meet, as a plain one would
turn all arithmetic into 64 bits, half as fast.
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor


def loop(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function with Numba at its first call, to be run without the interpreter's lock.

    Division follows IEEE 754, not Python: a check for zero would keep loops from becoming vectors.
    """
    from numba import njit

    compiled: Callable[..., Any] = njit(nogil=True, cache=True, error_model="numpy")(function)
    return compiled


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that is written out wherever a loop calls it, and not compiled for itself, which takes time."""
    from numba import njit

    written_out: Callable[..., Any] = njit(inline="always", error_model="numpy")(function)
    return written_out


def usable(values: Tensor) -> bool:
    """Whether the loops can work on a tensor: it is in main memory."""
    return values.device.type == "cpu"
