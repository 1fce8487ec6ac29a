"""JPEG at a fixed quality, a batch at a time: what is lost on the way to the file and back, without the file.

Entropy coding loses nothing, so it is left out. The rest follows ITU-T T.81 and JFIF with the whole-number arithmetic
of the widespread Independent JPEG Group codec: 13-bit constants, colour at half resolution (4:2:0), smooth upsampling.
All values are whole numbers below 2^24 wherever it matters, so float32 holds them exactly and matrix products do the
work. One grey channel is stored as such, three as luminance and two colour differences.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.compiled import jpeg as loops
from analysis.corruptions.corruption import Corruption, Row, single
from analysis.corruptions.random import Draws

# T.81, tables K.1 and K.2: quantisation steps of luminance and colour at quality 50.
LUMINANCE = """
16 11 10 16 24 40 51 61  12 12 14 19 26 58 60 55  14 13 16 24 40 57 69 56  14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92  49 64 78 87 103 121 120 101  72 92 95 98 112 100 103 99
"""
COLOUR = """
17 18 24 47 99 99 99 99  18 21 26 66 99 99 99 99  24 26 56 99 99 99 99 99  47 66 99 99 99 99 99 99
99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99  99 99 99 99 99 99 99 99
"""
BITS = 13  # of the cosine constants
EXTRA = 2  # further bits kept between the passes over rows and columns
# Up to this many columns, colour is copied rather than smoothed on its way back to full resolution.
NARROW = 4


# Loeffler's cosine transform (ICASSP 1989) as this codec computes it, times sqrt(8) and 2^13: the even frequencies of
# sums, the odd ones of differences of mirrored values. Its flow graph rounds single factors, not the sums of them that
# stand here, so that some entries differ by one from the rounded cosine.
EVEN = (
    (8192, 8192, 8192, 8192),
    (10703, 4433, -4433, -10703),
    (8192, -8192, -8192, 8192),
    (4433, -10704, 10704, -4433),
)
ODD = ((11363, 9633, 6437, 2260), (9633, -2259, -11362, -6436), (6437, -11362, 2261, 9633), (2260, -6436, 9633, -11363))


def jpeg_compression(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Compress and decompress at `quality` (1 to 100, rounded)."""
    quality = round(parameters[0])
    if compiled.usable(images):
        return loops.compressed(images, quantisation(quality, LUMINANCE), quantisation(quality, COLOUR), NARROW)
    values = images.float()
    if images.shape[1] == 1:
        return _to_bytes(_coded(values, quality, LUMINANCE))
    height, width = images.shape[-2:]
    luminance, blue, red = _to_luminance_and_colour(values)
    colour = _coded(_halved(torch.stack([blue, red], dim=1)), quality, COLOUR)
    colour = _doubled(colour[..., : -(-height // 2), : -(-width // 2)])[..., :height, :width]
    return _to_bytes(_to_rgb(_coded(luminance[:, None], quality, LUMINANCE), colour))


def _to_luminance_and_colour(rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """[N, 3, H, W] -> Y, Cb, Cr, each [N, H, W], in 16-bit fixed point."""
    red, green, blue = rgb.unbind(1)

    def mix(r: int, g: int, b: int, offset: int) -> Tensor:
        # The offset comes first: in this order no partial sum exceeds 2^24.
        return (blue * b).add_(offset).add_(green, alpha=g).add_(red, alpha=r).mul_(2.0**-16).floor_()

    middle = (128 << 16) + 32767
    return mix(19595, 38470, 7471, 32768), mix(-11058, -21710, 32768, middle), mix(32768, -27439, -5329, middle)


def _to_rgb(luminance: Tensor, colour: Tensor) -> Tensor:
    """Y [N, 1, H, W] and Cb, Cr [N, 2, H, W] -> [N, 3, H, W], not yet limited to bytes."""
    blue, red = (colour - 128).unbind(1)
    rgb = torch.empty(len(colour), 3, *colour.shape[2:], device=colour.device)
    torch.mul(red, 91881, out=rgb[:, 0])
    torch.mul(blue, -22554, out=rgb[:, 1]).sub_(red, alpha=46802)
    torch.mul(blue, 116130, out=rgb[:, 2])
    return rgb.add_(32768).mul_(2.0**-16).floor_().add_(luminance)


def _to_bytes(values: Tensor) -> Tensor:
    return values.clamp_(0, 255).to(torch.int16).to(torch.uint8)


def _coded(planes: Tensor, quality: int, steps: str) -> Tensor:
    """Planes [N, C, H, W] of whole numbers 0 to 255 after transform, quantisation, and both undone, each 8x8 block."""
    height, width = planes.shape[-2:]
    down, right = -height % 8, -width % 8
    if down or right:
        planes = F.pad(planes, (0, right, 0, down), mode="replicate")
    high, wide = planes.shape[-2:]
    step = _steps(quality, steps, high, wide, planes.device)
    shape, blocks = planes.shape, (-1, _group(high), wide)
    frequencies = _whole((planes - 128).view(-1, _group(wide)) @ _cosines(_group(wide), BITS - EXTRA, planes.device).T)
    frequencies = _whole(_cosines(_group(high), BITS + EXTRA, planes.device) @ frequencies.view(blocks)).view(shape)
    # The forward transform is 8 times too large; quantisation rounds halves away from 0.
    levels = frequencies.div_(step * 8)
    levels = levels.add_(torch.copysign(_half(planes.device), levels)).trunc_().mul_(step)
    values = _whole(_cosines(_group(high), BITS - EXTRA, planes.device).T @ levels.view(blocks))
    values = _whole(values.view(-1, _group(wide)) @ _cosines(_group(wide), BITS + EXTRA + 3, planes.device))
    return values.view(shape).add_(128).clamp_(0, 255)[..., :height, :width]


def _halved(colour: Tensor) -> Tensor:
    """Means of 2x2 pixels, rounded up and down in turn from column to column; the width comes to a multiple of 8."""
    down, right, bias = _halving(*colour.shape[-2:], colour.device)
    return (down @ (colour @ right)).add_(bias).floor_()


def _doubled(colour: Tensor) -> Tensor:
    """Twice the size, 3/4 of the nearer and 1/4 of the further pixel each way, or plain copies in narrow images."""
    height, width = colour.shape[-2:]
    if 2 * width <= NARROW:
        return colour.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    down, right, bias = _doubling(height, width, colour.device)
    return (down @ (colour @ right)).add_(bias).floor_()


def _whole(values: Tensor) -> Tensor:
    return values.add_(0.5).floor_()


def _group(size: int) -> int:
    """How many values one matrix product transforms: several blocks of 8 where they fit, as products of 8 are slow."""
    return next(group for group in (32, 16, 8) if size % group == 0)


@lru_cache(maxsize=4)
def _half(device: torch.device) -> Tensor:
    return torch.tensor(0.5, device=device)


@lru_cache(maxsize=64)
def _cosines(size: int, bits: int, device: torch.device) -> Tensor:
    """The transform [frequency, position] of `size` / 8 blocks at once, divided by 2^bits."""
    matrix = np.empty((8, 8))
    even, odd = np.array(EVEN), np.array(ODD)
    matrix[0::2] = np.hstack([even, even[:, ::-1]])
    matrix[1::2] = np.hstack([odd, -odd[:, ::-1]])
    return _on(np.kron(np.eye(size // 8), matrix) / 2**bits, device)


@lru_cache(maxsize=64)
def _steps(quality: int, table: str, height: int, width: int, device: torch.device) -> Tensor:
    """Quantisation steps at a quality, repeated over the blocks: [height, width]."""
    return _on(np.tile(quantisation(quality, table).reshape(8, 8), (height // 8, width // 8)), device)


@lru_cache(maxsize=64)
def quantisation(quality: int, table: str) -> np.ndarray:
    """Quantisation steps of a block at a quality, row by row: int32 [64]."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    base = np.array(table.split(), dtype=np.int32)
    return ((base * scale + 50) // 100).clip(1, 255)


@lru_cache(maxsize=16)
def _halving(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Matrices from the left and right that average pairs, and the bias. Beyond the edge, the edge pixel is read."""
    low, narrow = -(-height // 2), -(-width // 16) * 8
    bias = np.tile([0.25, 0.5], narrow // 2)
    return _on(_pairs(low, height), device), _on(_pairs(narrow, width).T, device), _on(bias, device)


def _pairs(small: int, size: int) -> np.ndarray:
    matrix, rows = np.zeros((small, size)), np.arange(small)
    for offset in (0, 1):
        np.add.at(matrix, (rows, np.minimum(2 * rows + offset, size - 1)), 0.5)
    return matrix


@lru_cache(maxsize=16)
def _doubling(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Matrices from the left and right that interpolate, and the bias, which rounds halves up and down in turn."""
    bias = np.tile([8 / 16, 7 / 16], width)
    return _on(_between(height), device), _on(_between(width).T, device), _on(bias, device)


def _between(size: int) -> np.ndarray:
    matrix, rows = np.zeros((2 * size, size)), np.arange(2 * size)
    np.add.at(matrix, (rows, rows // 2), 0.75)
    further = rows // 2 + np.where(rows % 2 == 0, -1, 1)
    np.add.at(matrix, (rows, further.clip(0, size - 1)), 0.25)
    return matrix


def _on(matrix: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(matrix, np.float32)).to(device)


CORRUPTIONS = (
    Corruption(
        "jpeg_compression",
        "JPEG compression",
        "digital",
        jpeg_compression,
        ("quality",),
        {
            32: single(80, 65, 58, 50, 40),
            64: single(65, 58, 50, 40, 25),
            224: single(25, 18, 15, 10, 7),
        },
        family="cifar_c",
    ),
)
