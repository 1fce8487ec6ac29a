"""Snow: flakes from enlarged noise, drawn out to streaks, over a whitened image."""

from functools import lru_cache

import torch
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.compiled import snow as loops
from analysis.corruptions.corruption import Corruption, Row
from analysis.corruptions.linear import as_factors
from analysis.corruptions.motion import SECTOR, blur_along, motion
from analysis.corruptions.pixels import NUDGE, cut, look_up_words
from analysis.corruptions.random import Draws, standard_normal
from analysis.corruptions.zoom import zoom_matrix

STEEPEST = -1.5 * SECTOR
"""Streaks come from above: their directions lie between -135 and -45 degrees."""


def snow(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """The image, whitened, plus the flakes and the flakes turned by half."""
    *flake_parameters, mix = parameters
    flakes = streaks(draws, images.shape[2], images.shape[3], tuple(flake_parameters))
    if compiled.usable(images):
        return loops.whitened(images, flakes, mix, NUDGE)
    fallen = flakes.to(torch.int16).add_(flakes.flip(2, 3))
    return cut(whitened(images.float(), mix).add_(fallen))


def whitened(values: Tensor, mix: float) -> Tensor:
    """Return mix x + (1 - mix) max(x, 1.5 gray + 0.5), on the scale 0 to 255."""
    grey = values
    if values.shape[1] == 3:
        red, green, blue = torch.split(values, 1, dim=1)
        grey = (red * 0.299).add_(green, alpha=0.587).add_(blue, alpha=0.114)
    lightest = torch.maximum(values, grey.mul(1.5).add_(127.5))
    return lightest.sub_(values).mul_(1 - mix).add_(values)


def streaks(draws: Draws, height: int, width: int, parameters: Row) -> Tensor:
    """Bytes [N, 1, H, W]: normal noise, enlarged, without what is below the threshold, blurred along the fall."""
    mean, deviation, zoom, threshold, radius, sigma = parameters
    count = len(draws.keys)
    words = draws.words(height * width + 1)
    if zoom == 1:
        flakes = look_up_words(_flakes(mean, deviation, threshold, draws.keys.device), words[:, 1:])
    else:
        noise = look_up_words(_normal(mean, deviation, draws.keys.device), words[:, 1:]).view(count, height, width)
        left, right = _enlarging(zoom, height, width, draws.keys.device)
        flakes = _cut_flakes(left @ (noise @ right), threshold)
    flakes = flakes.view(count, 1, height, width)
    return blur_along(flakes, motion(radius, sigma, STEEPEST), words[:, 0])


@lru_cache(maxsize=16)
def _normal(mean: float, deviation: float, device: torch.device) -> Tensor:
    """Word -> normal number times 255, float32."""
    return (standard_normal() * deviation + mean).mul_(255).float().to(device)


@lru_cache(maxsize=16)
def _flakes(mean: float, deviation: float, threshold: float, device: torch.device) -> Tensor:
    """Word -> byte of a flake that is not enlarged."""
    return _cut_flakes(_normal(mean, deviation, device), threshold)


def _cut_flakes(noise: Tensor, threshold: float) -> Tensor:
    return cut(torch.where(noise < 255 * threshold, 0, noise))


@lru_cache(maxsize=16)
def _enlarging(zoom: float, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    return as_factors(zoom_matrix(height, zoom), zoom_matrix(width, zoom), device)


CORRUPTIONS = (
    Corruption(
        "snow",
        "Snow",
        "weather",
        snow,
        ("mean", "deviation", "zoom", "threshold", "radius", "sigma", "mix"),
        {
            32: (
                (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
                (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
                (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
                (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
                (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
            ),
            64: (
                (0.1, 0.2, 1, 0.6, 8, 3, 0.8),
                (0.1, 0.2, 1, 0.5, 10, 4, 0.8),
                (0.15, 0.3, 1.75, 0.55, 10, 4, 0.7),
                (0.25, 0.3, 2.25, 0.6, 12, 6, 0.65),
                (0.3, 0.3, 1.25, 0.65, 14, 12, 0.6),
            ),
            224: (
                (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
                (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
                (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
                (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
                (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
            ),
        },
        lengths=frozenset({"zoom", "radius", "sigma"}),
        family="cifar_c",
    ),
)
