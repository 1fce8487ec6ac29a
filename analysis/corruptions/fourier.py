"""The Fourier basis: images disturbed by one wave each, to see which frequencies a network is sensitive to.

Yin et al., "A Fourier Perspective on Model Robustness in Computer Vision" (NeurIPS 2019). A wave is the real image U of
length 1 whose spectrum is nothing but one frequency and its negative; each channel gets r v U, where r is 1 or -1 at
random and v the length of the disturbance. `fourier_I_J` is the wave with I/7 of the highest frequency from row to row
and J/7 of it from column to column, to the nearest whole number of periods, so that the names mean the same at any
size. Of each frequency and its negative, which are the same wave, there is one: I > 0, or I = 0 and J >= 0.

The lengths v at severities 1 to 5 are 1, 2, 3, 4, 6 for 32 x 32 pixels and 4, 8, 12, 15.7, 24 for 224 x 224, of which
the fourth are the paper's. They are kept as deviations, v / sqrt(H W), which are the root mean square of r v U.
"""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.corruption import Corruption, Function, Row, single
from analysis.corruptions.pixels import cut
from analysis.corruptions.random import Draws

STEPS = 7
"""The highest frequency along each axis is divided into so many steps."""

FREQUENCIES: tuple[tuple[int, int], ...] = tuple(
    (down, across) for down in range(STEPS + 1) for across in range(-STEPS, STEPS + 1) if down or across >= 0
)
"""(I, J) of every wave, one of each frequency and its negative."""


def name_of(down: int, across: int) -> str:
    """The name of the wave with that frequency or its negative, both from -7 to 7."""
    if down < 0 or (down == 0 and across < 0):
        down, across = -down, -across
    return f"fourier_{down}_{across}"


NAMES: tuple[str, ...] = tuple(name_of(*frequency) for frequency in FREQUENCIES)
PATTERN = f"fourier_I_J with I from 0 to {STEPS} and J from -{STEPS} to {STEPS}"


def frequency_of(name: str) -> tuple[int, int]:
    """(I, J) of a name of this family."""
    return FREQUENCIES[NAMES.index(name)]


@lru_cache(maxsize=256)
def wave(down: int, across: int, height: int, width: int) -> np.ndarray:
    """U: a cosine of length 1 (the root of the sum of squares), float64 [height, width]."""
    rows, columns = periods(down, height), periods(across, width)
    phase = rows * np.arange(height)[:, None] / height + columns * np.arange(width) / width
    values = np.cos(2 * np.pi * phase)
    result: np.ndarray = values / np.sqrt((values**2).sum())
    return result


def periods(step: int, size: int) -> int:
    """How many periods `size` pixels hold at a step of -7 to 7: the nearest whole number, at most half the pixels."""
    nearest = min(round(abs(step) * size / (2 * STEPS)), size // 2)
    return nearest if step > 0 else -nearest


def _disturbing(down: int, across: int) -> Function:
    def disturb(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
        (deviation,) = parameters
        height, width = images.shape[-2:]
        sign = (draws.words(images.shape[1]).to(torch.int32) & 1).mul_(2).sub_(1)[:, :, None, None]
        shape = wave(down, across, height, width) * (255 * deviation * np.sqrt(height * width))
        return cut(sign * torch.from_numpy(shape.astype(np.float32)).to(images.device) + images)

    return disturb


def _corruption(down: int, across: int) -> Corruption:
    return Corruption(
        name_of(down, across),
        f"Fourier ({down}, {across})",
        "frequency",
        _disturbing(down, across),
        ("deviation",),
        {
            32: single(*(length / 32 for length in (1, 2, 3, 4, 6))),
            224: single(*(length / 224 for length in (4, 8, 12, 15.7, 24))),
        },
        family="fourier",
    )


CORRUPTIONS = tuple(_corruption(*frequency) for frequency in FREQUENCIES)
