"""Noise, independent for each channel value. Every distribution is a table over 16-bit words."""

from functools import lru_cache

import torch
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.compiled import noise as loops
from analysis.corruptions.corruption import Corruption, Row, single
from analysis.corruptions.pixels import look_up
from analysis.corruptions.random import WORDS, Draws, standard_normal

STEPS = 4096
"""Quantiles kept of each distribution that depends on the byte: 256 rows of them, a table of 1 MB, stay in cache."""


def gaussian_noise(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Return x + N(0, sigma)."""
    (sigma,) = parameters
    table = _normal_steps(sigma, images.device)
    if compiled.usable(images):
        return loops.added(images, draws.words(images[0].numel()), table)
    noise = look_up(table, draws.indices(images[0].numel()), images.shape)
    return noise.add_(images).clamp_(0, 255).to(torch.uint8)


def shot_noise(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Poisson(x photons) / photons; black stays black."""
    (photons,) = parameters
    return _by_byte(_poisson_bytes(photons, images.device), images, draws)


def speckle_noise(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Return x + x N(0, sigma); black stays black."""
    (sigma,) = parameters
    return _by_byte(_speckle_bytes(sigma, images.device), images, draws)


def _by_byte(table: Tensor, images: Tensor, draws: Draws) -> Tensor:
    """The entries of a flat table 256 x STEPS at each byte and a random quantile."""
    if compiled.usable(images):
        return loops.replaced(images, draws.words(images[0].numel()), table, STEPS)
    index = draws.indices(images[0].numel()).bitwise_right_shift_(4)
    index += images.to(torch.int32).mul_(STEPS).view(-1)
    return look_up(table, index, images.shape)


def impulse_noise(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Salt and pepper: each value is replaced with probability `amount`, by 0 or 255 with equal chance."""
    (amount,) = parameters
    half = round(amount * WORDS / 2)
    words = draws.words(images[0].numel())
    if compiled.usable(images):
        return loops.salted(images, words, half)
    words = words.view(torch.int16).reshape(images.shape)
    # As bytes: a mask of 255 where the pixel stays, and one of 255 where it turns white. Faster than masked filling.
    stays = (words < half - WORDS // 2).view(torch.uint8).sub_(1)
    white = (words >= WORDS // 2 - half).view(torch.uint8).neg_()
    return stays.bitwise_and_(images).bitwise_or_(white)


@lru_cache(maxsize=16)
def _normal_steps(sigma: float, device: torch.device) -> Tensor:
    """Word -> floor(255 sigma z), int16. A byte plus y, cut, is the byte plus floor(y), so nothing is lost."""
    return (standard_normal() * (255 * sigma)).floor().to(torch.int16).to(device)


@lru_cache(maxsize=16)
def _poisson_bytes(photons: float, device: torch.device) -> Tensor:
    """256 x STEPS, flat: byte and quantile -> the noisy byte, by inverting each distribution function."""
    rates = torch.arange(256, dtype=torch.float64)[:, None] / 255 * photons
    counts = torch.arange(int(photons + 10 * photons**0.5) + 10, dtype=torch.float64)
    log_chance = torch.xlogy(counts, rates) - rates - torch.lgamma(counts + 1)
    cumulative = log_chance.exp().cumsum(dim=1)
    drawn = torch.searchsorted(cumulative, _middles().expand(256, -1).contiguous())
    # The tiny addend undoes the rounding of the division where the result is whole.
    return (drawn * (255 / photons) + 1e-9).clamp(max=255).to(torch.uint8).flatten().to(device)


@lru_cache(maxsize=16)
def _speckle_bytes(sigma: float, device: torch.device) -> Tensor:
    """256 x STEPS, flat: byte v and quantile -> v + v sigma z, cut."""
    values = torch.arange(256, dtype=torch.float64)[:, None] * (1 + sigma * torch.special.ndtri(_middles()))
    result: Tensor = values.clamp(0, 255).to(torch.uint8).flatten().to(device)
    return result


def _middles() -> Tensor:
    """The middles of STEPS equal steps from 0 to 1, float64."""
    return (torch.arange(STEPS, dtype=torch.float64) + 0.5) / STEPS


CORRUPTIONS = (
    Corruption(
        "gaussian_noise",
        "Gaussian noise",
        "noise",
        gaussian_noise,
        ("sigma",),
        {
            32: single(0.04, 0.06, 0.08, 0.09, 0.10),
            64: single(0.04, 0.08, 0.12, 0.15, 0.18),
            224: single(0.08, 0.12, 0.18, 0.26, 0.38),
        },
        family="cifar_c",
    ),
    Corruption(
        "shot_noise",
        "Shot noise",
        "noise",
        shot_noise,
        ("photons",),
        {
            32: single(500, 250, 100, 75, 50),
            64: single(250, 100, 50, 30, 15),
            224: single(60, 25, 12, 5, 3),
        },
        family="cifar_c",
    ),
    Corruption(
        "impulse_noise",
        "Impulse noise",
        "noise",
        impulse_noise,
        ("amount",),
        {
            32: single(0.01, 0.02, 0.03, 0.05, 0.07),
            64: single(0.01, 0.02, 0.05, 0.08, 0.14),
            224: single(0.03, 0.06, 0.09, 0.17, 0.27),
        },
        family="cifar_c",
    ),
    Corruption(
        "speckle_noise",
        "Speckle noise",
        "noise",
        speckle_noise,
        ("sigma",),
        {
            32: single(0.06, 0.1, 0.12, 0.16, 0.2),
            64: single(0.15, 0.2, 0.25, 0.3, 0.35),
            224: single(0.15, 0.2, 0.35, 0.45, 0.6),
        },
        extra=True,
        family="cifar_c",
    ),
)
