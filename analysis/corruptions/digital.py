"""What storing and scaling does to an image, but for JPEG, which has a file of its own."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.compiled import boxes
from analysis.corruptions.corruption import Corruption, Row, single
from analysis.corruptions.random import Draws

HALF = 0.5 + 2.0**-13
"""Halves go up; what is added keeps them there where a box of three or six pixels has a rounded weight."""


def pixelate(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Box-resize to `share` of the size and back, rounding to bytes after each of the passes, across first."""
    (share,) = parameters
    height, width = images.shape[-2:]
    if compiled.usable(images):
        upright, level = (_boxes(size, max(1, int(size * share))) for size in (height, width))
        return boxes.resized(images, upright, level, HALF)
    across, columns = _shrinking(width, max(1, int(width * share)), images.device)
    down, rows = _shrinking(height, max(1, int(height * share)), images.device)
    small = _rounded(down @ _rounded(images.float() @ across.T)).to(torch.int16).to(torch.uint8)
    return small.index_select(3, columns).index_select(2, rows)


def _rounded(values: Tensor) -> Tensor:
    return values.add_(HALF).floor_()


@lru_cache(maxsize=16)
def _shrinking(size: int, small: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """How `size` pixels become `small` and back: matrix [small, size] of box means, and the index [size] back."""
    down, up = box_weights(size, small), box_weights(small, size)
    # Upwards each box lies over one pixel.
    return torch.from_numpy(down.astype(np.float32)).to(device), torch.from_numpy(up.argmax(axis=1)).to(device)


@lru_cache(maxsize=16)
def _boxes(size: int, small: int) -> boxes.Boxes:
    """The same for the compiled loops: where boxes begin, how many pixels they have, and the index back."""
    inside = box_weights(size, small) > 0
    return inside.argmax(axis=1), inside.sum(axis=1), box_weights(small, size).argmax(axis=1)


def box_weights(size: int, new_size: int) -> np.ndarray:
    """The share of each of `size` pixels in each of `new_size`, float64 [new_size, size].

    A pixel belongs to a box when its centre does. Whether a centre on the edge of two boxes belongs to the left or the
    right one is decided by the rounding of these very products, which are formed in the order in which Pillow, which
    made CIFAR-10-C, forms them.
    """
    scale = size / new_size
    reach = max(scale, 1.0)
    centres = (np.arange(new_size)[:, None] + 0.5) * scale
    first, last = np.trunc(centres - 0.5 * reach + 0.5), np.trunc(centres + 0.5 * reach + 0.5)
    pixels = np.arange(size)
    from_centre = (pixels - centres + 0.5) * (1 / reach)
    inside = (pixels >= first) & (pixels < last) & (from_centre > -0.5) & (from_centre <= 0.5)
    result: np.ndarray = inside / inside.sum(axis=1, keepdims=True)
    return result


CORRUPTIONS = (
    Corruption(
        "pixelate",
        "Pixelate",
        "digital",
        pixelate,
        ("share",),
        {
            32: single(0.95, 0.9, 0.85, 0.75, 0.65),
            64: single(0.9, 0.8, 0.7, 0.6, 0.5),
            224: single(0.6, 0.5, 0.4, 0.3, 0.25),
        },
        family="cifar_c",
    ),
)
