"""Noises of C-bar that are made from spectra, and from gradients on a grid."""

import torch
from torch import Tensor

from analysis.corruptions.c_bar.fields import added, places, uniform
from analysis.corruptions.corruption import Row
from analysis.corruptions.pixels import cut
from analysis.corruptions.random import Draws

TABLE = 256
"""Perlin's gradients, and the length of the permutation that picks among them."""
OCTAVES = (1, 2, 4, 8, 16)
CELL = 32 / 224
"""The side of a cell of the coarsest of them, in shorter sides of the image."""


def blue_noise_sample(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Pixels are black where noise whose amplitude grows with its frequency is below a threshold."""
    (threshold,) = parameters
    distance = _frequencies(images)
    kept = _with_spectrum(distance, uniform(draws, _phases(images)))
    return images * (kept > threshold)[:, None]


def brownish_noise(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Noise of amplitude 1 / (frequency^2 + 1) is added, another in each channel."""
    (deviation,) = parameters
    channels, count = images.shape[1], _phases(images)
    power = 1 / (_frequencies(images) ** 2 + 1)
    phases = uniform(draws, channels * count).view(-1, count)
    return added(images, deviation * _with_spectrum(power, phases).view(images.shape))


def perlin_noise(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """The image is mixed with the turbulence of five octaves of Perlin's noise of 1985."""
    (share,) = parameters
    height, width = images.shape[-2:]
    numbers = uniform(draws, 3 * TABLE)
    order = numbers[:, :TABLE].argsort(dim=1, stable=True)
    gradients = 2 * numbers[:, TABLE:].view(-1, TABLE, 2) - 1
    gradients /= gradients.norm(dim=2, keepdim=True)
    rows, columns = (place / (CELL * min(height, width)) for place in places(images))
    total = sum(_gradient_noise(order, gradients, rows * f, columns * f).abs() / f for f in OCTAVES)
    field = torch.as_tensor(total).mul(0.5).add(0.5).clamp(0, 1)
    return cut((1 - share) * images + 255 * share * field[:, None])


def _phases(images: Tensor) -> int:
    """How many numbers decide the phases of an image."""
    return -(-images[0, 0].numel() // 2)


def _frequencies(images: Tensor) -> Tensor:
    """Each frequency's distance from 0 in periods of the shorter side, 0 in the middle: float64 [H, W]."""
    height, width = images.shape[-2:]
    rows, columns = places(images)
    scale = min(height, width)
    down, across = (rows - height // 2) * (scale / height), (columns - width // 2) * (scale / width)
    return (down**2 + across**2).sqrt()


def _with_spectrum(amplitudes: Tensor, numbers: Tensor) -> Tensor:
    """Noise of standard deviation 1, float64 [N, H, W].

    The phases are those of `numbers`, [N, half of the pixels], and in the other half the same, turned by 180 degrees
    about the middle of the spectrum.
    """
    height, width = amplitudes.shape
    half = height * width // 2
    phases = torch.cat([numbers, numbers[:, :half].flip(1)], dim=1).view(-1, height, width).mul(2 * torch.pi)
    spectrum = torch.polar(amplitudes.expand(phases.shape).contiguous(), phases)
    noise: Tensor = torch.fft.ifft2(torch.fft.ifftshift(spectrum, dim=(1, 2))).real
    deviation = noise.std(dim=(1, 2), keepdim=True, correction=0)
    return noise / deviation.clamp(min=1e-12)


def _gradient_noise(order: Tensor, gradients: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Perlin's noise at places in cells of the grid, [H, 1] and [1, W]: float64 [N, H, W]."""
    top, left = rows.floor(), columns.floor()
    down, across = rows - top, columns - left
    first = [order[:, (left.long() + step).flatten() % TABLE] for step in (0, 1)]
    corners = []
    for below in (0, 1):
        sums = [(each[:, None] + (top.long() + below).view(1, -1, 1)) % TABLE for each in first]
        chosen = [_taken(gradients, _taken(order[..., None], at)[..., 0]) for at in sums]
        corners.append([(across - right) * g[..., 0] + (down - below) * g[..., 1] for right, g in enumerate(chosen)])
    smooth_across, smooth_down = across**2 * (3 - 2 * across), down**2 * (3 - 2 * down)
    upper, lower = (pair[0] + smooth_across * (pair[1] - pair[0]) for pair in corners)
    return 1.5 * (upper + smooth_down * (lower - upper))


def _taken(table: Tensor, at: Tensor) -> Tensor:
    """The entries of each image's table [N, K, D] at [N, H, W]: [N, H, W, D]."""
    flat = at.flatten(1)[..., None].expand(-1, -1, table.shape[2])
    return table.gather(1, flat).view(*at.shape, table.shape[2])
