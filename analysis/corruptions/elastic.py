"""Elastic transform: a random affine map of the image, then a smooth random displacement of its pixels."""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from analysis.corruptions import compiled
from analysis.corruptions.compiled import filters, warp
from analysis.corruptions.corruption import Corruption, Row
from analysis.corruptions.linear import as_factors, border_places, filter_matrix, gaussian_taps, half_taps
from analysis.corruptions.pixels import NUDGE, cut
from analysis.corruptions.random import Draws

CORNERS = 6  # random coordinates: two for each of three points
TRUNCATE = 3.0  # of the Gaussian that smooths the displacement, in its sigmas
FLATTEST = 1e-3  # smallest share of its area to which a triangle may be flattened


def elastic_transform(images: Tensor, parameters: Row, draws: Draws) -> Tensor:
    """Both steps interpolate linearly; the first reflects about the edge pixels, the second about the edges.

    Parameters are in units of the shorter side: how far pixels move before smoothing, the sigma of this smoothing, and
    how far each of the three points that decide the affine map may move along each axis.
    """
    height, width = images.shape[-2:]
    amount, sigma, jitter = (min(height, width) * value for value in parameters)
    fields = 2 if amount else 0
    uniform = draws.uniform(CORNERS + fields * height * width)
    if compiled.usable(images):
        return _compiled(images, uniform, (amount, sigma, jitter))
    warped = _warp(images.float(), uniform[:, :CORNERS].view(-1, 3, 2) * jitter)
    if not amount:
        return cut(warped)
    across, down = _moves(uniform, amount, sigma, height, width).unbind(1)
    rows, columns = _places(height, width, images.device)
    return cut(_sample(warped, across + columns, down + rows, corners=False))


def _compiled(images: Tensor, uniform: Tensor, parameters: Row) -> Tensor:
    """The same in compiled loops."""
    amount, sigma, jitter = parameters
    height, width = images.shape[-2:]
    linear, shift = inverse_affine(uniform[:, :CORNERS].view(-1, 3, 2) * jitter, height, width)
    moves = _moves(uniform, amount, sigma, height, width) if amount else None
    return warp.warped(images, linear, shift, moves, NUDGE)


def _moves(uniform: Tensor, amount: float, sigma: float, height: int, width: int) -> Tensor:
    """How far pixels move, float32 [N, 2, H, W], across and down."""
    fields = uniform[:, CORNERS:].reshape(-1, 2, height, width)
    taps = gaussian_taps(sigma, TRUNCATE)
    if compiled.usable(uniform) and len(taps) < min(height, width) / 2:
        planes = filters.smoothed(fields.reshape(-1, height, width), *_taps_and_border(sigma, height, width))
        return planes.view(fields.shape).mul_(amount)
    left, right = _smoothing(sigma, height, width, uniform.device)
    return (left @ (fields @ right)).mul_(amount)


def _warp(values: Tensor, jitter: Tensor) -> Tensor:
    """Apply the affine map that moves three points about the middle by `jitter` [N, 3, 2], across and down."""
    height, width = values.shape[-2:]
    linear, shift = inverse_affine(jitter, height, width)
    rows, columns = _places(height, width, values.device)
    across, down = (
        columns * linear[:, i, 0, None, None] + (rows * linear[:, i, 1, None, None] + shift[:, i, None, None])
        for i in range(2)
    )
    return _sample(values, across, down, corners=True)


def inverse_affine(jitter: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Where the pixels of the result come from: L [N, 2, 2] and t [N, 2] with (x, y) -> L (x, y) + t.

    The points (x, y) lie a third of the shorter side below and right, above and right, above and left of the middle.
    """
    reach = max(1, min(height, width) // 3)
    middle = jitter.new_tensor([width // 2, height // 2])
    points = middle + reach * jitter.new_tensor([[1, 1], [1, -1], [-1, -1]])
    moved = points + jitter
    upright, level = moved[:, 0] - moved[:, 1], moved[:, 1] - moved[:, 2]
    area = upright[:, 1] * level[:, 0] - upright[:, 0] * level[:, 1]
    smallest = FLATTEST * (2 * reach) ** 2
    area = torch.where(area.abs() < smallest, smallest, area)
    # The inverse maps `upright` to (0, 2 reach) and `level` to (2 reach, 0).
    linear = torch.stack([upright[:, 1], -upright[:, 0], -level[:, 1], level[:, 0]], dim=1).view(-1, 2, 2)
    linear = linear * (2 * reach / area)[:, None, None]
    return linear, points[1] - (linear * moved[:, 1, None, :]).sum(2)


def _sample(values: Tensor, across: Tensor, down: Tensor, corners: bool) -> Tensor:
    """Linear interpolation at places [N, H, W] in pixels, reflected about the edge pixels (corners) or the edges."""
    height, width = values.shape[-2:]
    grid = torch.empty(*across.shape, 2, device=values.device)
    for axis, (places, size) in enumerate(((across, width), (down, height))):
        scale = 2 / max(size - 1, 1) if corners else 2 / size
        torch.add(-1 if corners else 1 / size - 1, places, alpha=scale, out=grid[..., axis])
    return F.grid_sample(values, grid, padding_mode="reflection", align_corners=corners)


@lru_cache(maxsize=8)
def _places(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Row and column of each pixel, float32 [H, 1] and [1, W]."""
    return torch.arange(float(height), device=device)[:, None], torch.arange(float(width), device=device)[None]


@lru_cache(maxsize=8)
def _taps_and_border(sigma: float, height: int, width: int) -> tuple[np.ndarray, filters.Border]:
    taps = gaussian_taps(sigma, TRUNCATE)
    return half_taps(taps), border_places(taps, height, width, "reflect")


@lru_cache(maxsize=8)
def _smoothing(sigma: float, height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    taps = gaussian_taps(sigma, TRUNCATE)
    return as_factors(filter_matrix(taps, height, "reflect"), filter_matrix(taps, width, "reflect"), device)


def _in_sides(unit: float, *rows: Row) -> tuple[Row, ...]:
    return tuple(tuple(unit * value for value in row) for row in rows)


CORRUPTIONS = (
    Corruption(
        "elastic_transform",
        "Elastic transform",
        "digital",
        elastic_transform,
        ("displacement", "smoothing", "jitter"),
        {
            32: _in_sides(1, (0, 0, 0.08), (0.05, 0.2, 0.07), (0.08, 0.06, 0.06), (0.1, 0.04, 0.05), (0.1, 0.03, 0.03)),
            64: _in_sides(1, (0, 0, 0.08), (0.05, 0.3, 0.06), (0.1, 0.08, 0.06), (0.1, 0.03, 0.03), (0.16, 0.03, 0.02)),
            # ImageNet-C takes its images for 244 pixels wide here.
            224: _in_sides(
                244 / 224, (2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)
            ),
        },
        family="cifar_c",
    ),
)
