"""`erk`: the larger a layer, the sparser (Erdős–Rényi kernel; Mocanu et al. 2018, Evci et al. 2020)."""

import numpy as np
import torch

from pruning.allocation.base import Allocation


def density(shape: torch.Size) -> float:
    """The sum of the layer's dimensions over their product."""
    return sum(shape) / float(np.prod(shape))


ERK = Allocation("erk", "Erdős–Rényi kernel (ERK), by layer size", density)
