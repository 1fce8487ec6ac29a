"""Warps of C-bar: the surface of water, ripples, pinched and twirled fields."""

from functools import lru_cache

import torch
from torch import Tensor

from analysis.corruptions.c_bar.fields import between, places, read_at, uniform
from analysis.corruptions.corruption import Row
from analysis.corruptions.linear import as_factors, filter_matrix, gaussian_taps
from analysis.corruptions.pixels import cut
from analysis.corruptions.random import Draws

INDEX = 4.0
"""By how much light is bent."""
SOFTENING = 1.0
"""The sigma that smooths the water, in pixels."""
STRAIGHT = 1 - 1e-3
"""Where the surface is as level as this, light goes straight on."""


def caustic_refraction(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Light is bent by a surface of water, and lit by its slopes."""
    lens, lighting = parameters
    height, width = images.shape[-2:]
    size = min(height, width)
    numbers = uniform(draws, 2)
    time, scale = between(numbers[:, 0], 0.5, 2), between(numbers[:, 1], 0.75, 1.25) * size
    rows, columns = places(images)
    left, right = _smoothing(height, width, images.device)
    water = torch.nn.functional.pad(left @ _caustics(rows / scale, columns / scale, time) @ right, (1, 1, 1, 1))
    down, across = water[:, 2:, 1:-1] - water[:, :-2, 1:-1], water[:, 1:-1, 2:] - water[:, 1:-1, :-2]
    upright = 1 / (down**2 + across**2 + 1).sqrt()
    # The bent ray's part along the slope, from the law of refraction: its sine is the normal's over the index.
    bent = upright * ((1 - (1 - upright**2) / INDEX**2).sqrt() - upright / INDEX)
    bent = torch.where(upright >= STRAIGHT, 0, bent) * (lens * size)
    seen = read_at(images, rows + _rounded(down * bent), columns + _rounded(across * bent))
    return cut(seen + (255 * lighting * (down - across))[:, None])


def _rounded(values: Tensor) -> Tensor:
    """To the thousandth of a pixel, as published."""
    return values.mul(1000).round().div(1000)


def _caustics(down: Tensor, across: Tensor, time: Tensor) -> Tensor:
    """The light on the ground of a pool, 0 to 1, at places [N, H, 1] and [N, 1, W]: float64 [N, H, W]."""
    first, second = torch.broadcast_tensors(down % 1 * (2 * torch.pi) - 250, across % 1 * (2 * torch.pi) - 250)
    x, y = first, second
    total = torch.ones_like(x)
    for step in range(1, 6):
        now = time * (1 - 3.5 / step)
        x, y = (
            first + (now - x).cos() + (now + y).sin(),
            second + (now - y).sin() + (now + x).cos(),
        )
        total = total + 200 / ((first / (x + now).sin()) ** 2 + (second / (y + now).cos()) ** 2).sqrt()
    return (1.17 - (total / 5) ** 1.4).abs().pow(8).clamp(0, 1)


@lru_cache(maxsize=8)
def _smoothing(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    taps = gaussian_taps(SOFTENING)
    rows, columns = (filter_matrix(taps, size, "reflect") for size in (height, width))
    return as_factors(rows, columns, device, dtype=float)


def ripple(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Rows and columns swing by a sine of their own place."""
    (amplitude,) = parameters
    size = min(images.shape[-2:])
    numbers = uniform(draws, 4)
    moved = []
    for axis, place in enumerate(places(images)):
        wavelength = between(numbers[:, axis], 0.1, 0.3) * size
        phase = between(numbers[:, 2 + axis], 0, 2 * torch.pi)
        moved.append(place + amplitude * size * (2 * torch.pi * place / wavelength + phase).sin())
    down, across = torch.broadcast_tensors(*moved)
    return cut(read_at(images, down, across))


def pinch_and_twirl(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """In each of 3 x 3 fields (5 x 5 from 224 pixels on) a disc is pinched, and turned one way or the other."""
    angle, amount = parameters
    height, width = images.shape[-2:]
    fields = 5 if min(height, width) >= 224 else 3
    side = min(height, width) // fields
    rows, columns = places(images)
    if not side:
        return images.clone()
    numbers = uniform(draws, fields * fields)
    field_down, field_across = (rows / side).floor(), (columns / side).floor()
    inside = (field_down < fields) & (field_across < fields)
    which = (field_down * fields + field_across).clamp(max=fields * fields - 1).long().flatten()
    way = torch.where(numbers[:, which] < 0.5, 1.0, -1.0).view(-1, height, width)
    down, across = rows - (field_down + 0.5) * side, columns - (field_across + 0.5) * side
    away = (down**2 + across**2).sqrt() / (side / 2)
    warped = inside & (away <= 1) & (away * (side / 2) >= 5e-4)
    pinch = (torch.pi / 2 * away.clamp(1e-9, 1)).sin() ** -amount
    turn = way * angle * (1 - away) ** 2
    new_down = pinch * (down * turn.cos() - across * turn.sin()) - down
    new_across = pinch * (down * turn.sin() + across * turn.cos()) - across
    return cut(read_at(images, rows + torch.where(warped, new_down, 0), columns + torch.where(warped, new_across, 0)))
