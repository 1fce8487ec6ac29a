"""Frost: crops of ice crystals over the image.

CIFAR-10-C and ImageNet-C take their crystals from photographs. Here they are grown: for images as small as CIFAR's,
ridges of random fields whose colours, contrasts and spectra are those of such photographs at that scale; for larger
ones, the needles of `ice`. Accuracies under this frost are near the published ones, yet not comparable digit by digit.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import compiled, ice
from analysis.corruptions.corruption import Corruption, Row
from analysis.corruptions.photographs import GROWS_FROM
from analysis.corruptions.pixels import NUDGE, cut
from analysis.corruptions.random import WORDS, Draws

SMALLEST, LARGEST = 256, 1024
"""Pixels along a texture's sides, at least and at most."""
SEED = 2019
# What folding a field to ridges adds to the fall of its amplitude; the finest detail, in periods a pixel; and the slow
# variation, in pixels: chosen so that frost changes small natural images as much, and as finely, as published.
FOLDING, FINEST, COARSEST = 0.29, 0.68, 48.0


@dataclass(frozen=True)
class Crystals:
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
    Crystals((78, 149, 166), (27, 16, 15), 1.6, 0.5, own=0.2),
    Crystals((201, 205, 215), (22, 22, 22), 1.1, 0.4),
    Crystals((138, 153, 166), (29, 29, 29), 0.3, 0.2),
    Crystals((112, 123, 135), (44, 44, 44), 1.1, 0.4),
)
CHOICES = (0, 1, 1, 2, 3)
"""Each is as likely; two of the five photographs show the same."""


def frost(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """image_weight x + frost_weight times a random crop of a random texture."""
    image_weight, frost_weight = parameters
    height, width = images.shape[2:]
    if needled(height, width):
        textures = ice.sheets(height, width, images.device)
    else:
        textures = spread(height, width, images.device)
    places = draws.words(3).to(torch.int64)
    extents = (len(CHOICES), textures.shape[2] - height + 1, textures.shape[3] - width + 1)
    choice, top, left = (places[:, i] * extent // WORDS for i, extent in enumerate(extents))
    kind = torch.tensor(CHOICES, device=images.device)[choice]
    if compiled.usable(images):
        from analysis.corruptions.compiled import colour  # not before an image is made: it imports Numba

        return colour.frosted(images, textures, torch.stack([kind, top, left], dim=1), parameters, NUDGE)
    crops = textures.unfold(2, height, 1).unfold(3, width, 1)[kind, :, top, left][:, : images.shape[1]]
    return cut(images.float().mul_(image_weight).add_(crops, alpha=frost_weight))


def needled(height: int, width: int) -> bool:
    """Whether images of that size are frosted by needles of ice, and not by the crystals of small images."""
    return min(height, width) > GROWS_FROM


@lru_cache(maxsize=1)
def spread(height: int, width: int, device: torch.device) -> Tensor:
    """The textures that crops of that size fit into; for long ones side by side, as their edges meet.

    One texture as wide as long images ask for would take memory and time by the square of that.
    """
    size = max(SMALLEST, 1 << (2 * max(height, width) - 1).bit_length())
    if size <= LARGEST:
        return crystalline(size, device)
    rows, columns = (1 if side <= LARGEST // 2 else 1 + -(-side // LARGEST) for side in (height, width))
    return crystalline(LARGEST, device).repeat(1, 1, rows, columns)


@lru_cache(maxsize=4)
def crystalline(size: int, device: torch.device) -> Tensor:
    """The textures for small images, bytes [4, 3, size, size]."""
    grown_now = [grown(kind, size, np.random.default_rng([SEED, place])) for place, kind in enumerate(KINDS)]
    return torch.from_numpy(np.stack(grown_now)).to(device)


def grown(kind: Crystals, size: int, generator: np.random.Generator) -> np.ndarray:
    """One texture, bytes [3, size, size]."""
    common = crystals(kind, size, generator)
    channels = []
    for mean, deviation in zip(kind.mean, kind.deviation, strict=True):
        field = common
        if kind.own:
            field = np.sqrt(1 - kind.own) * common + np.sqrt(kind.own) * crystals(kind, size, generator)
        channels.append(mean + deviation * field)
    return np.stack(channels).clip(0, 255).astype(np.uint8)


def crystals(kind: Crystals, size: int, generator: np.random.Generator) -> np.ndarray:
    """Ridges on a slowly varying ground, of mean 0 and variance 1, float64 [size, size]; opposite edges meet."""
    frequency = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size))
    # Steeper than asked: the folding to ridges makes the spectrum flatter. Nothing is finer than a pixel at 32.
    fine = (frequency + 1 / 256) ** (-kind.slope / 2 - FOLDING) * np.exp(-((frequency / FINEST) ** 4))
    ridges = -np.abs(_field(fine, size, generator))
    ground = _field(np.exp(-((frequency * COARSEST) ** 2)), size, generator)
    result: np.ndarray = np.sqrt(kind.slow) * ground + np.sqrt(1 - kind.slow) * _standard(ridges)
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
