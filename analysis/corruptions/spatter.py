"""Spatter: drops of water that glisten at their rims, or mud."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.compiled import drops, filters
from analysis.corruptions.compiled.edges import LANES
from analysis.corruptions.corruption import Corruption, Row
from analysis.corruptions.edges import SCALE, canny, distances, framed
from analysis.corruptions.linear import border_places, filter_matrix, gaussian_taps, half_taps
from analysis.corruptions.pixels import NUDGE, cut, look_up_words
from analysis.corruptions.random import Draws, standard_normal

# Red, green, blue; images of one channel take the first.
WATER = (175.0, 238.0, 238.0)
MUD = (63.0, 42.0, 20.0)
THINNEST = 0.8  # mud that covers less is left out
WEAK, STRONG = 50, 150  # gradients at the rims of drops
FARTHEST = 20  # pixels from the rim; beyond, drops are alike
RELIEF = ((-2, -1, 0), (-1, 1, 1), (0, 1, 2))  # light from below and right


def spatter(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Smooth noise above a threshold is liquid, of the given strength as water, smoothed by it as mud."""
    mean, deviation, sigma, threshold, strength, mud = parameters
    count, _, height, width = images.shape
    words, table = draws.words(height * width), _normal(mean, deviation, images.device)
    if compiled.usable(images):
        return _compiled(images, look_up_words(table, words).view(count, height, width), parameters)
    # Images come last in here, see `edges`.
    words = words.T.to(torch.int32).flatten()
    noise = table.index_select(0, words)
    liquid = _smooth(noise.view(height, width, count), sigma)
    if mud > 0.5:
        cover = _smooth((liquid > threshold).float(), strength)
        cover = cover.masked_fill_(cover < THINNEST, 0).permute(2, 0, 1)[:, None].contiguous()
        return cut((_paint(MUD, images) - images).mul_(cover).add_(images))
    depth = liquid.masked_fill_(liquid < threshold, 0).mul_(255).to(torch.int16)
    shine = water(depth).permute(2, 0, 1)[:, None].contiguous()
    return cut((shine * (_paint(WATER, images) * strength)).add_(images))


def _compiled(images: Tensor, noise: Tensor, parameters: Row) -> Tensor:
    """The same in compiled loops, which want images first."""
    _, _, sigma, threshold, strength, mud = parameters
    height, width = images.shape[-2:]
    liquid = filters.smoothed(noise, *_taps_and_border(sigma, height, width))
    if mud > 0.5:
        cover = filters.smoothed((liquid > threshold).float(), *_taps_and_border(strength, height, width))
        return drops.covered(images, cover, THINNEST, MUD, NUDGE)
    depth = (liquid * (liquid >= threshold)).mul_(255).to(torch.int16)
    shine = drops.water(depth, WEAK, STRONG, FARTHEST)
    return drops.lit(images, shine, tuple(strength * value for value in WATER), NUDGE)


@lru_cache(maxsize=8)
def _taps_and_border(sigma: float, height: int, width: int) -> tuple[np.ndarray, filters.Border]:
    taps = gaussian_taps(sigma)
    return half_taps(taps), border_places(taps, height, width, "nearest")


def _paint(colour: tuple[float, float, float], images: Tensor) -> Tensor:
    return torch.tensor(colour, device=images.device)[: images.shape[1], None, None]


def water(depth: Tensor) -> Tensor:
    """How bright drops are, from how much liquid there is: int16 [H, W, N], 0 to 255 -> float32, 0 to 1.

    The distances from the drops' rims, equalised, are lit as a relief; the brightest spot of each image is 1. Without
    a drop nothing is bright. (There the published code divides by zero and returns black images.)
    """
    away = _box(distances(canny(depth, WEAK, STRONG), FARTHEST).float())
    whole = away.add_(0.5).mul_(1 / (9 * SCALE)).to(torch.int32)
    lit = _relief(equalised(whole, FARTHEST + 1).to(torch.int16)).clamp_(0, 255)
    smooth = _box(lit).float().mul_(1 / 9).round_()
    bright = smooth.mul_(depth)
    return bright.div_(bright.amax(dim=(0, 1)).clamp_(min=1))


