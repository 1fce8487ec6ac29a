"""Linear interpolation at any places, an image at a time: the two steps of the elastic transform."""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop, part

f4 = np.float32
i4 = np.int32


def warped(images: Tensor, linear: Tensor, shift: Tensor, moves: Tensor | None, nudge: float) -> Tensor:
    """Bytes [N, C, H, W] read at L (x, y) + t, then, where given, at (x, y) + moves; cut to bytes.

    Args:
        images: uint8.
        linear: L, float32 [N, 2, 2].
        shift: t, float32 [N, 2]. Beyond the image it is reflected about its edge pixels.
        moves: float32 [N, 2, H, W], across and down. Beyond the image it is reflected about its edges.
        nudge: added before cutting.
    """
    out = torch.empty_like(images)
    no_moves = np.empty((0, 2, *images.shape[2:]), np.float32)
    steps = no_moves if moves is None else moves.numpy()
    _warp(images.numpy(), linear.numpy(), shift.numpy(), steps, out.numpy(), f4(nudge))
    return out


@loop
def _warp(
    images: np.ndarray, linear: np.ndarray, shift: np.ndarray, moves: np.ndarray, out: np.ndarray, nudge: float
) -> None:
    count, channels, height, width = images.shape
    pixels = height * width
    across, down = np.empty(pixels, np.float32), np.empty(pixels, np.float32)
    first = np.empty(pixels, np.uint32)
    values, moved = np.empty((channels, pixels), np.float32), np.empty((channels, pixels), np.float32)
    for image in range(count):
        for channel in range(channels):
            for row in range(height):
                source, line = images[image, channel, row], values[channel, row * width :]
                for column in range(width):
                    line[column] = f4(source[column])
        matrix, start = linear[image], shift[image]
        for row in range(height):
            x, y = across[row * width : (row + 1) * width], down[row * width : (row + 1) * width]
            start_x, start_y = f4(row) * matrix[0, 1] + start[0], f4(row) * matrix[1, 1] + start[1]
            step_x, step_y = matrix[0, 0], matrix[1, 0]
            for column in range(width):
                x[column] = f4(column) * step_x + start_x
                y[column] = f4(column) * step_y + start_y
        _read(values, across, down, first, width, height, f4(0), moved)
        if len(moves):
            for row in range(height):
                x, y = across[row * width : (row + 1) * width], down[row * width : (row + 1) * width]
                own_x, own_y = moves[image, 0, row], moves[image, 1, row]
                for column in range(width):
                    x[column] = f4(column) + own_x[column]
                    y[column] = f4(row) + own_y[column]
            _read(moved, across, down, first, width, height, f4(0.5), values)
        final = values if len(moves) else moved
        for channel in range(channels):
            for row in range(height):
                result, line = out[image, channel, row], final[channel, row * width :]
                for column in range(width):
                    result[column] = np.uint8(min(max(line[column] + nudge, f4(0)), f4(255)))


@loop
def _read(
    values: np.ndarray,
    across: np.ndarray,
    down: np.ndarray,
    first: np.ndarray,
    width: int,
    height: int,
    beyond: float,
    out: np.ndarray,
) -> None:
    """Values [C, H W] at places that are reflected so far beyond the edge pixels. The places are overwritten."""
    _inside(across, width, beyond)
    _inside(down, height, beyond)
    last_x, last_y = i4(max(width - 2, 0)), i4(max(height - 2, 0))
    for place in range(len(first)):
        x, y = min(i4(across[place]), last_x), min(i4(down[place]), last_y)
        across[place] -= f4(x)
        down[place] -= f4(y)
        first[place] = i4(y * width + x)
    # An image of one pixel's width has no right neighbours: each is its own.
    right, below = np.uintp(min(width - 1, 1)), np.uintp(min(height - 1, 1) * width)
    # All three channels at once, as places and shares are the same. One channel is all three of them.
    middle, last = len(values) // 2, len(values) - 1
    red, green, blue = values[0], values[middle], values[last]
    new_red, new_green, new_blue = out[0], out[middle], out[last]
    for place in range(len(first)):
        x, y, a = across[place], down[place], np.uintp(first[place])
        b, c, d = a + right, a + below, a + below + right
        new_red[place] = _between(red[a], red[b], red[c], red[d], x, y)
        new_green[place] = _between(green[a], green[b], green[c], green[d], x, y)
        new_blue[place] = _between(blue[a], blue[b], blue[c], blue[d], x, y)


@part
def _between(a, b, c, d, x, y):  # type: ignore[no-untyped-def]
    """Between four pixels, the upper two first."""
    upper, lower = a + x * (b - a), c + x * (d - c)
    return upper + y * (lower - upper)


@part
def _inside(places: np.ndarray, size: int, beyond: float) -> None:
    """Coordinates to 0 to size - 1, reflected at -beyond and size - 1 + beyond."""
    last = f4(size - 1)
    span = f4(last + beyond + beyond)
    share = f4(1) / span if span > 0 else f4(0)
    for i in range(len(places)):
        from_edge = abs(places[i] + beyond)
        turns = np.floor(from_edge * share)
        rest = from_edge - turns * span
        half = turns * f4(0.5)
        rest = rest if half == np.floor(half) else span - rest
        places[i] = min(max(rest - beyond, f4(0)), last)
