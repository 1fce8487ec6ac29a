"""Adversarial examples: the smallest changes that a network minds most, found from its own gradients."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor, nn


def attack(
    module: nn.Module,
    images: Tensor,
    labels: Tensor,
    name: str,
    severity: int,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    seed: int = 0,
    index: Tensor | np.ndarray | Sequence[int] | None = None,
) -> Tensor:
    """uint8 [N, C, H, W] and labels int64 [N] to the attacked images, uint8, same shape."""
    raise NotImplementedError
