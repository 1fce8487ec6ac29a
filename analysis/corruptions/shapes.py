"""Geometric corruptions of MNIST-C: the image is sheared, scaled, rotated or moved, on a black ground.

Mu & Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision" (2019). Which of two directions, or for a
translation of four, is drawn for each image, so that there are as few maps: each is one fixed sum of four pixels for
every pixel of the result. Angles and factors mean the same at any size. Translations are 1 to 5 of 28 pixels, and as
large a share of the height and the width at other sizes, so that they may be fractions of a pixel there.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.corruption import Corruption, Function, Row, single
from analysis.corruptions.pixels import cut
from analysis.corruptions.random import Draws

Map = tuple[np.ndarray, np.ndarray]
"""Where a pixel of the result is read: matrix [2, 2] by which its place (x, y), counted from the middle of the image,
is multiplied, and what is added to it, [2], in widths and heights."""


def shear(amount: float, across: int, down: int) -> Map:
    """Lines that stand upright lean by an angle; as in the published images, the others get shorter by its cosine."""
    angle = across * amount
    return np.array([[1, -np.sin(angle)], [0, np.cos(angle)]]), np.zeros(2)


def scale(amount: float, across: int, down: int) -> Map:
    """The image shrinks to `amount` of its size."""
    return np.eye(2) / amount, np.zeros(2)


def rotate(amount: float, across: int, down: int) -> Map:
    """A turn by an angle."""
    cosine, sine = np.cos(amount), np.sin(amount) * across
    return np.array([[cosine, -sine], [sine, cosine]]), np.zeros(2)


def translate(amount: float, across: int, down: int) -> Map:
    """A move along both axes."""
    return np.eye(2), amount * np.array([across, down])


Maker = Callable[[float, int, int], Map]


def moved(maker: Maker, bits: int) -> Function:
    """The corruption that reads each image by one of the maps of `maker`, chosen by so many random bits."""

    def corruption(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
        (amount,) = parameters
        height, width = images.shape[-2:]
        chosen = draws.words(1)[:, 0].to(torch.int32) & ((1 << bits) - 1)
        result = torch.empty_like(images)
        for choice in range(1 << bits):
            these = (chosen == choice).nonzero()[:, 0]
            places, weights = taps(maker, amount, choice, height, width, images.device)
            result[these] = _read(images[these], places, weights)
        return result

    return corruption


def _read(images: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """The weighted sums of four pixels each."""
    pixels = images.flatten(2).float()
    total = pixels.index_select(2, places[0]).mul_(weights[0])
    for place, weight in zip(places[1:], weights[1:], strict=True):
        total.addcmul_(pixels.index_select(2, place), weight)
    return cut(total).view(images.shape)


@lru_cache(maxsize=32)
def taps(
    maker: Maker, amount: float, choice: int, height: int, width: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Bilinear reading of a map: flat indices [4, H W] of pixels and their weights, float32; outside they are 0."""
    matrix, shift = maker(amount, 1 - 2 * (choice & 1), 1 - (choice & 2))
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) - middle
    # Rounded far below a byte, as the sum of a pixel's place and its distance from the middle is exact on paper only.
    source = (grid @ matrix.T + middle + shift * (width, height)).round(9)
    corner = np.floor(source).astype(np.int64)
    part = source - corner
    places, weights = [], []
    for right, below in ((0, 0), (1, 0), (0, 1), (1, 1)):
        x, y = corner[..., 0] + right, corner[..., 1] + below
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        share = np.abs(1 - right - part[..., 0]) * np.abs(1 - below - part[..., 1])
        places.append(np.where(inside, y * width + x, 0).ravel())
        weights.append(np.where(inside, share, 0).ravel())
    return torch.from_numpy(np.stack(places)).to(device), torch.from_numpy(np.stack(weights).astype("f4")).to(device)


def _corruption(name: str, maker: Maker, bits: int, parameter: str, *amounts: float) -> Corruption:
    published = {28: single(*amounts)}
    return Corruption(
        name, name.capitalize(), "geometric", moved(maker, bits), (parameter,), published, family="mnist_c"
    )


CORRUPTIONS = (
    _corruption("shear", shear, 1, "angle", 0.2, 0.4, 0.6, 0.8, 1),
    _corruption("scale", scale, 0, "share", 0.9, 0.8, 0.7, 0.6, 0.5),
    _corruption("rotate", rotate, 1, "angle", 0.2, 0.4, 0.6, 0.8, 1),
    _corruption("translate", translate, 2, "share", 1 / 28, 2 / 28, 3 / 28, 4 / 28, 5 / 28),
)
