"""Motion blur along a random direction, as ImageMagick makes it; snow falls by the same means.

The kernel is one half of a Gaussian, laid from each pixel along the direction. Sorted by direction, the images whose
k-th tap lies at the same offset are neighbours, so that a tap costs few additions of large blocks.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.compiled import along
from analysis.corruptions.corruption import Corruption, Row
from analysis.corruptions.pixels import NUDGE, cut
from analysis.corruptions.random import WORDS, Draws

# Taps are multiples of this, so that float32 holds all products with bytes and their sums exactly.
UNIT = 2.0**-16
# Taps below a sixteenth of a grey level are left out.
NEGLIGIBLE = 1 / (16 * 255)
SECTOR = math.pi / 2
"""Directions lie within a right angle."""


def motion_blur(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Blur along a direction within 45 degrees of horizontal; beyond the border lies the edge pixel."""
    radius, sigma = parameters
    return blur_along(images, motion(radius, sigma, -SECTOR / 2), draws.words(1)[:, 0])


@dataclass(frozen=True)
class Motion:
    """The taps of a motion blur for each direction.

    taps: float64 [K], their sum is 1. offsets: [K] lists of (word from which on it holds, right, down).
    padding: pixels that the offsets reach beyond an image, (left, right, up, down).
    starts, sectors: the same offsets once more: int64 [S] words from which on others hold, and what then holds for each
        tap, right and down, int64 [S, K, 2].
    """

    taps: np.ndarray
    offsets: list[list[tuple[int, int, int]]]
    padding: tuple[int, int, int, int]
    starts: np.ndarray
    sectors: np.ndarray


@lru_cache(maxsize=16)
def motion(radius: float, sigma: float, first: float) -> Motion:
    """Tap k lies k pixels along the direction, both coordinates rounded; words stand for directions from `first` on."""
    taps = motion_taps(radius, sigma)
    angles = first + SECTOR * (np.arange(WORDS) + 0.5) / WORDS
    offsets = []
    for k in range(len(taps)):
        right, down = (np.ceil(k * part(angles) - 0.5).astype(int) for part in (np.cos, np.sin))
        starts = np.flatnonzero(np.diff(right, prepend=right[0] + 1) | np.diff(down, prepend=down[0]))
        offsets.append([(int(word), int(right[word]), int(down[word])) for word in starts])
    rights, downs = zip(*((right, down) for tap in offsets for _, right, down in tap), strict=True)
    all_starts = np.unique([word for tap in offsets for word, _, _ in tap])
    padding = (-min(rights), max(rights), -min(downs), max(downs))
    return Motion(taps, offsets, padding, all_starts, _by_sector(offsets, all_starts))


def _by_sector(offsets: list[list[tuple[int, int, int]]], starts: np.ndarray) -> np.ndarray:
    sectors = np.empty((len(starts), len(offsets), 2), np.int64)
    for k, tap in enumerate(offsets):
        first, *places = np.array(tap).T
        sectors[:, k] = np.stack(places, axis=1)[np.searchsorted(first, starts, side="right") - 1]
    return sectors


def motion_taps(radius: float, sigma: float) -> np.ndarray:
    """Half a Gaussian at 0, 1, ..., 2 ceil(radius) pixels without what is negligible, float64, of sum 1."""
    taps = np.exp(-0.5 * (np.arange(2 * math.ceil(radius) + 1) / sigma) ** 2)
    taps = taps[taps / taps.sum() > NEGLIGIBLE]
    whole = np.round(taps / taps.sum() / UNIT)
    whole[0] += 1 / UNIT - whole.sum()
    result: np.ndarray = whole * UNIT
    return result


def blur_along(images: Tensor, kernel: Motion, words: Tensor) -> Tensor:
    """Bytes [N, C, H, W] blurred, to bytes again; words uint16 [N] stand for the directions."""
    if compiled.usable(images):
        return along.blurred(images, words, kernel.taps.astype(np.float32), kernel.sectors, kernel.starts, NUDGE)
    count, channels, height, width = images.shape
    words = words.to(torch.int32)
    order = words.argsort(stable=True)
    words = words[order]
    left, right, up, _ = kernel.padding
    padded = _padded(images.index_select(0, order), kernel.padding)
    wide = left + width + right
    stride, start = channels * wide, up * channels * wide + left
    length = height * stride - left - right
    padded = padded.view(count, -1)
    total = padded.new_zeros(count, height * stride)
    middle = total[:, :length]
    for tap, offsets in zip(kernel.taps.tolist(), kernel.offsets, strict=True):
        starts = torch.tensor([word for word, _, _ in offsets], dtype=torch.int32, device=images.device)
        bounds = [*torch.searchsorted(words, starts).tolist(), count]
        for (_, x, y), begin, end in zip(offsets, bounds, bounds[1:], strict=False):
            if begin < end:
                at = start + y * stride + x
                middle[begin:end].add_(padded[begin:end, at : at + length], alpha=tap)
    blurred = cut(total).view(count, height, channels, wide)[..., :width].transpose(1, 2)
    return blurred.contiguous().index_select(0, order.argsort())


def _padded(images: Tensor, padding: tuple[int, int, int, int]) -> Tensor:
    """Edge pixels repeated outwards: float32 [N, rows, C, columns].

    In this layout an offset is one distance in memory, so that a shifted image is one long row.
    """
    left, right, up, down = padding
    count, channels, height, width = images.shape
    padded = torch.empty(count, up + height + down, channels, left + width + right, device=images.device)
    inner = padded[:, up : up + height]
    inner[..., left : left + width] = images.transpose(1, 2)
    inner[..., :left] = inner[..., left : left + 1]
    inner[..., left + width :] = inner[..., left + width - 1 : left + width]
    padded[:, :up] = padded[:, up : up + 1]
    padded[:, up + height :] = padded[:, up + height - 1 : up + height]
    return padded


CORRUPTIONS = (
    Corruption(
        "motion_blur",
        "Motion blur",
        "blur",
        motion_blur,
        ("radius", "sigma"),
        {
            32: ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
            64: ((10, 1), (10, 1.5), (10, 2), (10, 2.5), (12, 3)),
            224: ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
        },
        lengths=frozenset({"radius", "sigma"}),
        family="cifar_c",
    ),
)
