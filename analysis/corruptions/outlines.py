"""Canny edges of MNIST-C: white outlines on black.

Mu & Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision" (2019). The edges are Canny's (PAMI 1986) as
scikit-image finds them: the image is smoothed by a Gaussian of one pixel, at any size; a pixel is on an edge when its
gradient is at least 0.1, no smaller than one pixel further along it either way, read between the neighbours there, and
when it hangs together with one of at least 0.2. Of colour images the brightness is taken, and all channels get the
same.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from analysis.corruptions.corruption import Corruption, Row
from analysis.corruptions.linear import gaussian_taps
from analysis.corruptions.pixels import precise
from analysis.corruptions.random import Draws

SIGMA = 1.0
LOW, HIGH = 0.1, 0.2
GREY = (0.299, 0.587, 0.114)
# Gradients that are equal on paper are taken for equal.
EQUAL = 1 + 1e-9


def canny_edges(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """255 on the edges, 0 elsewhere."""
    values = images.to(precise(images.device)) / 255
    if images.shape[1] == 3:
        values = (values * torch.tensor(GREY, dtype=values.dtype, device=images.device)[:, None, None]).sum(dim=1)
    edges = canny(values.view(len(images), *images.shape[2:]))
    return (edges.to(torch.uint8) * 255)[:, None].expand(images.shape).contiguous()


def canny(values: Tensor) -> Tensor:
    """The edges of images in 0 to 1, float64 [N, H, W], as bool. The outermost pixels have none."""
    height, width = values.shape[1:]
    rows, columns = (_smoothing(size, values.device) for size in (height, width))
    down, across = _sobel(rows @ values @ columns.T)
    size = (down**2 + across**2).sqrt_()
    weak = (size >= LOW).logical_and_(_largest(size, down, across))
    inside = torch.zeros_like(weak)
    inside[:, 1:-1, 1:-1] = True
    weak.logical_and_(inside)
    edges = weak & (size >= HIGH)
    while True:
        grown = (F.max_pool2d(edges.float(), 3, stride=1, padding=1) > 0).logical_and_(weak)
        if torch.equal(grown, edges):
            return edges
        edges = grown


@lru_cache(maxsize=8)
def _smoothing(size: int, device: torch.device) -> Tensor:
    """Gaussian means over what lies inside of the image, float64 [size, size]."""
    taps = gaussian_taps(SIGMA)
    radius = len(taps) // 2
    offset = np.arange(size) - np.arange(size)[:, None]
    matrix = np.where(np.abs(offset) <= radius, taps[(offset + radius).clip(0, 2 * radius)], 0)
    return torch.from_numpy(matrix / matrix.sum(axis=1, keepdims=True)).to(precise(device)).to(device)


def _sobel(values: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients down and across, four times as steep as from pixel to pixel and twice again."""
    padded = F.pad(values[:, None], (1, 1, 1, 1), mode="replicate")[:, 0]
    smooth_across = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
    smooth_down = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return smooth_across[:, 2:] - smooth_across[:, :-2], smooth_down[:, :, 2:] - smooth_down[:, :, :-2]


def _largest(size: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Whether gradients are not less than those further along them, forth and back."""
    height, width = size.shape[1:]
    padded = F.pad(size, (1, 1, 1, 1))

    def at(rows: int, columns: int) -> Tensor:
        return padded[:, 1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]

    steep = down.abs() > across.abs()
    falling = (down > 0) == (across > 0)
    longer, shorter = torch.maximum(down.abs(), across.abs()), torch.minimum(down.abs(), across.abs())
    slant = shorter / longer.clamp(min=1e-300)
    reached = size * EQUAL
    result = torch.ones_like(steep)
    for sign in (1, -1):
        # One neighbour straight along the larger part of the gradient, the other one across the corner.
        straight = torch.where(steep, torch.where(falling, at(sign, 0), at(-sign, 0)), at(0, sign))
        corner = torch.where(falling, at(sign, sign), at(-sign, sign))
        result.logical_and_(corner * slant + straight * (1 - slant) <= reached)
    return result


CORRUPTIONS = (
    Corruption(
        "canny_edges",
        "Canny edges",
        "drawn",
        canny_edges,
        (),
        {28: ((),)},
        family="mnist_c",
        severities=(1,),
    ),
)
