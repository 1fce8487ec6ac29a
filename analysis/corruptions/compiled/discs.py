"""Discs that are a little blurred: running sums of columns in place of a tap for each pixel of the disc.

A disc is its columns, and the sum over a column of any height is the difference of two running sums. What follows, the
blur of the disc's rim, is a filter along rows and along columns. This is done in floats of 32 bits and in whole numbers
of 16, or of 32 for discs whose columns do not fit into 16; where that leaves open which byte a sum is cut to, the sum
over all taps in 64 bits decides, as everywhere it would.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop, part
from analysis.corruptions.compiled.filters import Border

f4 = np.float32
OPEN = 3.2e-4
"""Sums as near as this to a whole number are open. Less than 20 roundings of values below 260 make 3.1e-4."""
ROOM = 65535 // 255
"""Pixels whose sum 16 bits hold."""
MOST = 2**24 // 255
"""Pixels whose sum a float of 32 bits holds without rounding."""


@dataclass(frozen=True)
class Disc:
    """A disc of radius R, its rim blurred by taps that reach e pixels.

    Attributes:
        halves: int64 [R + 1], how far columns at a distance of 0, 1, ... reach up and down.
        across: float32 [e + 1], the taps along rows from the middle on, over the number of the disc's pixels.
        down: the same along columns, whose sum is 1.
        tips: int64 [T, 2] and tip_weights, float32 [2, T]: what is to be added at each of the disc's four tips: so
            many pixels from the middle, the sum over a line of so many pixels to both sides, times a weight; for lines
            that stand upright, and for level ones, which are still to be filtered along rows.
        table: uint8, the byte of each sum where all taps are alike; of no length elsewhere.
        taps, offsets: all taps, see `filters.correlated`.
    """

    halves: np.ndarray
    across: np.ndarray
    down: np.ndarray
    tips: np.ndarray
    tip_weights: np.ndarray
    table: np.ndarray
    taps: np.ndarray
    offsets: np.ndarray

    @property
    def whole(self) -> type[np.uint16] | type[np.uint32]:
        """The whole numbers that hold the sum over any two pairs of columns."""
        return np.uint16 if 8 * int(self.halves[0]) + 4 <= ROOM else np.uint32

    @property
    def reach(self) -> int:
        """How many pixels of a border are read."""
        return len(self.halves) + len(self.down) - 2


def blurred(images: Tensor, disc: Disc, border: Border, nudge: float) -> Tensor:
    """Bytes [..., H, W] to the sums over the disc's taps plus `nudge`, cut; `border` is as wide as the disc's reach."""
    out = torch.empty_like(images)
    height, width = images.shape[-2:]
    planes = [values.view(-1, height, width).numpy() for values in (images, out)]
    heights, kinds = np.unique(disc.halves, return_inverse=True)
    widths, lines = np.unique(disc.tips[:, 1], return_inverse=True)
    _discs(
        *planes,
        (heights, kinds.astype(np.int64)),
        (disc.across, disc.down),
        (disc.tips, disc.tip_weights, widths, lines.astype(np.int64), np.searchsorted(heights, disc.tips[:, 1])),
        disc.table,
        (disc.taps, disc.offsets),
        border,
        nudge,
        disc.whole,
    )
    return out


@loop
def _discs(images, out, columns, smooth, tips, table, exact, border, nudge, whole):  # type: ignore[no-untyped-def]
    heights, kinds = columns
    across, down = smooth
    count, height, width = images.shape
    radius, rim = len(kinds) - 1, len(down) - 1
    reach, rows = radius + rim, 2 * rim + 1
    wide, tall, longer = width + 2 * reach, height + 2 * reach, width + 2 * rim
    padded, sums = np.empty(tall * wide, whole), np.zeros((tall + 1) * wide, whole)
    lines = np.empty((len(tips[2]), tall * wide), whole)
    differences, part_sum = np.empty((len(heights), wide), whole), np.empty(longer, whole)
    total, added, ring = np.empty(longer, np.float32), np.empty(longer, np.float32), np.empty((rows, width), np.float32)
    value, is_open = np.empty(width, np.float32), np.empty(width, np.uint8)
    for image in range(count):
        _pad_and_sum(images[image], padded, sums, reach, border[0], border[1], whole)
        if len(table):
            for row in range(height):
                _disc_row(sums, row + reach, wide, heights, kinds, differences, part_sum, total, whole)
                result = out[image, row]
                for i in range(width):
                    result[i] = table[np.uint32(total[i])]
            continue
        _lines(padded, wide, tips[2], lines, whole)
        for row in range(-rim, height + rim):
            _disc_row(sums, row + reach, wide, heights, kinds, differences, part_sum, total, whole)
            line = ring[(row + rim) % rows]
            _along(total, across, line)
            _level_tips(differences, reach, tips, tips[4], line, whole)
            own = row - rim
            if own >= 0:
                _across_rows(ring, own, down, value)
                if len(tips[0]):
                    _upright_tips(lines, own + reach, wide, radius, tips, added, whole)
                    _add_along(added, across, value)
                if _cut(value, nudge, out[image, own], is_open):
                    _decide(padded, own + reach, wide, reach, exact, nudge, is_open, out[image, own])


@loop
def _pad_and_sum(plane, padded, sums, reach, rows, columns, whole):  # type: ignore[no-untyped-def]
    """A plane with its border, and the sums of each column from the top to above each row. Sums may run over."""
    width = plane.shape[1]
    wide = width + 2 * reach
    for row in range(len(rows)):
        source, line = plane[rows[row]], padded[row * wide : (row + 1) * wide]
        for column in range(reach):
            line[column] = source[columns[column]]
            line[reach + width + column] = source[columns[reach + width + column]]
        middle = line[reach:]
        for column in range(width):
            middle[column] = source[column]
        above, below = sums[row * wide : (row + 1) * wide], sums[(row + 1) * wide : (row + 2) * wide]
        for column in range(wide):
            below[column] = whole(above[column] + line[column])


@loop
def _disc_row(sums, row, wide, heights, kinds, differences, some, total, whole):  # type: ignore[no-untyped-def]
    """The sums over discs about each pixel of a row: whole numbers in `total`."""
    radius, n = len(kinds) - 1, len(total)
    for kind in range(len(heights)):
        half, line = heights[kind], differences[kind]
        upper, lower = sums[(row - half) * wide :], sums[(row + half + 1) * wide :]
        for i in range(wide):
            line[i] = whole(lower[i] - upper[i])
    middle, taken = differences[kinds[0]][radius:], 2 * heights[kinds[0]] + 1
    for i in range(n):
        total[i] = f4(0)
        some[i] = middle[i]
    for near in range(1, radius + 1, 2):
        far = min(near + 1, radius)
        more = 4 * heights[kinds[near]] + 2 + (4 * heights[kinds[far]] + 2) * (far - near)
        if taken + more > ROOM and whole is np.uint16:
            taken = 0
            for i in range(n):
                total[i] += f4(some[i])
                some[i] = whole(0)
        taken += more
        left, right = differences[kinds[near]][radius - near :], differences[kinds[near]][radius + near :]
        if far > near:
            lefter, righter = differences[kinds[far]][radius - far :], differences[kinds[far]][radius + far :]
            for i in range(n):
                some[i] = whole(some[i] + left[i] + right[i] + lefter[i] + righter[i])
        else:
            for i in range(n):
                some[i] = whole(some[i] + left[i] + right[i])
    for i in range(n):
        total[i] += f4(some[i])


@loop
def _lines(padded, wide, widths, lines, whole):  # type: ignore[no-untyped-def]
    """Sums over so many pixels to both sides of each one, from the smallest number to the largest."""
    before = 0
    for kind in range(len(widths)):
        line, source = lines[kind], padded if kind == 0 else lines[kind - 1]
        for i in range(len(padded)):
            line[i] = source[i]
        for step in range(before + 1, widths[kind] + 1):
            left, right = padded, padded[2 * step :]
            result = line[step:]
            for i in range(len(right)):
                result[i] = whole(result[i] + left[i] + right[i])
        before = widths[kind]


@part
def _along(values, taps, out):  # type: ignore[no-untyped-def]
    """A row filtered by symmetric taps."""
    rim, n = len(taps) - 1, len(out)
    middle, tap = values[rim:], taps[0]
    for i in range(n):
        out[i] = tap * middle[i]
    for k in range(1, rim + 1):
        left, right, tap = values[rim - k :], values[rim + k :], taps[k]
        for i in range(n):
            out[i] += tap * (left[i] + right[i])


@part
def _add_along(values, taps, out):  # type: ignore[no-untyped-def]
    """The same, added."""
    rim, n = len(taps) - 1, len(out)
    middle, tap = values[rim:], taps[0]
    for i in range(n):
        out[i] += tap * middle[i]
    for k in range(1, rim + 1):
        left, right, tap = values[rim - k :], values[rim + k :], taps[k]
        for i in range(n):
            out[i] += tap * (left[i] + right[i])


@part
def _across_rows(ring, row, taps, out):  # type: ignore[no-untyped-def]
    """The rows that are kept, filtered by symmetric taps."""
    rim, rows = len(taps) - 1, len(ring)
    middle, tap = ring[(row + rim) % rows], taps[0]
    for i in range(len(out)):
        out[i] = tap * middle[i]
    for k in range(1, rim + 1):
        above, below, tap = ring[(row + rim - k) % rows], ring[(row + rim + k) % rows], taps[k]
        for i in range(len(out)):
            out[i] += tap * (above[i] + below[i])


@loop
def _level_tips(differences, reach, tips, kinds, out, whole):  # type: ignore[no-untyped-def]
    """What is added left and right: upright lines, as long as columns of the disc."""
    for tip in range(len(kinds)):
        distance, weight, line = tips[0][tip, 0], tips[1][0, tip], differences[kinds[tip]]
        left, right = line[reach - distance :], line[reach + distance :]
        for i in range(len(out)):
            out[i] += weight * f4(whole(left[i] + right[i]))


@loop
def _upright_tips(lines, row, wide, radius, tips, out, whole):  # type: ignore[no-untyped-def]
    """What is added above and below: level lines."""
    for i in range(len(out)):
        out[i] = f4(0)
    for tip in range(len(tips[0])):
        distance, weight, line = tips[0][tip, 0], tips[1][1, tip], lines[tips[3][tip]]
        above, below = line[(row - distance) * wide + radius :], line[(row + distance) * wide + radius :]
        for i in range(len(out)):
            out[i] += weight * f4(whole(above[i] + below[i]))


@part
def _cut(values, nudge, result, is_open):  # type: ignore[no-untyped-def]
    """Values to bytes; whether any is open, and which."""
    any_open = np.uint8(0)
    for i in range(len(values)):
        value = min(max(values[i] + f4(nudge), f4(0)), f4(255.5))
        whole = np.floor(value)
        rest = value - whole
        result[i] = np.uint8(whole)
        near = np.uint8((rest < f4(OPEN)) | (rest > f4(1 - OPEN)))
        is_open[i] = near & np.uint8((value > f4(0.5)) & (value < f4(255.25)))
        any_open |= is_open[i]
    return any_open


@loop
def _decide(padded, row, wide, reach, exact, nudge, is_open, result):  # type: ignore[no-untyped-def]
    """The open bytes of a row from all taps; all bytes where many are open, which is then faster."""
    taps, offsets = exact
    width, found = len(is_open), 0
    for i in range(width):
        found += is_open[i]
    if found * 8 < width:
        for i in range(width):
            if is_open[i]:
                total = nudge
                for k in range(len(taps)):
                    at = (row + offsets[k, 0]) * wide + reach + offsets[k, 1] + i
                    total += taps[k] * np.float64(padded[at])
                result[i] = np.uint8(min(max(total, 0.0), 255.0))
        return
    sums = np.empty(width, np.float64)
    for i in range(width):
        sums[i] = nudge
    for k in range(len(taps)):
        moved, tap = padded[(row + offsets[k, 0]) * wide + reach + offsets[k, 1] :], taps[k]
        for i in range(width):
            sums[i] += tap * np.float64(moved[i])
    for i in range(width):
        result[i] = np.uint8(min(max(sums[i], 0.0), 255.0))
