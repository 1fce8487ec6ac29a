"""Zoom blur: a fixed mean of enlarged images, as one sparse matrix from pixels to pixels."""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from torch import Tensor

from analysis.corruptions.corruption import Corruption, Row
from analysis.corruptions.linear import as_factors
from analysis.corruptions.pixels import cut
from analysis.corruptions.random import Draws

# Larger images are enlarged one zoom after another: the sparse matrix would take too much memory.
LARGEST_SPARSE = 1 << 17
# Weights are multiples of this, so that float32 holds all products with bytes and their sums exactly.
UNIT = 2.0**-16

Bags = tuple[Tensor, Tensor, Tensor]


def zoom_blur(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """The mean of the image and its enlargements by 1, 1 + step, ... up to `end`."""
    end, step = parameters
    height, width = images.shape[-2:]
    zooms = zoom_factors(end, step)
    if height * width > LARGEST_SPARSE:
        return _one_by_one(images, zooms)
    indices, offsets, weights = _bags(zooms, height, width, images.device)
    pixels = images.reshape(-1, height * width).t().contiguous().float()
    # A weighted sum of few rows for each row: torch's fastest product of a sparse matrix and a dense one.
    blurred = F.embedding_bag(indices, pixels, offsets, mode="sum", per_sample_weights=weights)
    return cut(blurred).t().reshape(images.shape)


def _one_by_one(images: Tensor, zooms: tuple[float, ...]) -> Tensor:
    values = images.float()
    total = values.clone()
    for zoom in zooms:
        height, width = (zoom_matrix(size, zoom) for size in images.shape[-2:])
        left, right = as_factors(height, width, images.device)
        total += left @ (values @ right)
    return cut(total.div_(len(zooms) + 1))


def zoom_factors(end: float, step: float) -> tuple[float, ...]:
    """1, 1 + step, ... below `end`; numpy's rounding adds `end` itself to some, in the published images too."""
    return tuple(np.arange(1, end, step).tolist())


def zoom_matrix(size: int, zoom: float) -> np.ndarray:
    """Enlarging one axis about its middle, float64 [size, size].

    The middle ceil(size / zoom) pixels are interpolated linearly, first on first and last on last, to that number
    times `zoom`, rounded, of which the middle `size` remain.
    """
    crop = int(np.ceil(size / zoom))
    enlarged = max(round(crop * zoom), size)
    places = np.arange(size) + (enlarged - size) // 2
    at = places * ((crop - 1) / max(enlarged - 1, 1))
    left = np.minimum(at.astype(int), max(crop - 2, 0))
    matrix = np.zeros((size, size))
    start = (size - crop) // 2
    rows = np.arange(size)
    np.add.at(matrix, (rows, start + left), 1 - (at - left))
    np.add.at(matrix, (rows, start + np.minimum(left + 1, crop - 1)), at - left)
    return matrix


@lru_cache(maxsize=8)
def _bags(zooms: tuple[float, ...], height: int, width: int, device: torch.device) -> Bags:
    """The matrix [H W, H W] by rows: columns, where each row begins, weights."""
    total = sparse.identity(height * width, format="csr")
    for zoom in zooms:
        total = total + sparse.kron(zoom_matrix(height, zoom), zoom_matrix(width, zoom), format="csr")
    exact = (total / (len(zooms) + 1)).tocsr()
    rounded = exact.copy()
    rounded.data = np.round(exact.data / UNIT)
    # What rounding took from a row goes to its largest weight, so that flat images stay as they are.
    lacking = round(1 / UNIT) - np.asarray(rounded.sum(axis=1)).ravel()
    for row in np.flatnonzero(lacking):
        begin, end = rounded.indptr[row : row + 2]
        rounded.data[begin + rounded.data[begin:end].argmax()] += lacking[row]
    arrays = rounded.indices.astype(np.int64), rounded.indptr[:-1].astype(np.int64), (rounded.data * UNIT).astype("f4")
    indices, offsets, weights = (torch.from_numpy(array).to(device) for array in arrays)
    return indices, offsets, weights


CORRUPTIONS = (
    Corruption(
        "zoom_blur",
        "Zoom blur",
        "blur",
        zoom_blur,
        ("end", "step"),
        {
            32: ((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
            64: ((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
            224: ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
        },
        family="cifar_c",
    ),
)
