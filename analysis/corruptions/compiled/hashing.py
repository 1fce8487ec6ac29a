"""The words of `random`, hashed in one go."""

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.compiled import loop


def hashed(keys: Tensor, positions: Tensor) -> Tensor:
    """The hash of each image's key with each position's: int64 [N], [K] -> [N, K]."""
    result = torch.empty(len(keys), len(positions), dtype=torch.int64)
    _hash(*(value.numpy().view(np.uint64) for value in (keys, positions, result)))
    return result


@loop
def _hash(keys: np.ndarray, positions: np.ndarray, out: np.ndarray) -> None:
    for image in range(len(keys)):
        key, row = keys[image], out[image]
        for place in range(len(positions)):
            value = key ^ positions[place]
            value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            row[place] = value ^ (value >> np.uint64(31))
