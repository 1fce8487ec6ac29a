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


def uniform(words: Tensor) -> Tensor:
    """Words uint16 [N, K] as the middles of 65,536 equal steps from -1 to 1, float32."""
    result = torch.empty(words.shape)
    _spread(words.numpy(), result.numpy())
    return result


@loop
def _spread(words: np.ndarray, out: np.ndarray) -> None:
    for image in range(len(words)):
        drawn, result = words[image], out[image]
        for place in range(len(drawn)):
            result[place] = np.float32(drawn[place]) * np.float32(2**-15) + np.float32(2**-16 - 1)


@loop
def _hash(keys: np.ndarray, positions: np.ndarray, out: np.ndarray) -> None:
    for image in range(len(keys)):
        key, row = keys[image], out[image]
        for place in range(len(positions)):
            value = key ^ positions[place]
            value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            row[place] = value ^ (value >> np.uint64(31))
