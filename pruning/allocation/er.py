"""`er`: the larger a layer's inputs and outputs, the sparser, whatever its kernel (Erdős–Rényi; Mocanu et al. 2018)."""

import numpy as np
import torch

from pruning.allocation.base import Allocation


def density(shape: torch.Size) -> float:
    """The sum of the layer's inputs and outputs over their product."""
    return sum(shape[:2]) / float(np.prod(shape[:2]))


ER = Allocation("er", "Erdős–Rényi (ER), by inputs and outputs", density)
