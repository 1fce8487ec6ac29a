"""Blur along a direction: the taps of each image's own direction, added one after another."""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop


def blurred(
    images: Tensor, words: Tensor, taps: np.ndarray, offsets: np.ndarray, starts: np.ndarray, nudge: float
) -> Tensor:
    """Bytes [N, C, H, W], each image with the offsets that hold from its word on.

    Args:
        words: uint16 [N].
        taps: float32 [K]. Sums of their products with bytes must be exact, as their order is free.
        offsets: int64 [S, K, 2], right and down for each sector of words and each tap.
        starts: int64 [S], where the sectors begin.
    """
    out = torch.empty_like(images)
    sectors = np.searchsorted(starts, words.numpy(), side="right") - 1
    reach = np.array([[-offsets[..., i].min(initial=0), offsets[..., i].max(initial=0)] for i in (0, 1)])
    _blur(images.numpy(), sectors, taps, offsets, reach, np.float32(nudge), out.numpy())
    return out


@loop
def _blur(
    images: np.ndarray,
    sectors: np.ndarray,
    taps: np.ndarray,
    offsets: np.ndarray,
    reach: np.ndarray,
    nudge: float,
    out: np.ndarray,
) -> None:
    count, channels, height, width = images.shape
    left, right, up, down = reach[0, 0], reach[0, 1], reach[1, 0], reach[1, 1]
    wide = left + width + right
    padded = np.empty((up + height + down) * wide, np.float32)
    total = np.empty(height * wide, np.float32)
    # One long row, whose ends no pixel of the image reads.
    length = height * wide - left - right
    for image in range(count):
        places = offsets[sectors[image]]
        for channel in range(channels):
            plane = images[image, channel]
            for row in range(up + height + down):
                source = plane[min(max(row - up, 0), height - 1)]
                target = padded[row * wide : (row + 1) * wide]
                target[:left] = np.float32(source[0])
                middle = target[left : left + width]
                for column in range(width):
                    middle[column] = np.float32(source[column])
                target[left + width :] = np.float32(source[width - 1])
            total[:] = np.float32(0)
            added = total[:length]
            for k in range(len(taps)):
                begin = (up + places[k, 1]) * wide + left + places[k, 0]
                moved, tap = padded[begin : begin + length], taps[k]
                for place in range(length):
                    added[place] += tap * moved[place]
            for row in range(height):
                source_row, result = total[row * wide : row * wide + width], out[image, channel, row]
                for column in range(width):
                    value = source_row[column] + nudge
                    result[column] = np.uint8(min(max(value, np.float32(0)), np.float32(255)))
