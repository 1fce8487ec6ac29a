"""Blurs whose kernel is the same for every image."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.compiled import discs, filters
from analysis.corruptions.corruption import Corruption, Row, single
from analysis.corruptions.linear import as_factors, border_places, filter_matrix, gaussian_taps, half_taps
from analysis.corruptions.pixels import NUDGE, cut, precise
from analysis.corruptions.random import Draws

Factors = tuple[tuple[Tensor, Tensor], ...]

# Weights below this change no byte; exact sums need but a small nudge before they are cut.
NO_TAP = 1e-10
SMALL_NUDGE = 2.0**-18
# The smallest kernel is 17 x 17, whatever the radius.
SMALLEST_RADIUS = 8
# Discs of more taps are summed by columns.
MOST_TAPS = 24


def gaussian_blur(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Gaussian blur of each channel; beyond the border lies the edge pixel."""
    (sigma,) = parameters
    if compiled.usable(images):
        return filters.blurred(images, *_taps_and_border(sigma, *images.shape[-2:]), NUDGE)
    return _separable(images, _gaussian_factors(sigma, *images.shape[-2:], images.device))


def defocus_blur(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Correlation with a disk that is itself slightly blurred; the border is mirrored.

    Sums over a small disk are often all but whole: they are formed in float64, with taps of float32 as published.
    """
    radius, alias = parameters
    height, width = images.shape[-2:]
    if compiled.usable(images):
        taps, offsets = _defocus_taps(radius, alias)
        if len(taps) > MOST_TAPS:
            disc = _disc(radius, alias)
            return discs.blurred(images, disc, _mirrored(disc.reach, height, width), SMALL_NUDGE)
        return filters.correlated(images, taps, offsets, _mirrored(int(offsets.max()), height, width), SMALL_NUDGE)
    return _separable(images, _defocus_factors(radius, alias, height, width, images.device), SMALL_NUDGE)


def _separable(images: Tensor, factors: Factors, nudge: float = NUDGE) -> Tensor:
    """The sum over (A, B^T) of A X B^T, cut to bytes."""
    values = images.to(factors[0][0].dtype)
    first, *rest = (left @ (values @ right) for left, right in factors)
    for term in rest:
        first += term
    return cut(first, nudge)


@lru_cache(maxsize=16)
def _gaussian_factors(sigma: float, height: int, width: int, device: torch.device) -> Factors:
    taps = gaussian_taps(sigma)
    return (as_factors(filter_matrix(taps, height, "nearest"), filter_matrix(taps, width, "nearest"), device),)


@lru_cache(maxsize=16)
def _taps_and_border(sigma: float, height: int, width: int) -> tuple[np.ndarray, filters.Border]:
    return half_taps(gaussian_taps(sigma)), border_places(gaussian_taps(sigma), height, width, "nearest")


@lru_cache(maxsize=16)
def _defocus_taps(radius: float, alias: float) -> tuple[np.ndarray, np.ndarray]:
    """The kernel without what is negligible: float64 [K], and int64 [K, 2], how far down and right."""
    kernel = _rounded_kernel(radius, alias)
    places = np.argwhere(kernel > NO_TAP)
    return kernel[tuple(places.T)], places - len(kernel) // 2


@lru_cache(maxsize=16)
def _disc(radius: float, alias: float) -> discs.Disc:
    """The kernel as a disc and the blur of its rim, for the compiled loops."""
    disk, rim = _disk(radius), _rim_taps(radius, alias)
    if rim[0] < NO_TAP:
        rim = np.ones(1)
    middle, reach = len(disk) // 2, len(rim) // 2
    rows = disk.sum(axis=1).astype(np.int64)
    rows = rows[rows > 0]
    # The kernel's own border: where its filter differs from one without.
    missing = np.zeros((len(disk) + 2 * reach, len(disk)))
    missing[reach : reach + len(disk)] = filter_matrix(rim, len(disk), "mirror")
    for offset, tap in zip(range(-reach, reach + 1), rim, strict=True):
        missing[np.arange(len(disk)) + reach + offset, np.arange(len(disk))] -= tap
    missing = (missing * (disk.sum(axis=1) > 0))[: middle + reach]
    tips = np.argwhere(np.abs(missing) > NO_TAP)
    half = (disk.sum(axis=1).astype(np.int64) - 1) // 2
    weights, (taps, offsets) = missing[tuple(tips.T)], _defocus_taps(radius, alias)
    return discs.Disc(
        halves=(rows[len(rows) // 2 :] - 1) // 2,
        across=(half_taps(rim) / np.float32(disk.sum())),
        down=half_taps(rim),
        tips=np.stack([middle + reach - tips[:, 0], half[tips[:, 1]]], axis=1),
        tip_weights=np.stack([weights / disk.sum(), weights]).astype(np.float32),
        table=_bytes_of_sums(taps) if reach == 0 else np.empty(0, np.uint8),
        taps=taps,
        offsets=offsets,
    )


def _bytes_of_sums(taps: np.ndarray) -> np.ndarray:
    """The byte of each sum of pixels, where all taps are alike and no sum comes near to the next byte; else nothing."""
    if len(taps) > discs.MOST:  # the sums are rounded
        return np.empty(0, np.uint8)
    values = taps[0] * np.arange(255 * len(taps) + 1) + SMALL_NUDGE
    if len(np.unique(taps)) > 1 or np.abs(values - values.round()).min() < NO_TAP:
        return np.empty(0, np.uint8)
    found: np.ndarray = values.clip(0, 255).astype(np.uint8)
    return found


@lru_cache(maxsize=16)
def _mirrored(reach: int, height: int, width: int) -> filters.Border:
    return border_places(np.empty(2 * reach + 1), height, width, "mirror")


@lru_cache(maxsize=16)
def _defocus_factors(radius: float, alias: float, height: int, width: int, device: torch.device) -> Factors:
    """A disk is no product of two profiles, but a sum of few: its singular value decomposition."""
    left, sizes, right = np.linalg.svd(_rounded_kernel(radius, alias))
    matrices = [
        (filter_matrix(size * a, height, "mirror"), filter_matrix(b, width, "mirror"))
        for a, size, b in zip(left.T, sizes, right, strict=True)
        if size > NO_TAP
    ]
    dtype = np.float32 if precise(device) == torch.float32 else np.float64
    return tuple(as_factors(rows, columns, device, dtype) for rows, columns in matrices)


def _rounded_kernel(radius: float, alias: float) -> np.ndarray:
    return defocus_kernel(radius, alias).astype(np.float32).astype(np.float64)


def defocus_kernel(radius: float, alias: float) -> np.ndarray:
    """A disk of `radius` pixels of sum 1, then blurred by a Gaussian of `alias` pixels, float64 [2 r + 1, 2 r + 1].

    The Gaussian has 3x3 taps, or 5x5 for disks beyond 8 pixels, and the disk is mirrored at the kernel's border. A disk
    that reaches it, of 8 pixels or more, thereby brightens the image by one per cent, in ImageNet-C as here.
    """
    disk, taps = _disk(radius), _rim_taps(radius, alias)
    smooth = filter_matrix(taps, len(disk), "mirror")
    result: np.ndarray = smooth @ (disk / disk.sum()) @ smooth.T
    return result


def _disk(radius: float) -> np.ndarray:
    """1 up to `radius` pixels from the middle and 0 beyond, float64 [2 r + 1, 2 r + 1]."""
    reach = max(SMALLEST_RADIUS, int(radius))
    offsets = np.arange(-reach, reach + 1)
    disk: np.ndarray = (offsets[:, None] ** 2 + offsets**2 <= radius**2).astype(np.float64)
    return disk


def _rim_taps(radius: float, alias: float) -> np.ndarray:
    """The Gaussian that blurs a disk's rim, of 3 taps, or 5 for disks beyond 8 pixels."""
    reach = 2 if radius > SMALLEST_RADIUS else 1
    taps: np.ndarray = np.exp(-0.5 * (np.arange(-reach, reach + 1) / alias) ** 2)
    taps /= taps.sum()
    return taps


CORRUPTIONS = (
    Corruption(
        "defocus_blur",
        "Defocus blur",
        "blur",
        defocus_blur,
        ("radius", "alias"),
        {
            32: ((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
            64: ((0.5, 0.6), (1, 0.1), (1.5, 0.1), (2.5, 0.01), (3, 0.1)),
            224: ((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
        },
        lengths=frozenset({"radius", "alias"}),
        family="cifar_c",
    ),
    Corruption(
        "gaussian_blur",
        "Gaussian blur",
        "blur",
        gaussian_blur,
        ("sigma",),
        {
            32: single(0.4, 0.6, 0.7, 0.8, 1),
            64: single(0.5, 0.75, 1, 1.25, 1.5),
            224: single(1, 2, 3, 4, 6),
        },
        lengths=frozenset({"sigma"}),
        extra=True,
        family="cifar_c",
    ),
)
