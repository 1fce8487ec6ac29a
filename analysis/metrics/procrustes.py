"""Maps laid over one another: the rotation and reflection that bring a map nearest to another (Schoenemann 1966).

Nothing but the way a map is turned and where it lies is changed, so all distances on it stay what they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import orthogonal_procrustes

from pruning.errors import UserError


def align(xy: ArrayLike, reference: ArrayLike) -> np.ndarray:
    """Turn, mirror and shift a map so that its samples lie nearest to themselves on another.

    Args:
        xy: [N, 2], the map.
        reference: [N, 2], the map of the same samples that stays.

    Returns float32 [N, 2], the least sum of squared distances over the samples that are finite in both; `xy` itself
    where there is none.

    Raises:
        UserError: the maps are of different samples.
    """
    xy, reference = np.asarray(xy, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if xy.shape != reference.shape:
        raise UserError(f"Maps of {len(xy)} and {len(reference)} samples cannot be laid over one another.")
    both = np.isfinite(xy).all(axis=1) & np.isfinite(reference).all(axis=1)
    if not both.any():
        return xy.astype(np.float32)
    middle, there = xy[both].mean(axis=0), reference[both].mean(axis=0)
    turn, _ = orthogonal_procrustes(xy[both] - middle, reference[both] - there)
    aligned: np.ndarray = ((xy - middle) @ turn + there).astype(np.float32)
    return aligned
