"""JPEG on one image after another, as the Independent JPEG Group's codec computes it, to the last bit.

Whole numbers of 32 bits throughout; the casts keep them so, where Numba would go on with 64.
"""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop, part

LANES = 8
"""Blocks of 8x8 pixels at once: as many as 32-bit numbers in a vector."""
ROW = 8 * LANES
i4 = np.int32


def compressed(images: Tensor, luminance: np.ndarray, colour: np.ndarray, narrow: int) -> Tensor:
    """Bytes [N, C, H, W] there and back with quantisation steps int32 [64]; up to `narrow` columns colour is copied."""
    out = torch.empty_like(images)
    count, channels, height, width = images.shape
    high, wide = -(-height // 8) * 8, -(-width // 16) * 16
    values = np.empty((count, high, wide), np.int32)
    if channels == 1:
        _widen(images.numpy(), values)
        _code(values.reshape(-1, wide), np.repeat(luminance, LANES), np.empty(64 * LANES, np.int32))
        _narrow(values, out.numpy())
        return out
    halves = np.empty((count, 2, -(-height // 16) * 8, wide // 2), np.int32)
    _apart(images.numpy(), values, halves, np.empty((2, height, wide), np.int32))
    for planes, steps in ((values, luminance), (halves, colour)):
        _code(planes.reshape(-1, planes.shape[-1]), np.repeat(steps, LANES), np.empty(64 * LANES, np.int32))
    short = -(-width // 2)
    _together(values, halves, short, 2 * short <= narrow, np.empty((3, 2 * short), np.int32), out.numpy())
    return out


@loop
def _widen(images: np.ndarray, planes: np.ndarray) -> None:
    count, _, height, width = images.shape
    for image in range(count):
        for row in range(height):
            line, source = planes[image, row], images[image, 0, row]
            for column in range(width):
                line[column] = source[column]
        _fill(planes[image], height, width)


@loop
def _narrow(planes: np.ndarray, out: np.ndarray) -> None:
    count, _, height, width = out.shape
    for image in range(count):
        for row in range(height):
            line, result = planes[image, row], out[image, 0, row]
            for column in range(width):
                result[column] = line[column]


@loop
def _apart(images: np.ndarray, luminance: np.ndarray, halves: np.ndarray, colour: np.ndarray) -> None:
    """Luminance, and both colour differences at half the size; `colour` is scratch for them at full size."""
    count, _, height, width = images.shape
    blue, red = colour[0], colour[1]
    for image in range(count):
        pixels, values = images[image], luminance[image]
        for row in range(height):
            _split(pixels[0, row], pixels[1, row], pixels[2, row], values[row], blue[row], red[row])
        _fill(values, height, width)
        for side in range(2):
            _fill(colour[side], height, width)
            half = halves[image, side]
            _halve(colour[side], half)
            _fill(half, -(-height // 2), half.shape[1])


@loop
def _together(
    luminance: np.ndarray, halves: np.ndarray, short: int, copied: bool, scratch: np.ndarray, out: np.ndarray
) -> None:
    count, _, height, _ = out.shape
    last = -(-height // 2) - 1
    tall = scratch[2, :short]
    for image in range(count):
        result = out[image]
        for row in range(height):
            far = min(max(row // 2 - 1 + 2 * (row & 1), 0), last)
            for side in range(2):
                near, line = halves[image, side, row // 2], scratch[side]
                if copied:
                    for column in range(2 * short):
                        line[column] = near[column // 2]
                else:
                    _double(near, halves[image, side, far], tall, line)
            _join(luminance[image, row], scratch[0], scratch[1], result[0, row], result[1, row], result[2, row])


@part
def _fill(plane: np.ndarray, height: int, width: int) -> None:
    """Repeat the edge pixels of the part [height, width] to the plane's end."""
    for row in range(plane.shape[0]):
        line, source = plane[row], plane[min(row, height - 1)]
        for column in range(width if row < height else 0, len(line)):
            line[column] = source[min(column, width - 1)]


@part
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


@part
def _halve(plane: np.ndarray, half: np.ndarray) -> None:
    """Means of 2x2 pixels, rounded up and down in turn from column to column."""
    for row in range(-(-plane.shape[0] // 2)):
        above, below, result = plane[2 * row], plane[min(2 * row + 1, plane.shape[0] - 1)], half[row]
        for column in range(len(result)):
            total = above[2 * column] + above[2 * column + 1] + below[2 * column] + below[2 * column + 1]
            result[column] = i4(i4(total + 1 + (column & 1)) >> 2)


@part
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


@part
def _join(
    luminance: np.ndarray, first: np.ndarray, second: np.ndarray, red: np.ndarray, green: np.ndarray, blue: np.ndarray
) -> None:
    """The reverse of `_split`."""
    for column in range(len(red)):
        y, b, r = luminance[column], i4(first[column] - 128), i4(second[column] - 128)
        red[column] = min(max(i4(y + (i4(91881 * r + 32768) >> 16)), i4(0)), i4(255))
        green[column] = min(max(i4(y + (i4(32768 - 22554 * b - 46802 * r) >> 16)), i4(0)), i4(255))
        blue[column] = min(max(i4(y + (i4(116130 * b + 32768) >> 16)), i4(0)), i4(255))


@loop
def _code(plane: np.ndarray, steps: np.ndarray, work: np.ndarray) -> None:
    """Change a plane int32 [8 m, 8 n] of values 0 to 255 as storing it does.

    Steps and the scratch are int32 [64 LANES], each step repeated over the lanes.
    """
    across = plane.shape[1] // 8
    blocks = plane.shape[0] // 8 * across
    for first in range(0, blocks, LANES):
        taken = min(LANES, blocks - first)
        for lane in range(taken):
            top, left = (first + lane) // across * 8, (first + lane) % across * 8
            for row in range(8):
                line = plane[top + row, left : left + 8]
                for column in range(8):
                    work[row * ROW + column * LANES + lane] = line[column] - 128
        _forward(work)
        _quantise(work, steps)
        _back(work)
        for lane in range(taken):
            top, left = (first + lane) // across * 8, (first + lane) % across * 8
            for row in range(8):
                line = plane[top + row, left : left + 8]
                for column in range(8):
                    line[column] = min(max(work[row * ROW + column * LANES + lane] + 128, 0), 255)


# The next two spell out what a loop over eight places would say: Numba would not turn that into vectors.


@part
def _forward(work: np.ndarray) -> None:
    """Along rows, keeping two bits more, then along columns; the result is eight times too large."""
    for row in range(8):
        line = work[row * ROW : (row + 1) * ROW]
        for i in range(LANES):
            a, b, c, d = line[i], line[i + 8], line[i + 16], line[i + 24]
            e, f, g, h = line[i + 32], line[i + 40], line[i + 48], line[i + 56]
            a, b, c, d, e, f, g, h = _frequencies(a, b, c, d, e, f, g, h, 11)
            line[i], line[i + 8], line[i + 16], line[i + 24] = a, b, c, d
            line[i + 32], line[i + 40], line[i + 48], line[i + 56] = e, f, g, h
    for i in range(ROW):
        a, b, c, d = work[i], work[i + 64], work[i + 128], work[i + 192]
        e, f, g, h = work[i + 256], work[i + 320], work[i + 384], work[i + 448]
        a, b, c, d, e, f, g, h = _frequencies(a, b, c, d, e, f, g, h, 15)
        work[i], work[i + 64], work[i + 128], work[i + 192] = a, b, c, d
        work[i + 256], work[i + 320], work[i + 384], work[i + 448] = e, f, g, h


@part
def _back(work: np.ndarray) -> None:
    """Along columns, then along rows."""
    for i in range(ROW):
        a, b, c, d = work[i], work[i + 64], work[i + 128], work[i + 192]
        e, f, g, h = work[i + 256], work[i + 320], work[i + 384], work[i + 448]
        a, b, c, d, e, f, g, h = _positions(a, b, c, d, e, f, g, h, 11)
        work[i], work[i + 64], work[i + 128], work[i + 192] = a, b, c, d
        work[i + 256], work[i + 320], work[i + 384], work[i + 448] = e, f, g, h
    for row in range(8):
        line = work[row * ROW : (row + 1) * ROW]
        for i in range(LANES):
            a, b, c, d = line[i], line[i + 8], line[i + 16], line[i + 24]
            e, f, g, h = line[i + 32], line[i + 40], line[i + 48], line[i + 56]
            a, b, c, d, e, f, g, h = _positions(a, b, c, d, e, f, g, h, 18)
            line[i], line[i + 8], line[i + 16], line[i + 24] = a, b, c, d
            line[i + 32], line[i + 40], line[i + 48], line[i + 56] = e, f, g, h


@part
def _frequencies(a, b, c, d, e, f, g, h, bits):  # type: ignore[no-untyped-def]
    """Loeffler's transform with this codec's constants, times sqrt(8) and 2^13, less some bits; see `jpeg`."""
    s, t, u, v = i4(a + h), i4(b + g), i4(c + f), i4(d + e)
    m, n, o, p = i4(a - h), i4(b - g), i4(c - f), i4(d - e)
    return (
        _whole(8192 * (s + t + u + v), bits),
        _whole(11363 * m + 9633 * n + 6437 * o + 2260 * p, bits),
        _whole(10703 * (s - v) + 4433 * (t - u), bits),
        _whole(9633 * m - 2259 * n - 11362 * o - 6436 * p, bits),
        _whole(8192 * (s - t - u + v), bits),
        _whole(6437 * m - 11362 * n + 2261 * o + 9633 * p, bits),
        _whole(4433 * (s - v) - 10704 * (t - u), bits),
        _whole(2260 * m - 6436 * n + 9633 * o - 11363 * p, bits),
    )


@part
def _positions(a, b, c, d, e, f, g, h, bits):  # type: ignore[no-untyped-def]
    """The transform's transpose."""
    s, t = i4(8192 * (a + e)), i4(8192 * (a - e))
    u, v = i4(10703 * c + 4433 * g), i4(4433 * c - 10704 * g)
    m = i4(11363 * b + 9633 * d + 6437 * f + 2260 * h)
    n = i4(9633 * b - 2259 * d - 11362 * f - 6436 * h)
    o = i4(6437 * b - 11362 * d + 2261 * f + 9633 * h)
    p = i4(2260 * b - 6436 * d + 9633 * f - 11363 * h)
    return (
        _whole(s + u + m, bits),
        _whole(t + v + n, bits),
        _whole(t - v + o, bits),
        _whole(s - u + p, bits),
        _whole(s - u - p, bits),
        _whole(t - v - o, bits),
        _whole(t + v - n, bits),
        _whole(s + u - m, bits),
    )


@part
def _whole(value, bits):  # type: ignore[no-untyped-def]
    """Without its last bits, rounded."""
    return i4(i4(value + (1 << (bits - 1))) >> bits)


@part
def _quantise(work: np.ndarray, steps: np.ndarray) -> None:
    """To the nearest multiple of eight steps, halves away from 0. Steps are repeated over the lanes."""
    for i in range(len(work)):
        value, step = np.float32(work[i]), np.float32(8 * steps[i])
        # A quotient of whole numbers below 2^24 is never rounded up to the next whole one.
        level = i4((abs(value) + np.float32(4 * steps[i])) / step)
        work[i] = steps[i] * (level if value >= 0 else i4(-level))
