"""What MNIST-C draws into an image: stripes, a dotted line, a zigzag.

Mu & Gilmer, "MNIST-C: A Robustness Benchmark for Computer Vision" (2019). They are defined on a grid of 28 x 28, and an
image of any size is such a grid: its pixels' middles lie at (place + 1/2) 28 / size - 1/2. All channels get the same.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from analysis.corruptions.corruption import Corruption, Function, Row
from analysis.corruptions.pixels import cut, precise
from analysis.corruptions.random import WORDS, Draws

SIDE = 28
ROWS = 27
"""Lines start and end at one of so many rows."""
THICKNESS = 2.3
"""A line fades with the logarithm of the distance from it, and would be black at so many rows above and below."""
STRIPE = 7
"""Columns of the stripes at the left and the right."""
ZIGZAG = (2.0, 25.0)
"""The columns at which a zigzag starts and ends."""
TOOTH = 2.0
"""Half the distance between the tips of a zigzag, and their height."""
TILTS = 10
"""A zigzag ends 5 rows above to 4 below where it starts."""

Patterns = Callable[[Tensor, Tensor, Tensor], Tensor]


def stripe(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """The outer quarters of the columns are inverted."""
    columns = _grid(images.shape[3], images.device).add_(0.5).floor_()
    return torch.where((columns < STRIPE) | (columns >= SIDE - STRIPE), 255 - images, images)


def dotted_line(choices: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """From the left to the right edge; two columns on, two off. `choices` name its rows there."""
    first, last = choices // ROWS, choices % ROWS
    line = _segment((0, SIDE - 1), (first, last), columns, rows)
    return line * (torch.floor(columns + 0.5) // 2 % 2)


def zigzag(choices: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """Teeth along a line that is nearly level. `choices` name where it starts and how it is tilted."""
    first, tilt = choices // TILTS, choices % TILTS - TILTS // 2
    start, stop = ZIGZAG
    angle = torch.atan(tilt / (stop - start))
    total = columns.new_zeros(len(choices), len(rows), len(columns))
    before: tuple[Tensor, Tensor] | None = None
    for along, aside in _tips((stop - start) / angle.cos()):
        column = along * angle.cos() - aside * angle.sin() + start
        row = along * angle.sin() + aside * angle.cos() + first
        if before is not None:
            total += _segment((before[0], column), (before[1], row), columns, rows)
        before = column, row
    return total


def _tips(length: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Where a zigzag of the given lengths turns: how far along its line and beside it, from start to end."""
    zero = torch.zeros_like(length)
    teeth = int((float(length.min()) - TOOTH) // (2 * TOOTH)) + 1
    tips = [(zero + (2 * i + 1) * TOOTH, zero + (-1) ** i * TOOTH) for i in range(teeth)]
    # The last stroke ends a little off the line, as published.
    over = length - 2 * TOOTH * (length // (2 * TOOTH))
    return [(zero, zero), *tips, (length, tips[-1][1] / (2 * over))]


def _segment(
    across: tuple[Tensor | float, Tensor | float], down: tuple[Tensor, Tensor], columns: Tensor, rows: Tensor
) -> Tensor:
    """Brightness 0 to 1 of lines from (across[0], down[0]) to (across[1], down[1]): float64 [lines, H, W].

    They cover the columns from the first, rounded down, to just before the last, rounded up.
    """
    left, right = (
        torch.as_tensor(value, dtype=columns.dtype, device=columns.device).expand(down[0].shape)[:, None]
        for value in across
    )
    slope = (down[1][:, None] - down[0][:, None]) / (right - left)
    heights = slope * (columns - left) + down[0][:, None]
    away = (rows[:, None] - heights[:, None, :]).abs_()
    bright = (1 - away / THICKNESS).clamp_(min=0).log_().add_(1).clamp_(min=0)
    place = torch.floor(columns + 0.5)
    return bright * ((place >= left.floor()) & (place < right.ceil()))[:, None, :]


def _grid(size: int, device: torch.device) -> Tensor:
    """The places of pixels on the grid of 28, float64 [size]."""
    return (torch.arange(size, dtype=precise(device), device=device) + 0.5) * SIDE / size - 0.5


def _drawn(patterns: Patterns, count: int) -> Function:
    """The corruption that adds one of `count` patterns, [patterns, H, W] in 0 to 1, of which each is made once."""

    def corruption(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
        height, width = images.shape[2:]
        drawn = draws.words(1)[:, 0].to(torch.int64) * count // WORDS
        choices, which = torch.unique(drawn, return_inverse=True)
        found = patterns(choices.to(precise(images.device)), _grid(width, images.device), _grid(height, images.device))
        return cut(found.mul_(255).float()[which][:, None] + images)

    return corruption


def _corruption(name: str, label: str, function: Function) -> Corruption:
    return Corruption(name, label, "drawn", function, (), {SIDE: ((),)}, family="mnist_c", severities=(1,))


CORRUPTIONS = (
    _corruption("stripe", "Stripe", stripe),
    _corruption("dotted_line", "Dotted line", _drawn(dotted_line, ROWS * ROWS)),
    _corruption("zigzag", "Zigzag", _drawn(zigzag, ROWS * TILTS)),
)
