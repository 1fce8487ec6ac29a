"""Shapes of C-bar that are laid over images: sparkles, a chessboard, lines."""

import torch
from torch import Tensor

from analysis.corruptions.c_bar.fields import between, places, uniform
from analysis.corruptions.corruption import Row
from analysis.corruptions.pixels import cut
from analysis.corruptions.random import Draws, standard_normal

FEWEST, MOST = 50, 200
"""Rays of a sparkle: so many, and fewer than so many."""
SPARKLES = 5
ROUGHNESS = 0.25
"""The standard deviation of a ray's length over its mean."""
GREY = 128
CELLS = 40
"""The chessboard's fields repeat after so many along each side."""


def sparkles(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Five white stars, whose rays are at least one pixel long."""
    (radius,) = parameters
    height, width = images.shape[-2:]
    numbers = uniform(draws, SPARKLES * (3 + MOST)).view(-1, SPARKLES, 3 + MOST)
    kept = torch.ones(len(images), height, width, dtype=torch.float64, device=images.device)
    for star in numbers.unbind(1):
        lengths = (radius * min(height, width) * _rays(star)).clamp(min=1)
        middle = between(star[:, 0], 0, height), between(star[:, 1], 0, width)
        kept *= 1 - _sparkle(images, middle, star[:, 2], lengths, 1)
    return cut(255 - kept[:, None] * (255 - images.double()))


def inverse_sparkles(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """A white ground from which one star is left out, whose rays have a quarter of the side."""
    (sharpness,) = parameters
    height, width = images.shape[-2:]
    numbers = uniform(draws, 3 + MOST)
    middle = between(numbers[:, 0], 0.25, 0.75) * height, between(numbers[:, 1], 0.25, 0.75) * width
    lengths = 0.25 * min(height, width) * _rays(numbers)
    kept = _sparkle(images, middle, numbers[:, 2], lengths, sharpness)
    return cut(255 - kept[:, None] * (255 - images.double()))


def _rays(numbers: Tensor) -> Tensor:
    """The lengths of rays over their mean: normal, float64 [N, MOST]."""
    table = standard_normal().to(numbers.device)
    return 1 + ROUGHNESS * table[(numbers[:, 3:] * len(table)).long()]


def _sparkle(
    images: Tensor, middle: tuple[Tensor, Tensor], number: Tensor, lengths: Tensor, sharpness: float
) -> Tensor:
    """How much of a star is at each pixel, 0 to 1: float64 [N, H, W]. `number`, [N], says how many rays it has."""
    rows, columns = places(images)
    down, across = rows - middle[0], columns - middle[1]
    rays = between(number, FEWEST, MOST).floor()
    turn = (torch.atan2(across, down) + torch.pi) / (2 * torch.pi) * rays
    ray = turn.floor()
    part = turn - ray
    one, other = (_length(lengths, (ray + step) % rays) for step in (0, 1))
    reach = (one + part * (other - one)) ** 2 / (down**2 + across**2 + 1e-4)
    return ((1 - (part - 0.5) ** 2) * reach**sharpness).clamp(0, 1)


def _length(lengths: Tensor, ray: Tensor) -> Tensor:
    return lengths.gather(1, ray.long().flatten(1)).view(ray.shape)


def checkerboard_cutout(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Of the black fields of a tilted chessboard a share is grey, drawn field by field."""
    (share,) = parameters
    height, width = images.shape[-2:]
    rows, columns = places(images)
    numbers = uniform(draws, 2 + CELLS * CELLS)
    angle = between(numbers[:, 0], 0, 2 * torch.pi)
    side = (between(numbers[:, 1], 0.1, 0.25) * min(height, width)).clamp(min=1)
    along = (angle.cos() * rows + angle.sin() * columns) / side
    aside = (angle.cos() * columns - angle.sin() * rows) / side
    # Fields about the middle are counted towards zero, as published: four of them share a draw.
    field = (along.trunc() % CELLS * CELLS + aside.trunc() % CELLS).long()
    drawn = numbers[:, 2:].gather(1, field.flatten(1)).view(field.shape) < share
    covered = drawn & (along.floor() % 2 == aside.floor() % 2)
    return torch.where(covered[:, None], GREY, images)


def lines(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Grey lines from end to end of the image about one direction, smoothed over a pixel on each side."""
    (density,) = parameters
    height, width = images.shape[-2:]
    size = min(height, width)
    rows, columns = places(images)
    count = int(density * size + 1e-9)
    numbers = uniform(draws, 2 + 3 * count)
    angle, spread = between(numbers[:, 0], 0, 2 * torch.pi), between(numbers[:, 1], 0.1, 1)
    result = images
    for first, second, third in numbers[:, 2:].view(len(images), count, 3).permute(1, 2, 0):
        turned = angle + 2 * torch.pi * spread * (third[:, None, None] - 0.5)
        x, y = between(first, 0, height), between(second, 0, width)
        result = _over(result, _line(rows, columns, x, y, turned, size))
    return result


def _line(rows: Tensor, columns: Tensor, x: Tensor, y: Tensor, angle: Tensor, reach: int) -> Tensor:
    """Cover 0 to 1 of a line through (x, y), x counted down: one less the distance, float64 [N, H, W]."""
    cosine, sine = angle.cos() * reach, angle.sin() * reach
    top, left, bottom, right = (x - cosine).trunc(), (y - sine).trunc(), (x + cosine).trunc(), (y + sine).trunc()
    down, across = bottom - top, right - left
    length = (down**2 + across**2).sqrt().clamp(min=1)
    cover = (1 - (down * (columns - left) - across * (rows - top)).abs() / length).clamp(min=0)
    steep = down.abs() >= across.abs()
    place, low, high = (
        torch.where(steep, one, other)
        for one, other in (
            (rows, columns),
            (top.minimum(bottom), left.minimum(right)),
            (top.maximum(bottom), left.maximum(right)),
        )
    )
    return cover * ((place >= low) & (place <= high))


def _over(images: Tensor, cover: Tensor) -> Tensor:
    """The images under grey of a cover, cut to bytes."""
    share = cover[:, None]
    return cut((1 - share) * images + share * GREY)
