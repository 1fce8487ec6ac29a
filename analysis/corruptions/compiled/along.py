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
        images: uint8.
        words: uint16 [N].
        taps: float32 [K]. Sums of their products with bytes must be exact, as their order is free.
        offsets: int64 [S, K, 2], right and down for each sector of words and each tap.
        starts: int64 [S], where the sectors begin.
        nudge: added before cutting.
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
                first, last = np.float32(source[0]), np.float32(source[width - 1])
                middle, end = target[left:], target[left + width :]
                for column in range(left):
                    target[column] = first
                for column in range(width):
                    middle[column] = np.float32(source[column])
                for column in range(right):
                    end[column] = last
            for place in range(len(total)):
                total[place] = np.float32(0)
            # Two taps at a time: the sums are read and written half as often.
            for k in range(0, len(taps), 2):
                begin = (up + places[k, 1]) * wide + left + places[k, 0]
                one, first, two, second = padded[begin:], taps[k], padded, np.float32(0)
                if k + 1 < len(taps):
                    two, second = padded[(up + places[k + 1, 1]) * wide + left + places[k + 1, 0] :], taps[k + 1]
                for place in range(length):
                    total[place] += first * one[place] + second * two[place]
            for row in range(height):
                source_row, result = total[row * wide : row * wide + width], out[image, channel, row]
                for column in range(width):
                    value = source_row[column] + nudge
                    result[column] = np.uint8(min(max(value, np.float32(0)), np.float32(255)))
