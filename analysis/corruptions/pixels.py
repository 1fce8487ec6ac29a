"""From exact values to bytes and back: the conventions that all corruptions share."""

import torch
from torch import Tensor

from analysis.corruptions import compiled
from pruning.training.precision import WITHOUT_DOUBLES

NUDGE = 2.0**-13
"""Added before cutting, so that float32 rounding does not turn 127.99999 for 128 into 127."""


def precise(device: torch.device) -> torch.dtype:
    """The finest floats that a device has: of 64 bits, but of 32 on MPS, where single bytes may come out otherwise."""
    return torch.float32 if device.type in WITHOUT_DOUBLES else torch.float64


def cut(values: Tensor, nudge: float = NUDGE) -> Tensor:
    """Values on the scale 0 to 255, float -> uint8: limited to that range and cut, not rounded, as CIFAR-10-C is.

    The argument is overwritten.
    """
    # By way of int16, as torch has no fast path from float to uint8.
    return values.add_(nudge).clamp_(0, 255).to(torch.int16).to(torch.uint8)


def look_up(table: Tensor, index: Tensor, shape: torch.Size) -> Tensor:
    """The entries of a flat table at a flat int32 index, in the given shape."""
    # index_select is several times as fast as table[index].
    return table.index_select(0, index).view(shape)


def look_up_words(table: Tensor, words: Tensor) -> Tensor:
    """The entries of a table of 65,536 at words uint16 [N, K]."""
    if compiled.usable(words):
        from analysis.corruptions.compiled import noise  # not before an image is made: it imports Numba

        return noise.looked_up(words, table)
    return look_up(table, words.to(torch.int32).flatten(), words.shape)
