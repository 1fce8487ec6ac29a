"""Faults of lenses and cameras of C-bar: channels of another size, and a camera that turns."""

from functools import lru_cache
from itertools import permutations

import numpy as np
import torch
import torch.nn.functional as F
from scipy import ndimage, sparse
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.c_bar.fields import uniform
from analysis.corruptions.corruption import Row
from analysis.corruptions.pixels import cut
from analysis.corruptions.random import Draws

TURNS = 21
"""Positions of the camera from one end of its turn to the other."""


def transverse_chromatic_abberation(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Channels are enlarged by none, half and all of `growth`, in an order that is drawn; a cubic kernel smooths."""
    (growth,) = parameters
    height, width = images.shape[-2:]
    orders = torch.tensor(list(permutations(range(3))), device=images.device)
    chosen = orders[(uniform(draws, 1)[:, 0] * len(orders)).long()][:, : images.shape[1]]
    result = torch.empty_like(images)
    for place in range(3):
        down, across = (
            torch.from_numpy(_enlarging(size, 1 + growth * place / 2)).to(images.device) for size in (height, width)
        )
        these = chosen == place
        result[these] = cut(down @ images[these].float() @ across.T + 0.5)
    return result


@lru_cache(maxsize=32)
def _enlarging(size: int, scale: float) -> np.ndarray:
    """The middle of what is enlarged along an axis, by B-splines that do not interpolate: float32 [size, size]."""
    whole = np.stack([ndimage.zoom(row, scale, prefilter=False) for row in np.eye(size)], axis=1)
    edge = (len(whole) - size) // 2
    return whole[edge : edge + size].astype(np.float32)


def circular_motion_blur(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """The weighted mean of the image turned by -`degrees` to `degrees` about its middle, black outside."""
    (degrees,) = parameters
    height, width = images.shape[-2:]
    flat = images.reshape(-1, height * width).T.float()
    if compiled.usable(images):
        turned = torch.from_numpy(_turning(height, width, degrees) @ flat.numpy())
    else:
        places, starts, weights = _bags(height, width, degrees, images.device)
        turned = F.embedding_bag(places, flat.contiguous(), starts, mode="sum", per_sample_weights=weights)
    return cut(turned.T.contiguous().view(images.shape))


@lru_cache(maxsize=2)
def _bags(height: int, width: int, degrees: float, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The same matrix by rows on a device: columns, where each row begins, weights."""
    matrix = _turning(height, width, degrees)
    places, starts = matrix.indices.astype(np.int64), matrix.indptr[:-1].astype(np.int64)
    found = [torch.from_numpy(values).to(device) for values in (places, starts, matrix.data)]
    return found[0], found[1], found[2]


@lru_cache(maxsize=2)
def _turning(height: int, width: int, degrees: float) -> sparse.csr_array:
    """The weighted mean of the turns, as a matrix of the pixels: float32 [H W, H W]."""
    positions = np.linspace(-1, 1, TURNS)
    weights = np.exp(-2 * positions**2)
    total = sparse.csr_array((height * width, height * width))
    for position, weight in zip(positions, weights / weights.sum(), strict=True):
        total = total + weight * _turned(height, width, np.deg2rad(position * degrees))
    coefficients = sparse.kron(_splines(height), _splines(width), format="csr")
    product = sparse.csr_array(total @ coefficients)
    product.data[np.abs(product.data) < 1e-5] = 0
    product.eliminate_zeros()
    return product.astype(np.float32)


def _splines(size: int) -> sparse.csr_array:
    """From values to the coefficients of the cubic B-spline through them; what is below 1e-6 is left out."""
    matrix = np.eye(size) if size < 2 else ndimage.spline_filter1d(np.eye(size), axis=0)
    return sparse.csr_array(np.where(np.abs(matrix) < 1e-6, 0, matrix))


def _turned(height: int, width: int, angle: float) -> sparse.csr_array:
    """Cubic B-splines read where the pixels of the turned image come from, mirrored at the edges; black outside."""
    rows, columns = np.indices((height, width)).reshape(2, -1) - np.array([[height - 1], [width - 1]]) / 2
    down = np.cos(angle) * rows + np.sin(angle) * columns + (height - 1) / 2
    across = np.cos(angle) * columns - np.sin(angle) * rows + (width - 1) / 2
    seen = np.flatnonzero(
        (down >= -1e-9) & (down <= height - 1 + 1e-9) & (across >= -1e-9) & (across <= width - 1 + 1e-9)
    )
    places, weights = [], []
    for row_places, row_weights in _cubic(down[seen], height):
        for column_places, column_weights in _cubic(across[seen], width):
            places.append(row_places * width + column_places)
            weights.append(row_weights * column_weights)
    repeated = np.tile(seen, len(places))
    shape = (height * width, height * width)
    return sparse.csr_array((np.concatenate(weights), (repeated, np.concatenate(places))), shape=shape)


def _cubic(at: np.ndarray, size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The four coefficients about each place along an axis and their weights."""
    first = np.floor(at).astype(int)
    part = at - first
    weights = ((1 - part) ** 3, 4 - 6 * part**2 + 3 * part**3, 1 + 3 * part + 3 * part**2 - 3 * part**3, part**3)
    period = max(2 * (size - 1), 1)
    mirrored = [(first + step) % period for step in (-1, 0, 1, 2)]
    return [(np.minimum(m, period - m) % size, w / 6) for m, w in zip(mirrored, weights, strict=True)]
