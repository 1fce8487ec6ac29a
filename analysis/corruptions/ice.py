"""Sheets of ice needles for images beyond those of CIFAR: what frost takes its crops from in place of photographs.

Photographs of frost show needles of a pixel's width, in domains of one direction each. Such needles are noise that is
drawn out along the direction of its domain. They are then given, in turn, the power at each frequency and the levels
of grey that crops of 224 pixels of such a photograph have, so that frost changes images as much, and as finely, as
published. Sheets have the size of photographs and are scaled as these are; their opposite edges meet.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from scipy import fft
from torch import Tensor

from analysis.corruptions.photographs import scale_for

SIDE = 512
"""Pixels along a sheet's sides before it is scaled."""
CROP = 224
"""Frequencies are in cycles a crop of so many pixels."""
SEED = 2022
DIRECTIONS = 8
LENGTH, DOMAIN, UNEVEN = 12.0, 16.0, 0.25
"""Of a needle and of a domain, in pixels; standard deviation of the logarithm of the contrast between places."""
ROUNDS = 6
CYCLES = (2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 80, 100, 112, 125, 140, 153)
SHARES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.995)


@dataclass(frozen=True)
class Sheet:
    """One kind of ice.

    mean, deviation: of red, green, blue, in grey levels. power: thousandths of the variance of the brightness that each
    mode of a crop has at `CYCLES`, less where the levels add to it; what is slower makes up the rest of the variance.
    levels: brightness that `SHARES` of the pixels are below. shared: correlations of green with blue, red with green,
    red with blue.
    """

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    power: tuple[float, ...]
    levels: tuple[int, ...]
    shared: tuple[float, float, float] = (1.0, 1.0, 1.0)


SHEETS = (
    Sheet(
        (77, 148, 164),
        (28.5, 16.7, 15),
        (1720, 598, 277, 89.4, 38.8, 16.1, 9.43, 6.82, 5.46, 4.39, 2.86, 1.69, 0.73, 0.55, 0.236, 0.109, 0.072),
        (94, 95, 98, 102, 106, 112, 117, 122, 126, 131, 137, 144, 155, 164, 171, 179, 184),
        (0.927, 0.798, 0.533),
    ),
    Sheet(
        (198, 203, 212),
        (20.1, 20.9, 21.7),
        (835, 491, 316, 203, 134, 109, 59.7, 24.4, 12.7, 8.22, 4, 2.18, 0.783, 0.539, 0.192, 0.054, 0.018),
        (130, 140, 152, 163, 175, 187, 195, 201, 206, 210, 215, 220, 225, 230, 233, 237, 239),
    ),
    Sheet(
        (145, 160, 173),
        (26.9, 27, 28.3),
        (623, 504, 334, 259, 176, 168, 82.1, 56.5, 35.9, 21.4, 11.4, 6.6, 2.74, 2.01, 0.61, 0.294, 0.211),
        (74, 84, 99, 111, 124, 137, 146, 153, 159, 164, 170, 178, 189, 199, 212, 228, 239),
    ),
    Sheet(
        (100, 112, 124),
        (38.3, 37.8, 36.8),
        (3570, 2890, 2190, 1090, 647, 314, 165, 80.1, 43.5, 23.4, 11.8, 7.93, 5.54, 5.14, 3.92, 3.23, 3.05),
        (39, 43, 49, 55, 64, 77, 87, 96, 106, 116, 127, 141, 161, 179, 195, 213, 225),
    ),
)
GREY = (0.299, 0.587, 0.114)


@lru_cache(maxsize=4)
def sheets(height: int, width: int, device: torch.device) -> Tensor:
    """One sheet of each kind for images of that size, bytes [4, 3, S, S], S beyond both sides by a whole period."""
    found = torch.from_numpy(_grown()).to(device)
    period = round(SIDE * scale_for(height, width))
    if period != SIDE:
        scaled = F.interpolate(found.double(), (period, period), mode="bilinear")
        found = scaled.round().clamp(0, 255).to(torch.uint8)
    side = period + max(height, width) - 1
    again = torch.arange(side, device=device) % period
    return found[:, :, again][:, :, :, again].contiguous()


@lru_cache(maxsize=1)
def _grown() -> np.ndarray:
    """The sheets as they are grown, bytes [4, 3, SIDE, SIDE]."""
    return np.stack([coloured(sheet, np.random.default_rng([SEED, place])) for place, sheet in enumerate(SHEETS)])


