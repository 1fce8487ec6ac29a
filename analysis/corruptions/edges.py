"""Edges and distances to them, as OpenCV finds them, for a batch of images at a time.

Images come last, [H, W, N], so that shifted images are long contiguous rows.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from analysis.corruptions.linear import Border, outside

# tan 22.5 degrees in 15 bits; that of 67.5 degrees is larger by 2.
TANGENT = 13573
BITS = 15
# Lengths of a step to the next pixel, to the one across the corner, and a knight's, in 1/1024 pixel (Borgefors 1986),
# each with the lines it follows, to and fro.
SCALE = 1024
LINES = (
    (1.0, ((0, 1), (1, 0))),
    (1.4, ((1, 1), (1, -1))),
    (2.1969, ((1, 2), (2, 1), (1, -2), (2, -1))),
)


def canny(images: Tensor, low: int, high: int) -> Tensor:
    """Edges of whole numbers 0 to 255, int16 [H, W, N], as bool (Canny, PAMI 1986).

    Gradients are Sobel's over repeated edge pixels, their size is the sum of both parts. Edges are gradients above
    `high` which are largest across the edge, and those above `low` which hang together with them.
    """
    across, down = _sobel(images)
    size = across.abs() + down.abs()
    ridge = _largest(size, across, down).logical_and_(size > low)
    edges = ridge & (size > high)
    while True:
        grown = _grown(edges).logical_and_(ridge)
        if torch.equal(grown, edges):
            return edges
        edges = grown


def framed(values: Tensor, border: Border) -> Tensor:
    """[H, W, N] with a frame of one pixel more."""
    for axis in (0, 1):
        size = values.shape[axis]
        places = torch.from_numpy(outside(np.arange(-1, size + 1), size, border)).to(values.device)
        values = values.index_select(axis, places)
    return values


def _grown(edges: Tensor) -> Tensor:
    """Edges and their eight neighbours."""
    grown = edges.clone()
    grown[1:] |= edges[:-1]
    grown[:-1] |= edges[1:]
    wide = grown.clone()
    wide[:, 1:] |= grown[:, :-1]
    wide[:, :-1] |= grown[:, 1:]
    return wide


def _sobel(values: Tensor) -> tuple[Tensor, Tensor]:
    padded = framed(values, "nearest")
    smooth_down = (padded[1:-1] * 2).add_(padded[:-2]).add_(padded[2:])
    smooth_across = (padded[:, 1:-1] * 2).add_(padded[:, :-2]).add_(padded[:, 2:])
    return smooth_down[:, 2:] - smooth_down[:, :-2], smooth_across[2:] - smooth_across[:-2]


def _largest(size: Tensor, across: Tensor, down: Tensor) -> Tensor:
    """Whether a gradient is larger than both neighbours in its direction, of eight; a tie goes to the right or lower.

    Diagonal neighbours must both be smaller.
    """
    height, width, _ = size.shape
    padded = F.pad(size, (0, 0, 1, 1, 1, 1))

    def shifted(rows: int, columns: int) -> Tensor:
        return padded[1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]

    wide = across.abs().int()
    flat, steep = wide * TANGENT, down.abs().int() << BITS
    level = (size > shifted(0, -1)).logical_and_(size >= shifted(0, 1))
    upright = (size > shifted(-1, 0)).logical_and_(size >= shifted(1, 0))
    falling = (size > shifted(-1, -1)).logical_and_(size > shifted(1, 1))
    rising = (size > shifted(-1, 1)).logical_and_(size > shifted(1, -1))
    slanted = torch.where((across ^ down) < 0, rising, falling)
    vertical = steep > flat + (wide << (BITS + 1))
    return torch.where(steep < flat, level, torch.where(vertical, upright, slanted))


def distances(edges: Tensor, limit: int) -> Tensor:
    """How far each pixel is from an edge, at most `limit` pixels: int16 [H, W, N] in 1/1024 pixel.

    The length of the shortest path of steps to the next pixel, across a corner, and as a knight's in chess. Their order
    does not matter, so all steps along one line are done at once, doubling their reach.
    """
    result = torch.where(edges, 0, limit * SCALE).to(torch.int16)
    for length, lines in LINES:
        for down, across in lines:
            for steps in _doubling(int(limit / length)):
                _step(result, steps * down, steps * across, round(length * SCALE) * steps)
    return result


def _doubling(reach: int) -> list[int]:
    """Numbers of which any sum up to `reach` is one: 1, 2, 4, ... and the rest."""
    steps: list[int] = []
    while reach:
        steps.append(min(1 << len(steps), reach))
        reach -= steps[-1]
    return steps


def _step(values: Tensor, down: int, across: int, length: int) -> None:
    """Values become as small as `length` more than those so far down and across, or up and back."""
    height, width, _ = values.shape
    if down >= height or abs(across) >= width:
        return
    away = values + length
    left, right = max(across, 0), min(across, 0)
    later = slice(down, height), slice(left, width + right)
    earlier = slice(0, height - down), slice(-right, width - left)
    torch.minimum(values[later], away[earlier], out=values[later])
    torch.minimum(values[earlier], away[later], out=values[earlier])
