"""Drops on images, and the light in drops of water, which is what `spatter.water` says, for sixteen images at once."""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop
from analysis.corruptions.compiled.edges import LANES, canny, distances, frame

L = LANES
i2 = np.int16
i4 = np.int32
f4 = np.float32
SCALE = 1024


def water(depth: Tensor, low: int, high: int, farthest: int) -> Tensor:
    """How bright drops are, 0 to 1, from how much liquid there is, int16 [N, H, W] of 0 to 255: float32 [N, H, W]."""
    shine = torch.empty(depth.shape)
    count, height, width = depth.shape
    shape = (height + 4, (width + 4) * L)
    plane, first, second = (np.zeros(shape, np.int16) for _ in range(3))
    for start in range(0, count, L):
        some = depth[start : start + L].numpy()
        _side_by_side(some, plane)
        away = canny(plane, low, high)
        distances(away, farthest)
        frame(away, True)
        _levels(away, first)
        _equalise(first, len(some), *np.zeros((2, (farthest + 1) * L), np.int32))
        frame(first, True)
        _relief(first, second)
        frame(second, True)
        _smooth(second, first)
        _shine(first, some, shine[start : start + L].numpy())
    return shine


def lit(images: Tensor, shine: Tensor, colour: tuple[float, ...], nudge: float) -> Tensor:
    """Bytes [N, C, H, W] plus the colour times shine, float32 [N, H, W]."""
    out = torch.empty_like(images)
    _light(*_flat(images, out), shine.view(len(images), -1).numpy(), np.array(colour, np.float32), f4(nudge))
    return out


def covered(images: Tensor, cover: Tensor, thinnest: float, colour: tuple[float, ...], nudge: float) -> Tensor:
    """Bytes [N, C, H, W] under the colour where the share covered, float32 [N, H, W], is not below `thinnest`."""
    out = torch.empty_like(images)
    shares = cover.view(len(images), -1).numpy()
    _cover(*_flat(images, out), shares, f4(thinnest), np.array(colour, np.float32), f4(nudge))
    return out


def _flat(*images: Tensor) -> tuple[np.ndarray, ...]:
    return tuple(values.view(*values.shape[:2], -1).numpy() for values in images)


@loop
def _light(images: np.ndarray, out: np.ndarray, shine: np.ndarray, colour: np.ndarray, nudge: float) -> None:
    for image in range(len(images)):
        bright = shine[image]
        for channel in range(images.shape[1]):
            source, result, paint = images[image, channel], out[image, channel], colour[channel]
            for i in range(len(source)):
                value = bright[i] * paint + f4(source[i]) + nudge
                result[i] = np.uint8(min(max(value, f4(0)), f4(255)))


@loop
def _cover(
    images: np.ndarray, out: np.ndarray, cover: np.ndarray, thinnest: float, colour: np.ndarray, nudge: float
) -> None:
    for image in range(len(images)):
        shares = cover[image]
        for channel in range(images.shape[1]):
            source, result, paint = images[image, channel], out[image, channel], colour[channel]
            for i in range(len(source)):
                value, share = f4(source[i]), shares[i]
                share = share if share >= thinnest else f4(0)
                result[i] = np.uint8(min(max((paint - value) * share + value + nudge, f4(0)), f4(255)))


@loop
def _side_by_side(depth: np.ndarray, plane: np.ndarray) -> None:
    """Up to sixteen images [n, H, W] into a plane."""
    count, height, width = depth.shape
    for lane in range(count):
        for row in range(height):
            line, source = plane[row + 2], depth[lane, row]
            for column in range(width):
                line[(column + 2) * L + lane] = source[column]


@loop
def _levels(away: np.ndarray, levels: np.ndarray) -> None:
    """The mean over 3 x 3 pixels in whole pixels; a plane of 1/1024 pixel."""
    n = away.shape[1] - 4 * L
    share = f4(1 / (9 * SCALE))
    for row in range(2, away.shape[0] - 2):
        a, b, c, result = away[row - 1, L:], away[row, L:], away[row + 1, L:], levels[row, 2 * L :]
        for i in range(n):
            total = f4(a[i]) + f4(a[i + L]) + f4(a[i + 2 * L])
            total += f4(b[i]) + f4(b[i + L]) + f4(b[i + 2 * L])
            total += f4(c[i]) + f4(c[i + L]) + f4(c[i + 2 * L])
            result[i] = i2((total + f4(0.5)) * share)


@loop
def _equalise(plane: np.ndarray, taken: int, counts: np.ndarray, table: np.ndarray) -> None:
    """See `spatter.equalised`. Counts and table are of zeros, int32 [levels L]."""
    levels = len(counts) // L
    height, n = plane.shape[0] - 4, plane.shape[1] - 4 * L
    for row in range(2, height + 2):
        line = plane[row]
        for i in range(2 * L, n + 2 * L):
            counts[line[i] * L + i % L] += 1
    pixels = height * (n // L)
    for lane in range(taken):
        smallest = 0
        while counts[smallest * L + lane] == 0:
            smallest += 1
        lowest, above = counts[smallest * L + lane], 0
        scale = f4(255 / f4(max(pixels - lowest, 1)))
        for level in range(levels):
            if level > smallest:
                above += counts[level * L + lane]
            table[level * L + lane] = level if lowest == pixels else i4(np.rint(f4(above) * scale))
    for row in range(2, height + 2):
        line = plane[row]
        for i in range(2 * L, n + 2 * L):
            line[i] = table[line[i] * L + i % L]


@loop
def _relief(plane: np.ndarray, lit: np.ndarray) -> None:
    """Light from below and right, limited to bytes."""
    n = plane.shape[1] - 4 * L
    for row in range(2, plane.shape[0] - 2):
        a, b, c, result = plane[row - 1, L:], plane[row, L:], plane[row + 1, L:], lit[row, 2 * L :]
        for i in range(n):
            total = i2(2 * (c[i + 2 * L] - a[i]) + c[i + L] - a[i + L] + b[i + L] - b[i] + b[i + 2 * L])
            result[i] = min(max(total, i2(0)), i2(255))


@loop
def _smooth(lit: np.ndarray, smooth: np.ndarray) -> None:
    """The mean over 3 x 3 pixels, rounded."""
    n = lit.shape[1] - 4 * L
    for row in range(2, lit.shape[0] - 2):
        a, b, c, result = lit[row - 1, L:], lit[row, L:], lit[row + 1, L:], smooth[row, 2 * L :]
        for i in range(n):
            total = i2(a[i] + a[i + L] + a[i + 2 * L] + b[i] + b[i + L] + b[i + 2 * L] + c[i] + c[i + L] + c[i + 2 * L])
            result[i] = i2(np.rint(f4(total) * f4(1 / 9)))


@loop
def _shine(smooth: np.ndarray, depth: np.ndarray, shine: np.ndarray) -> None:
    """Times the depth; the brightest spot of each image is 1."""
    count, height, width = depth.shape
    for lane in range(count):
        brightest = f4(1)
        for row in range(height):
            line, own, result = smooth[row + 2], depth[lane, row], shine[lane, row]
            for column in range(width):
                value = f4(line[(column + 2) * L + lane]) * f4(own[column])
                result[column] = value
                brightest = max(brightest, value)
        for row in range(height):
            result = shine[lane, row]
            for column in range(width):
                result[column] /= brightest
