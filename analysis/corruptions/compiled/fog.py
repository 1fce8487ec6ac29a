"""Fog: an image's cloud, grown from the coarsest level to the finest, and the image behind it."""

from typing import Any

import numpy as np
import torch
from numba import types
from numba.extending import intrinsic
from torch import Tensor

from analysis.corruptions.compiled import loop

f4 = np.float32


def fogged(images: Tensor, words: Tensor, amount: float, roughness: list[float], nudge: float) -> Tensor:
    """Bytes [N, C, H, W] behind a cloud; what a cloud is is said in `weather.plasma`.

    Args:
        images: uint8.
        words: uint16 [N, side^2], a cloud's random numbers from the coarsest level to the finest.
        amount: how dense the fog is.
        roughness: by how much each level's heights vary.
        nudge: added before cutting.
    """
    out = torch.empty_like(images)
    levels = np.array(roughness, np.float32)
    _fog(images.numpy(), words.numpy(), f4(amount), f4(255 * amount), levels, f4(nudge), out.numpy())
    return out


@intrinsic
def _fused(context: Any, first: Any, second: Any, third: Any) -> Any:
    """First times second plus third, rounded once, as torch adds a multiple."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float32(types.float32, types.float32, types.float32), build


fused: Any = _fused


@loop
def _fog(
    images: np.ndarray,
    words: np.ndarray,
    amount: float,
    weight: float,
    roughness: np.ndarray,
    nudge: float,
    out: np.ndarray,
) -> None:
    channels, height, width = images.shape[1:]
    side = 1 << len(roughness)
    cloud, other, middles = np.empty((3, side * side), np.float32)
    low, high = np.empty(side, np.float32), np.empty(side, np.float32)
    for image in range(len(images)):
        cloud[0] = f4(0)
        used = 0
        for level in range(len(roughness)):
            n = 1 << level
            _finer(cloud, other, middles, words[image, used : used + 3 * n * n], n, roughness[level])
            cloud, other = other, cloud
            used += 3 * n * n
        lowest, span = _extent(cloud, side, low, high)
        brightest = np.uint8(0)
        for channel in range(channels):
            for row in range(height):
                line = images[image, channel, row]
                for i in range(width):
                    brightest = max(brightest, line[i])
        most = f4(brightest) / f4(255)
        share = most / (most + amount)
        for row in range(height):
            heights = cloud[row * side : row * side + width]
            for i in range(width):
                heights[i] = (heights[i] - lowest) / span
            for channel in range(channels):
                source, result = images[image, channel, row], out[image, channel, row]
                for i in range(width):
                    value = fused(heights[i], weight, f4(source[i])) * share + nudge
                    result[i] = np.uint8(min(max(value, f4(0)), f4(255)))


@loop
def _finer(
    corners: np.ndarray, finer: np.ndarray, middles: np.ndarray, words: np.ndarray, n: int, roughness: float
) -> None:
    """Heights [n, n] to [2 n, 2 n]: the middle of each square, then the middle of each edge. The map wraps around."""
    for row in range(n):
        here, below = corners[row * n : (row + 1) * n], corners[(row + 1) % n * n : ((row + 1) % n + 1) * n]
        middle, drawn = middles[row * n : (row + 1) * n], words[row * n : (row + 1) * n]
        for i in range(n - 1):
            sums = (here[i] + here[i + 1]) + (below[i] + below[i + 1])
            middle[i] = sums * f4(0.25) + (f4(drawn[i]) * f4(2**-15) + f4(2**-16 - 1)) * roughness
        sums = (here[n - 1] + here[0]) + (below[n - 1] + below[0])
        middle[n - 1] = sums * f4(0.25) + (f4(drawn[n - 1]) * f4(2**-15) + f4(2**-16 - 1)) * roughness
    for row in range(n):
        here, below = corners[row * n : (row + 1) * n], corners[(row + 1) % n * n : ((row + 1) % n + 1) * n]
        middle, before = middles[row * n : (row + 1) * n], middles[(row - 1) % n * n : ((row - 1) % n + 1) * n]
        of_tops, of_lefts = words[(n + row) * n : (n + row + 1) * n], words[(2 * n + row) * n : (2 * n + row + 1) * n]
        even, odd = finer[4 * row * n : (4 * row + 2) * n], finer[(4 * row + 2) * n : (4 * row + 4) * n]
        for i in range(n - 1):
            top = ((here[i] + here[i + 1]) + middle[i]) + before[i]
            even[2 * i] = here[i]
            even[2 * i + 1] = top * f4(0.25) + (f4(of_tops[i]) * f4(2**-15) + f4(2**-16 - 1)) * roughness
        top = ((here[n - 1] + here[0]) + middle[n - 1]) + before[n - 1]
        even[2 * n - 2] = here[n - 1]
        even[2 * n - 1] = top * f4(0.25) + (f4(of_tops[n - 1]) * f4(2**-15) + f4(2**-16 - 1)) * roughness
        left = ((here[0] + below[0]) + middle[0]) + middle[n - 1]
        odd[0] = left * f4(0.25) + (f4(of_lefts[0]) * f4(2**-15) + f4(2**-16 - 1)) * roughness
        odd[1] = middle[0]
        for i in range(1, n):
            left = ((here[i] + below[i]) + middle[i]) + middle[i - 1]
            odd[2 * i] = left * f4(0.25) + (f4(of_lefts[i]) * f4(2**-15) + f4(2**-16 - 1)) * roughness
            odd[2 * i + 1] = middle[i]


@loop
def _extent(cloud: np.ndarray, side: int, low: np.ndarray, high: np.ndarray) -> tuple[Any, Any]:
    """The lowest height, and by how much the highest one is above it; two lines of scratch."""
    for i in range(side):
        low[i] = high[i] = cloud[i]
    for row in range(1, side):
        line = cloud[row * side : (row + 1) * side]
        for i in range(side):
            low[i] = min(low[i], line[i])
            high[i] = max(high[i], line[i])
    lowest, highest = low[0], high[0]
    for i in range(1, side):
        lowest, highest = min(lowest, low[i]), max(highest, high[i])
    return lowest, f4(highest - lowest)
