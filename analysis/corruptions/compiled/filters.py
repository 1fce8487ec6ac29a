"""Filters with the same symmetric taps along rows and columns, a plane at a time."""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop, part

f4 = np.float32
Border = tuple[np.ndarray, np.ndarray]


def blurred(images: Tensor, taps: np.ndarray, border: Border, nudge: float) -> Tensor:
    """Bytes [..., H, W] filtered, cut to bytes.

    Args:
        images: uint8.
        taps: float32 [r + 1] from the middle on.
        border: int64 [H + 2 r] and [W + 2 r], which row and which column is read at each place from r before the first.
        nudge: added before cutting.
    """
    out = torch.empty_like(images)
    height, width = images.shape[-2:]
    planes = [values.view(-1, height, width).numpy() for values in (images, out)]
    _blur(*planes, taps, *border, f4(nudge))
    return out


def correlated(images: Tensor, taps: np.ndarray, offsets: np.ndarray, border: Border, nudge: float) -> Tensor:
    """Bytes [..., H, W] to sums over the taps, float64 [K], of the pixels at offsets int64 [K, 2], down and right; cut.

    The border reaches as far as the offsets. Sums are of 64 bits.
    """
    out = torch.empty_like(images)
    height, width = images.shape[-2:]
    planes = [values.view(-1, height, width).numpy() for values in (images, out)]
    _correlate(*planes, taps, offsets, *border, nudge)
    return out


def smoothed(planes: Tensor, taps: np.ndarray, border: Border) -> Tensor:
    """The same for float32 [N, H, W], uncut."""
    out = torch.empty_like(planes)
    _smooth(planes.numpy(), out.numpy(), taps, *border)
    return out


@loop
def _blur(
    images: np.ndarray, out: np.ndarray, taps: np.ndarray, rows: np.ndarray, columns: np.ndarray, nudge: float
) -> None:
    count, height, width = images.shape
    wide, padded, across, down = _buffers(height, width, len(taps) - 1)
    for image in range(count):
        _filter(images[image], taps, rows, columns, padded, across, down)
        for row in range(height):
            line, result = down[row * wide : row * wide + width], out[image, row]
            for column in range(width):
                result[column] = np.uint8(min(max(line[column] + nudge, f4(0)), f4(255)))


@loop
def _smooth(planes: np.ndarray, out: np.ndarray, taps: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> None:
    count, height, width = planes.shape
    wide, padded, across, down = _buffers(height, width, len(taps) - 1)
    for image in range(count):
        _filter(planes[image], taps, rows, columns, padded, across, down)
        for row in range(height):
            line, result = down[row * wide : row * wide + width], out[image, row]
            for column in range(width):
                result[column] = line[column]


@loop
def _correlate(
    images: np.ndarray,
    out: np.ndarray,
    taps: np.ndarray,
    offsets: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    nudge: float,
) -> None:
    count, height, width = images.shape
    reach = (len(columns) - width) // 2
    wide = width + 2 * reach
    padded, total = np.zeros((height + 2 * reach) * wide, np.float32), np.empty(height * wide - 2 * reach, np.float64)
    for image in range(count):
        _pad(images[image], padded, reach, rows, columns)
        for i in range(len(total)):
            total[i] = nudge
        for k in range(len(taps)):
            moved, tap = padded[(reach + offsets[k, 0]) * wide + reach + offsets[k, 1] :], taps[k]
            for i in range(len(total)):
                total[i] += tap * moved[i]
        for row in range(height):
            line, result = total[row * wide : row * wide + width], out[image, row]
            for column in range(width):
                result[column] = np.uint8(min(max(line[column], 0.0), 255.0))


@part
def _buffers(height: int, width: int, reach: int) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
    """The length of a padded row, and room for a padded plane, for its filtered rows, and for the filtered plane."""
    wide = width + 2 * reach
    size = (height + 2 * reach) * wide
    return wide, np.zeros(size, np.float32), np.zeros(size, np.float32), np.empty(height * wide, np.float32)


@part
def _filter(
    plane: np.ndarray,
    taps: np.ndarray,
    rows: np.ndarray,
    columns: np.ndarray,
    padded: np.ndarray,
    across: np.ndarray,
    down: np.ndarray,
) -> None:
    reach = len(taps) - 1
    _pad(plane, padded, reach, rows, columns)
    _along(padded, 1, taps, across)
    _along(across, plane.shape[1] + 2 * reach, taps, down)


@part
def _pad(plane: np.ndarray, padded: np.ndarray, reach: int, rows: np.ndarray, columns: np.ndarray) -> None:
    height, width = plane.shape
    wide = width + 2 * reach
    for row in range(height + 2 * reach):
        source, line = plane[rows[row]], padded[row * wide : (row + 1) * wide]
        for column in range(reach):
            line[column] = f4(source[columns[column]])
            line[reach + width + column] = f4(source[columns[reach + width + column]])
        middle = line[reach:]
        for column in range(width):
            middle[column] = f4(source[column])


@loop
def _along(values: np.ndarray, step: int, taps: np.ndarray, out: np.ndarray) -> None:
    """Each value becomes the sum over those in front of it, where the middle tap lies `reach` steps in front."""
    reach = len(taps) - 1
    n = min(len(values) - 2 * reach * step, len(out))
    middle, tap = values[reach * step :], taps[0]
    for i in range(n):
        out[i] = tap * middle[i]
    # Two pairs of taps at a time: the sums are read and written half as often.
    for k in range(1, reach + 1, 2):
        before, after, tap = values[(reach - k) * step :], values[(reach + k) * step :], taps[k]
        further_before, further_after, other = before, after, f4(0)
        if k < reach:
            other = taps[k + 1]
            further_before, further_after = values[(reach - k - 1) * step :], values[(reach + k + 1) * step :]
        for i in range(n):
            out[i] += tap * (before[i] + after[i]) + other * (further_before[i] + further_after[i])
