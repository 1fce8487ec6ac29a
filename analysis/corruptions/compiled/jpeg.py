"""JPEG on one image after another, as the Independent JPEG Group's codec computes it, to the last bit."""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop
from analysis.corruptions.compiled.blocks import code

i4 = np.int32


def compressed(images: Tensor, luminance: np.ndarray, colour: np.ndarray, narrow: int) -> Tensor:
    """Bytes [N, C, H, W] there and back with quantisation steps int32 [64]; up to `narrow` columns colour is copied."""
    out = torch.empty_like(images)
    if images.shape[1] == 1:
        _grey(images.numpy(), luminance, out.numpy())
    else:
        _coloured(images.numpy(), luminance, colour, narrow, out.numpy())
    return out


@loop
def _grey(images: np.ndarray, steps: np.ndarray, out: np.ndarray) -> None:
    count, _, height, width = images.shape
    plane = np.empty((-(-height // 8) * 8, -(-width // 8) * 8), np.int32)
    for image in range(count):
        for row in range(height):
            line, source = plane[row], images[image, 0, row]
            for column in range(width):
                line[column] = source[column]
        _fill(plane, height, width)
        code(plane, steps)
        for row in range(height):
            line, result = plane[row], out[image, 0, row]
            for column in range(width):
                result[column] = line[column]


@loop
def _coloured(images: np.ndarray, steps: np.ndarray, colour_steps: np.ndarray, narrow: int, out: np.ndarray) -> None:
    count, _, height, width = images.shape
    low, short = -(-height // 2), -(-width // 2)
    luminance = np.empty((-(-height // 8) * 8, -(-width // 16) * 16), np.int32)
    blue, red = np.empty((height, luminance.shape[1]), np.int32), np.empty((height, luminance.shape[1]), np.int32)
    # Both colour differences, one below the other, so that their blocks fill vectors.
    high = -(-low // 8) * 8
    halves = np.empty((2 * high, luminance.shape[1] // 2), np.int32)
    tall, b, r = np.empty(short, np.int32), np.empty(2 * short, np.int32), np.empty(2 * short, np.int32)
    for image in range(count):
        pixels, result = images[image], out[image]
        for row in range(height):
            _split(pixels[0, row], pixels[1, row], pixels[2, row], luminance[row], blue[row], red[row])
        _fill(luminance, height, width)
        code(luminance, steps)
        for plane, half in ((blue, halves[:high]), (red, halves[high:])):
            _fill(plane, height, width)
            _halve(plane, half)
            _fill(half, low, half.shape[1])
        code(halves, colour_steps)
        for row in range(height):
            for half, line in ((halves[:high], b), (halves[high:], r)):
                if 2 * short <= narrow:
                    for column in range(2 * short):
                        line[column] = half[row // 2, column // 2]
                else:
                    far = min(max(row // 2 - 1 + 2 * (row & 1), 0), low - 1)
                    _double(half[row // 2, :short], half[far, :short], tall, line)
            _join(luminance[row], b, r, result[0, row], result[1, row], result[2, row])


@loop
def _fill(plane: np.ndarray, height: int, width: int) -> None:
    """Repeat the edge pixels of the part [height, width] to the plane's end."""
    for row in range(plane.shape[0]):
        line, source = plane[row], plane[min(row, height - 1)]
        for column in range(width if row < height else 0, len(line)):
            line[column] = source[min(column, width - 1)]


@loop
def _split(
    red: np.ndarray,
    green: np.ndarray,
    blue: np.ndarray,
    luminance: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
) -> None:
    """A row of bytes to luminance and the differences of blue and red from it, in 16-bit fixed point."""
    middle = (128 << 16) + 32767
    for column in range(len(red)):
        r, g, b = red[column], green[column], blue[column]
        luminance[column] = i4(i4(19595 * r + 38470 * g + 7471 * b + 32768) >> 16)
        first[column] = i4(i4(32768 * b - 11058 * r - 21710 * g + middle) >> 16)
        second[column] = i4(i4(32768 * r - 27439 * g - 5329 * b + middle) >> 16)


@loop
def _halve(plane: np.ndarray, half: np.ndarray) -> None:
    """Means of 2x2 pixels, rounded up and down in turn from column to column."""
    for row in range(-(-plane.shape[0] // 2)):
        above, below, result = plane[2 * row], plane[min(2 * row + 1, plane.shape[0] - 1)], half[row]
        for column in range(len(result)):
            total = above[2 * column] + above[2 * column + 1] + below[2 * column] + below[2 * column + 1]
            result[column] = i4(i4(total + 1 + (column & 1)) >> 2)


@loop
def _double(near: np.ndarray, far: np.ndarray, tall: np.ndarray, result: np.ndarray) -> None:
    """A row of twice as many columns: 3/4 of the nearer and 1/4 of the further pixel each way."""
    for column in range(len(tall)):
        tall[column] = i4(3 * near[column] + far[column])
    last = len(tall) - 1
    result[0], result[2 * last + 1] = (4 * tall[0] + 8) >> 4, (4 * tall[last] + 7) >> 4
    for column in range(last):
        one, other = tall[column], tall[column + 1]
        result[2 * column + 1] = i4(i4(3 * one + other + 7) >> 4)
        result[2 * column + 2] = i4(i4(3 * other + one + 8) >> 4)


@loop
def _join(
    luminance: np.ndarray, first: np.ndarray, second: np.ndarray, red: np.ndarray, green: np.ndarray, blue: np.ndarray
) -> None:
    """The reverse of `_split`."""
    for column in range(len(red)):
        y, b, r = luminance[column], i4(first[column] - 128), i4(second[column] - 128)
        red[column] = min(max(i4(y + (i4(91881 * r + 32768) >> 16)), i4(0)), i4(255))
        green[column] = min(max(i4(y + (i4(32768 - 22554 * b - 46802 * r) >> 16)), i4(0)), i4(255))
        blue[column] = min(max(i4(y + (i4(116130 * b + 32768) >> 16)), i4(0)), i4(255))
