"""What is kept of a layer's activations while a network runs: few numbers an image, and what its units did.

Maps are averaged to 4 x 4 places, tokens over their places; more than 128 numbers are projected onto 128 by a fixed
orthogonal projection, the same for all networks, drawn at random once (Johnson & Lindenstrauss 1984). So memory is
bounded whatever the layer, and probes, rank and dimension are those of the sketch: ranks are at most 128.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

WIDTH = 128
"""Numbers that are kept of an image."""
PLACES = 4
"""A map is averaged to so many places each way."""
SEED = 20
ROUNDING = 1e-6


@dataclass
class Units:
    """What the units of a layer did over all images seen: channels of a map, numbers of a vector or token.

    Attributes:
        low, high: of what `pooled` leaves of each unit's activations, [U, places].
        zeros, total: how many activations were exactly 0, of how many.
    """

    low: Tensor | None = None
    high: Tensor | None = None
    zeros: int | Tensor = 0
    total: int = 0

    def update(self, places: Tensor) -> None:
        """Take in what `pooled` makes of a batch's activations."""
        low, high = places.amin(0), places.amax(0)  # ten times as fast as aminmax
        self.low = low if self.low is None else torch.minimum(self.low, low)
        self.high = high if self.high is None else torch.maximum(self.high, high)

    def count_zeros(self, rows: Tensor) -> None:
        """Take in which activations, as `flat` lays them out, are exactly 0."""
        self.zeros += _zeros(rows)
        self.total += rows.numel()

    @property
    def count(self) -> int:
        """How many units there are."""
        return 0 if self.low is None else len(self.low)

    @property
    def dead(self) -> int:
        """Units that gave the same whatever the image, at each place, to the rounding of their means."""
        if self.low is None or self.high is None:
            return 0
        scale = torch.maximum(self.low.abs(), self.high.abs())
        return int((self.high - self.low <= ROUNDING * scale).all(1).sum())

    @property
    def sparsity(self) -> float:
        """Share of the activations that were exactly 0; NaN before any."""
        return float(self.zeros) / self.total if self.total else float("nan")


def _zeros(rows: Tensor) -> int | Tensor:
    """How many numbers are exactly 0; on the CPU numpy counts more than ten times as fast as torch."""
    if rows.device.type == "cpu":
        return int(np.count_nonzero(rows.numpy() == 0))
    return rows.numel() - torch.count_nonzero(rows)  # left on the device, which is not waited for


def flat(activations: Tensor) -> Tensor:
    """A batch's activations [n, numbers], in the order in which they lie in memory where that is possible."""
    if activations.dim() == 4 and activations.is_contiguous(memory_format=torch.channels_last):
        activations = activations.permute(0, 2, 3, 1)
    return activations.flatten(1)


def pooled(activations: Tensor) -> Tensor:
    """Activations [n, U], maps [n, U, H, W] or tokens [n, L, U] as float32 [n, U, places]."""
    if activations.dim() == 4:
        height, width = (min(size, PLACES) for size in activations.shape[2:])
        return F.adaptive_avg_pool2d(activations.float(), (height, width)).flatten(2)
    if activations.dim() == 3:
        activations = activations.mean(1)
    return activations.flatten(1).float()[:, :, None]


def sketch(places: Tensor) -> Tensor:
    """The sketch of a batch, from what `pooled` makes of it: float32 [n, at most 128]."""
    rows = places.flatten(1)
    return rows if rows.shape[1] <= WIDTH else rows @ projection(rows.shape[1]).to(rows.device)


@cache
def projection(width: int) -> Tensor:
    """Orthonormal columns [width, 128], always the same; width of 128 or more."""
    drawn = torch.randn(width, WIDTH, generator=torch.Generator().manual_seed(SEED), dtype=torch.float64)
    directions: Tensor = torch.linalg.qr(drawn)[0].float()
    return directions