def coloured(sheet: Sheet, generator: np.random.Generator) -> np.ndarray:
    """A sheet, bytes [3, SIDE, SIDE]; where its colours differ, each has needles that the others lack."""
    green_blue, red_green, red_blue = sheet.shared
    if min(sheet.shared) < 1:
        correlations = np.array([[1, green_blue, red_green], [green_blue, 1, red_blue], [red_green, red_blue, 1]])
        green, blue, red = np.linalg.cholesky(correlations)
        mix = np.stack([red, green, blue])
    else:
        mix = np.ones((3, 1))
    fields = np.stack([_standard(grown(sheet, generator)) for _ in range(mix.shape[1])])
    values = np.tensordot(mix, fields, 1) * np.array(sheet.deviation)[:, None, None]
    found: np.ndarray = (values + np.array(sheet.mean)[:, None, None]).round().clip(0, 255).astype(np.uint8)
    return found


def grown(sheet: Sheet, generator: np.random.Generator) -> np.ndarray:
    """The brightness of a sheet in grey levels, float64 [SIDE, SIDE]."""
    power = _power(sheet)
    rings = np.unique((np.log(_cycles().clip(min=0.4)) * 10).round(), return_inverse=True)[1].reshape(power.shape)
    wanted = np.bincount(rings.ravel(), power.ravel())
    values = needles(generator)
    for _ in range(ROUNDS):
        modes = fft.rfft2(values)
        modes[0, 0] = 0
        found = np.bincount(rings.ravel(), (modes.real**2 + modes.imag**2).ravel())
        values = _levelled(fft.irfft2(modes * np.sqrt(wanted / found.clip(min=1e-30))[rings], s=values.shape), sheet)
    return values


def needles(generator: np.random.Generator) -> np.ndarray:
    """Noise drawn out along the direction of its domain, of uneven contrast, float64 [SIDE, SIDE]."""
    cycles = _cycles() / CROP
    down, across = (axis / CROP for axis in _axes())
    domain = np.exp(-((cycles * DOMAIN) ** 2))
    weights = np.exp(2 * np.stack([_field(domain, generator) for _ in range(DIRECTIONS)]))
    weights /= np.sqrt((weights**2).sum(axis=0))
    found = np.zeros((SIDE, SIDE))
    for place, weight in enumerate(weights):
        angle = np.pi * place / DIRECTIONS
        along = down * np.sin(angle) + across * np.cos(angle)
        found += weight * _field(np.exp(-((along * LENGTH) ** 2)) / (cycles + 1 / 64), generator)
    uneven: np.ndarray = found * np.exp(UNEVEN * _field(np.exp(-((cycles * 20) ** 2)), generator))
    return uneven


def _power(sheet: Sheet) -> np.ndarray:
    """Variance that each mode of a sheet is to have; the modes slower than those named have the rest alike."""
    cycles = _cycles()
    power = np.exp(np.interp(np.log(cycles.clip(min=CYCLES[0])), np.log(CYCLES), np.log(sheet.power)))
    power *= (CROP / SIDE) ** 2 / 1000
    slow = (cycles < 0.9 * CYCLES[0]) & (cycles > 0)
    twice = np.full(cycles.shape, 2.0)
    twice[:, [0, -1]] = 1
    variance = np.square(np.array(sheet.deviation) @ GREY) * _brightness_share(sheet)
    power[slow] = (variance - (power * twice)[~slow].sum()) / twice[slow].sum()
    power[0, 0] = 0
    found: np.ndarray = power
    return found


def _levelled(values: np.ndarray, sheet: Sheet) -> np.ndarray:
    """The values with the levels of the sheet, in the same order."""
    (low, next_to_low), (next_to_high, high) = sheet.levels[:2], sheet.levels[-2:]
    levels = (2 * low - next_to_low - 1, *sheet.levels, 2 * high - next_to_high + 1)
    ranks = np.empty(values.size)
    ranks[np.argsort(values, axis=None)] = np.arange(values.size) / values.size
    found: np.ndarray = np.interp(ranks, (0, *SHARES, 1), levels).reshape(values.shape)
    return found


def _brightness_share(sheet: Sheet) -> float:
    """Variance of the brightness, by that of colours that were all alike."""
    red, green, blue = np.array(GREY) * sheet.deviation
    green_blue, red_green, red_blue = sheet.shared
    apart = 2 * (green * blue * (1 - green_blue) + red * green * (1 - red_green) + red * blue * (1 - red_blue))
    return float(1 - apart / (red + green + blue) ** 2)


def _field(amplitudes: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Normal noise with those amplitudes, of mean 0 and variance 1."""
    return _standard(fft.irfft2(fft.rfft2(generator.normal(size=(SIDE, SIDE))) * amplitudes, s=(SIDE, SIDE)))


def _standard(values: np.ndarray) -> np.ndarray:
    found: np.ndarray = (values - values.mean()) / values.std()
    return found


def _axes() -> tuple[np.ndarray, np.ndarray]:
    """Vertical and horizontal frequency of each mode of a sheet, in cycles a crop."""
    return CROP * fft.fftfreq(SIDE)[:, None], CROP * fft.rfftfreq(SIDE)


def _cycles() -> np.ndarray:
    found: np.ndarray = np.hypot(*_axes())
    return found
