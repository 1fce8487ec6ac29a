"""`layer`: the same fraction goes from each layer."""

import torch

from pruning.allocation.base import Allocation


def density(shape: torch.Size) -> float:
    """The same for all."""
    return 1.0


LAYER = Allocation("layer", "uniform, the same sparsity in each layer", density)
