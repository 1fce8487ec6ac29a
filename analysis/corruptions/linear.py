"""Filters along one axis as small matrices, so that filtering a batch of images is two matrix products."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

Border = Literal["nearest", "mirror", "reflect"]


def outside(position: np.ndarray, size: int, border: Border) -> np.ndarray:
    """Where a position beyond the image is read, by scipy's names.

    nearest: the edge pixel; mirror: reflected about its centre; reflect: about the edge itself.
    """
    if border == "nearest" or size == 1:
        found: np.ndarray = position.clip(0, size - 1)
    elif border == "reflect":
        turned = position % (2 * size)
        found = np.minimum(turned, 2 * size - 1 - turned)
    else:
        period = 2 * (size - 1)
        found = (size - 1) - np.abs((size - 1) - position % period)
    return found


def filter_matrix(taps: np.ndarray, size: int, border: Border) -> np.ndarray:
    """Correlation with an odd number of taps, as a float64 matrix [size, size] to be multiplied from the left."""
    radius = len(taps) // 2
    matrix = np.zeros((size, size))
    rows = np.arange(size)
    for offset, tap in zip(range(-radius, radius + 1), taps, strict=True):
        np.add.at(matrix, (rows, outside(rows + offset, size, border)), tap)
    return matrix


def gaussian_taps(sigma: float, truncate: float = 4.0) -> np.ndarray:
    """A Gaussian sampled at whole pixels, cut at `truncate` sigmas and normalised, float64 [2 r + 1]."""
    radius = int(truncate * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    # A radius of 0 leaves the identity whatever sigma is, even 0.
    taps = np.exp(-0.5 * (offsets / max(sigma, 1e-9)) ** 2)
    taps /= taps.sum()
    return taps


def as_factors(
    rows: np.ndarray, columns: np.ndarray, device: torch.device, dtype: type = np.float32
) -> tuple[Tensor, Tensor]:
    """Factors (A, B^T) of the separable operator X -> A X B^T."""
    left, right = (torch.from_numpy(np.ascontiguousarray(factor).astype(dtype)) for factor in (rows, columns.T))
    return left.to(device), right.to(device)


def half_taps(taps: np.ndarray) -> np.ndarray:
    """Symmetric taps from the middle one on, float32 [r + 1]: what the compiled filters take."""
    return taps[len(taps) // 2 :].astype(np.float32)


def border_places(taps: np.ndarray, height: int, width: int, border: Border) -> tuple[np.ndarray, np.ndarray]:
    """Which row and which column is read at each place from r before the first to r after the last one."""
    radius = len(taps) // 2
    rows, columns = (outside(np.arange(-radius, size + radius), size, border) for size in (height, width))
    return rows, columns
