"""Frost: crops of ice crystals over the image.

CIFAR-10-C takes its crystals from photographs. Here they are grown: ridges of random fields whose colours, contrasts
and spectra are those of such photographs at the scale of a small image. Accuracies under this frost are near the
published ones, yet not comparable digit by digit.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.compiled import colour
from analysis.corruptions.corruption import Corruption, Row
from analysis.corruptions.pixels import NUDGE, cut
from analysis.corruptions.random import WORDS, Draws

SMALLEST = 256
"""Pixels along a texture's sides, at least."""
# Crystals keep their size up to images of 45 pixels and grow in proportion beyond: fivefold at 224.
GROWS_FROM = 44.8
SEED = 2019
# What folding a field to ridges adds to the fall of its amplitude; the finest detail, in periods a pixel; and the slow
# variation, in pixels: chosen so that frost changes small natural images as much, and as finely, as published.
FOLDING, FINEST, COARSEST = 0.29, 0.68, 48.0


@dataclass(frozen=True)
class Ice:
    """One kind of frost.

    mean, deviation: of red, green, blue, in grey levels. slope: how fast power falls with frequency. slow: share of the
    variance in slow variation, which crops see as a change of level. own: share that each channel has for itself.
    """

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    slope: float
    slow: float
    own: float = 0.0


KINDS = (
    Ice((78, 149, 166), (27, 16, 15), 1.6, 0.5, own=0.2),
    Ice((201, 205, 215), (22, 22, 22), 1.1, 0.4),
    Ice((138, 153, 166), (29, 29, 29), 0.3, 0.2),
    Ice((112, 123, 135), (44, 44, 44), 1.1, 0.4),
)
CHOICES = (0, 1, 1, 2, 3)
"""Each is as likely; two of the five photographs show the same."""


def frost(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """image_weight x + frost_weight times a random crop of a random texture."""
    image_weight, frost_weight = parameters
    height, width = images.shape[2:]
    size = max(SMALLEST, 1 << (2 * max(height, width) - 1).bit_length())
    ice = textures(size, max(1.0, min(height, width) / GROWS_FROM), images.device)
    places = draws.words(3).to(torch.int64)
    extents = (len(ice), ice.shape[2] - height + 1, ice.shape[3] - width + 1)
    kind, top, left = (places[:, i] * extent // WORDS for i, extent in enumerate(extents))
    if compiled.usable(images):
        return colour.frosted(images, ice, torch.stack([kind, top, left], dim=1), parameters, NUDGE)
    crops = ice.unfold(2, height, 1).unfold(3, width, 1)[kind, :, top, left][:, : images.shape[1]]
    return cut(images.float().mul_(image_weight).add_(crops, alpha=frost_weight))


@lru_cache(maxsize=4)
def textures(size: int, scale: float, device: torch.device) -> Tensor:
    """The textures, bytes [5, 3, size, size], with crystals `scale` times as large as in images of 32 pixels."""
    kinds = [grown(ice, size, scale, np.random.default_rng([SEED, place])) for place, ice in enumerate(KINDS)]
    return torch.from_numpy(np.stack([kinds[choice] for choice in CHOICES])).to(device)


def grown(ice: Ice, size: int, scale: float, generator: np.random.Generator) -> np.ndarray:
    """One texture, bytes [3, size, size]."""
    common = crystals(ice, size, scale, generator)
    channels = []
    for mean, deviation in zip(ice.mean, ice.deviation, strict=True):
        field = common
        if ice.own:
            field = np.sqrt(1 - ice.own) * common + np.sqrt(ice.own) * crystals(ice, size, scale, generator)
        channels.append(mean + deviation * field)
    return np.stack(channels).clip(0, 255).astype(np.uint8)


def crystals(ice: Ice, size: int, scale: float, generator: np.random.Generator) -> np.ndarray:
    """Ridges on a slowly varying ground, of mean 0 and variance 1, float64 [size, size]; opposite edges meet."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)) * scale
    # Steeper than asked: the folding to ridges makes the spectrum flatter. Nothing is finer than a pixel at 32.
    fine = (frequency + 1 / 256) ** (-ice.slope / 2 - FOLDING) * np.exp(-((frequency / FINEST) ** 4))
    ridges = -np.abs(_field(fine, size, generator))
    ground = _field(np.exp(-((frequency * COARSEST) ** 2)), size, generator)
    result: np.ndarray = np.sqrt(ice.slow) * ground + np.sqrt(1 - ice.slow) * _standard(ridges)
    return result


def _field(spectrum: np.ndarray, size: int, generator: np.random.Generator) -> np.ndarray:
    """Normal noise with amplitudes in proportion to `spectrum`."""
    return _standard(np.fft.irfft2(np.fft.rfft2(generator.normal(size=(size, size))) * spectrum, s=(size, size)))


def _standard(values: np.ndarray) -> np.ndarray:
    result: np.ndarray = (values - values.mean()) / values.std()
    return result


CORRUPTIONS = (
    Corruption(
        "frost",
        "Frost",
        "weather",
        frost,
        ("image_weight", "frost_weight"),
        {
            32: ((1, 0.2), (1, 0.3), (0.9, 0.4), (0.85, 0.4), (0.75, 0.45)),
            64: ((1, 0.3), (0.9, 0.4), (0.8, 0.45), (0.75, 0.5), (0.7, 0.55)),
            224: ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75)),
        },
        family="cifar_c",
    ),
)