def equalised(values: Tensor, levels: int) -> Tensor:
    """Histogram equalisation of whole numbers [H, W, N] from 0 to levels - 1, to 0 to 255, int32.

    The smallest value becomes 0; others 255 times the share, in what is not smallest, of what is at most as large.
    """
    height, width, count = values.shape
    places = (values + torch.arange(count, device=values.device, dtype=torch.int32) * levels).flatten()
    counts = torch.bincount(places, minlength=count * levels).view(count, levels)
    smallest = counts.gather(1, (counts > 0).int().argmax(dim=1, keepdim=True))
    above = (counts.cumsum(dim=1) - smallest).clamp_(min=0)
    table = (above * (255 / (height * width - smallest).clamp(min=1).float())).round_().to(torch.int32)
    # An image of one value stays as it is.
    own = torch.arange(levels, device=values.device, dtype=torch.int32)
    table = torch.where(smallest == height * width, own, table)
    return table.flatten().index_select(0, places).view(values.shape)


def _box(values: Tensor) -> Tensor:
    """The sums over 3 x 3 pixels, mirrored at the border."""
    rows = framed(values, "mirror")
    rows = (rows[:-2] + rows[1:-1]).add_(rows[2:])
    return (rows[:, :-2] + rows[:, 1:-1]).add_(rows[:, 2:])


def _relief(values: Tensor) -> Tensor:
    """Correlation with RELIEF, mirrored at the border."""
    height, width, _ = values.shape
    padded = framed(values, "mirror")
    total = torch.zeros_like(values)
    for row, weights in enumerate(RELIEF):
        for column, weight in enumerate(weights):
            if weight:
                total.add_(padded[row : row + height, column : column + width], alpha=weight)
    return total


def _smooth(values: Tensor, sigma: float) -> Tensor:
    """Gaussian blur of [H, W, N]."""
    height, width, _ = values.shape
    left, right = _smoothing(sigma, height, width, values.device)
    smooth: Tensor = right @ (left @ values.flatten(1)).view(values.shape)
    return smooth


@lru_cache(maxsize=8)
def _smoothing(sigma: float, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    taps = gaussian_taps(sigma)
    rows, columns = (filter_matrix(taps, size, "nearest").astype("f4") for size in (height, width))
    return torch.from_numpy(rows).to(device), torch.from_numpy(columns).to(device)


@lru_cache(maxsize=8)
def _normal(mean: float, deviation: float, device: torch.device) -> Tensor:
    return (standard_normal() * deviation + mean).float().to(device)


CORRUPTIONS = (
    Corruption(
        "spatter",
        "Spatter",
        "weather",
        spatter,
        ("mean", "deviation", "sigma", "threshold", "strength", "mud"),
        {
            32: (
                (0.62, 0.1, 0.7, 0.7, 0.5, 0),
                (0.65, 0.1, 0.8, 0.7, 0.5, 0),
                (0.65, 0.3, 1, 0.69, 0.5, 0),
                (0.65, 0.1, 0.7, 0.69, 0.6, 1),
                (0.65, 0.1, 0.5, 0.68, 0.6, 1),
            ),
            64: (
                (0.62, 0.1, 0.7, 0.7, 0.6, 0),
                (0.65, 0.1, 0.8, 0.7, 0.6, 0),
                (0.65, 0.3, 1, 0.69, 0.6, 0),
                (0.65, 0.1, 0.7, 0.68, 0.6, 1),
                (0.65, 0.1, 0.5, 0.67, 0.6, 1),
            ),
            224: (
                (0.65, 0.3, 4, 0.69, 0.6, 0),
                (0.65, 0.3, 3, 0.68, 0.6, 0),
                (0.65, 0.3, 2, 0.68, 0.5, 0),
                (0.65, 0.3, 1, 0.65, 1.5, 1),
                (0.67, 0.4, 1, 0.65, 1.5, 1),
            ),
        },
        lengths=frozenset({"sigma"}),
        extra=True,
        family="cifar_c",
        together=LANES,
    ),
)
