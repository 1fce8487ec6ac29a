"""What the corruptions of C-bar are drawn with: uniform numbers of an image, and the places of its pixels."""

import torch
import torch.nn.functional as F
from torch import Tensor

from analysis.corruptions.pixels import cut
from analysis.corruptions.random import WORDS, Draws


def uniform(draws: Draws, count: int) -> Tensor:
    """`count` numbers an image, uniform in 0 to 1: float64 [N, count]."""
    return draws.words(count).double().add_(0.5).div_(WORDS)


def between(numbers: Tensor, low: float, high: float) -> Tensor:
    """Uniform numbers [N] of 0 to 1 as such of `low` to `high`, [N, 1, 1]."""
    return (low + (high - low) * numbers)[:, None, None]


def places(images: Tensor) -> tuple[Tensor, Tensor]:
    """Row and column of each pixel, float64 [H, 1] and [1, W]."""
    height, width = images.shape[-2:]
    rows = torch.arange(height, dtype=torch.float64, device=images.device)[:, None]
    return rows, torch.arange(width, dtype=torch.float64, device=images.device)[None]


def read_at(images: Tensor, down: Tensor, across: Tensor) -> Tensor:
    """Images read at places [N, H, W] in pixels, between four of them, black outside: float32 [N, C, H, W]."""
    height, width = images.shape[-2:]
    # Pixels of width 0 or 1 have no span: one more, black one on each side gives them one.
    padded = F.pad(images.float(), (1, 1, 1, 1))
    grid = torch.stack([(across + 1) * (2 / (width + 1)) - 1, (down + 1) * (2 / (height + 1)) - 1], dim=-1)
    return F.grid_sample(padded, grid.float(), padding_mode="zeros", align_corners=True)


def added(images: Tensor, field: Tensor) -> Tensor:
    """The bytes of images plus a field in grey levels, [N, H, W] or [N, C, H, W], in any precision."""
    return cut(images + (field if field.ndim == 4 else field[:, None]))
