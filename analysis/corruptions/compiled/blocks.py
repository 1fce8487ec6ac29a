"""What JPEG does to 8x8 blocks: cosine transform, quantisation, and both undone, eight blocks side by side.

Whole numbers of 32 bits throughout, so the result is that of the Independent JPEG Group's codec to the last bit. The
casts keep the arithmetic at 32 bits, where Numba would go on with 64.
"""

import numpy as np

from analysis.corruptions.compiled import loop

LANES = 8
"""Blocks at once: as many as 32-bit numbers in a vector."""
ROW = 8 * LANES
i4 = np.int32


@loop
def code(plane: np.ndarray, steps: np.ndarray) -> None:
    """Change a plane int32 [8 m, 8 n] of values 0 to 255 as storing it does, with quantisation steps int32 [64]."""
    across = plane.shape[1] // 8
    blocks = plane.shape[0] // 8 * across
    work, wide = np.zeros(64 * LANES, np.int32), np.empty(64 * LANES, np.int32)
    for i in range(64 * LANES):
        wide[i] = steps[i // LANES]
    for first in range(0, blocks, LANES):
        taken = min(LANES, blocks - first)
        for lane in range(taken):
            top, left = (first + lane) // across * 8, (first + lane) % across * 8
            for row in range(8):
                line = plane[top + row, left : left + 8]
                for column in range(8):
                    work[row * ROW + column * LANES + lane] = line[column] - 128
        _forward(work)
        _quantise(work, wide)
        _back(work)
        for lane in range(taken):
            top, left = (first + lane) // across * 8, (first + lane) % across * 8
            for row in range(8):
                line = plane[top + row, left : left + 8]
                for column in range(8):
                    line[column] = min(max(work[row * ROW + column * LANES + lane] + 128, 0), 255)


# The next two spell out what a loop over eight places would say: Numba would not turn that into vectors.


@loop
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


@loop
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


@loop
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


@loop
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


@loop
def _whole(value, bits):  # type: ignore[no-untyped-def]
    """Without its last bits, rounded."""
    return i4(i4(value + (1 << (bits - 1))) >> bits)


@loop
def _quantise(work: np.ndarray, steps: np.ndarray) -> None:
    """To the nearest multiple of eight steps, halves away from 0. Steps are repeated over the lanes."""
    for i in range(len(work)):
        value, step = np.float32(work[i]), np.float32(8 * steps[i])
        # A quotient of whole numbers below 2^24 is never rounded up to the next whole one.
        level = i4((abs(value) + np.float32(4 * steps[i])) / step)
        work[i] = steps[i] * (level if value >= 0 else i4(-level))
