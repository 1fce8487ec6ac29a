"""Box-resizing down and up again, a plane at a time: the means of all boxes of a size, and the choice among them."""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop, part

f4 = np.float32
Boxes = tuple[np.ndarray, np.ndarray, np.ndarray]


def resized(images: Tensor, rows: Boxes, columns: Boxes, half: float) -> Tensor:
    """Bytes [N, C, H, W] made small and large again, across first, with `half` added and cut after both passes.

    For rows and columns: where each box begins and how many pixels it has, int64 [small], and the box that each pixel
    of the result shows, int64 [size].
    """
    out = torch.empty_like(images)
    height, width = images.shape[-2:]
    (tops, tall, down), (lefts, wide, across) = rows, columns
    # Means of n pixels lie n - 1 planes further.
    start = np.arange(height)[:, None] * width
    narrow = start + lefts + (wide - 1) * (height * width)
    small = (tops + (tall - 1) * height)[down][:, None] * len(lefts) + across
    planes = [values.view(-1, height * width).numpy() for values in (images, out)]
    picks = [index.astype(np.uint32).ravel() for index in (narrow, small)]
    _resize(*planes, *picks, wide.max(), tall.max(), len(lefts), f4(half))
    return out


@loop
def _resize(
    images: np.ndarray,
    out: np.ndarray,
    narrow: np.ndarray,
    small: np.ndarray,
    widest: int,
    tallest: int,
    columns: int,
    half: float,
) -> None:
    pixels, fewer = images.shape[1], len(narrow)
    totals, means = np.empty(pixels, np.float32), np.empty(widest * pixels, np.uint8)
    thin, boxes = np.empty(fewer, np.uint8), np.empty(tallest * fewer, np.uint8)
    for image in range(len(images)):
        _means(images[image], 1, widest, totals, means, half)
        for place in range(fewer):
            thin[place] = means[narrow[place]]
        _means(thin, columns, tallest, totals, boxes, half)
        result = out[image]
        for place in range(pixels):
            result[place] = boxes[small[place]]


@part
def _means(values: np.ndarray, step: int, most: int, totals: np.ndarray, means: np.ndarray, half: float) -> None:
    """Rounded means of 1, 2, ... values from each one on, `step` places apart."""
    count = len(values)
    for place in range(count):
        totals[place] = f4(values[place])
        means[place] = values[place]
    for size in range(2, most + 1):
        further, result, share = values[(size - 1) * step :], means[(size - 1) * count :], f4(1 / size)
        for place in range(len(further)):
            totals[place] += f4(further[place])
            result[place] = np.uint8(totals[place] * share + half)
