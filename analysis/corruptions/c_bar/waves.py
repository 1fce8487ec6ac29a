"""Waves of C-bar that are laid over images."""

import torch
from torch import Tensor

from analysis.corruptions.c_bar.fields import added, between, places, uniform
from analysis.corruptions.corruption import Row
from analysis.corruptions.pixels import cut
from analysis.corruptions.random import Draws


def single_frequency_greyscale(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """A plane wave, the same in all channels, of a frequency drawn in radians a pixel, the larger first."""
    (amplitude,) = parameters
    rows, columns = places(images)
    numbers = uniform(draws, 4)
    larger = between(numbers[:, 0], -torch.pi, torch.pi)
    smaller = (2 * numbers[:, 1, None, None] - 1) * larger.abs()
    swapped = numbers[:, 2, None, None] < 0.5
    across, down = torch.where(swapped, smaller, larger), torch.where(swapped, larger, smaller)
    phase = between(numbers[:, 3], 0, 2 * torch.pi)
    return added(images, amplitude * (columns * across + rows * down + phase).sin())


def cocentric_sine_waves(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """A sawtooth of the distance from a point, which goes in and out with the angle."""
    (amplitude,) = parameters
    height, width = images.shape[-2:]
    size = min(height, width)
    rows, columns = places(images)
    numbers = uniform(draws, 5)
    across = columns - between(numbers[:, 0], 0, width)
    down = rows - between(numbers[:, 1], 0, height)
    swing = between(numbers[:, 3], 0, size / 10) * (torch.atan2(across, down) * between(numbers[:, 2], 0, 10)).sin()
    ring = between(numbers[:, 4], 0, size / 10)
    saw = ((across**2 + down**2).sqrt() + swing).remainder(ring) / ring - 0.5
    return added(images, amplitude * saw)


def plasma_noise(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """The image is mixed with sines of places that were bent by sines four to six times."""
    (share,) = parameters
    height, width = images.shape[-2:]
    rows, columns = places(images)
    numbers = uniform(draws, 4)
    time = between(numbers[:, 0], 0, 6 * torch.pi)
    rounds = (4 + 3 * numbers[:, 1, None, None]).floor()
    decay = 2.25 - between(numbers[:, 2], 0.5, 1)
    scale = between(numbers[:, 3], 0.075, 0.2) * min(height, width)
    x, y = (columns / scale).expand(-1, height, -1), (rows / scale).expand(-1, -1, width)
    frequency, slowing, damping = 1.0, 1.0, torch.ones_like(decay)
    for step in range(6):
        going = (rounds > step) / damping
        first = (y * frequency + time / slowing).cos() * going
        second = (x * frequency + time / slowing).sin() * going
        x, y = x + first - 0.3 * second, y + second + 0.3 * first
        frequency, slowing, damping = frequency * 1.93, slowing * 1.15, damping * decay
    colours = [(x - time).sin(), ((x + y + time.sin()) * 0.5).sin(), (y + time).sin()]
    field = torch.stack(colours[: images.shape[1]], dim=1)
    return cut((1 - share) * images + 255 * share * field)
