"""Where names of clusters stand on a map: near their middles, not over one another, and inside the panel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LETTER, LINE = 7.4, 18.0
"""Pixels of a letter, and of a line with its padding."""
ROUNDS = 60


def pushed_apart(
    places: np.ndarray, names: Sequence[str], ranges: Sequence[tuple[float, float]], size: tuple[float, float]
) -> np.ndarray:
    """How far each name is moved from its place, in pixels [N, 2], to the right and upwards.

    Those that overlap go up and down by equal parts until they do not, or for `ROUNDS` rounds.

    Args:
        places: [N, 2], on the axes.
        names: of the clusters.
        ranges: of both axes.
        size: pixels of the panel, across and upwards.
    """
    low, high = np.array(ranges, dtype=float).T
    start = (np.asarray(places, dtype=float) - low) / (high - low) * size
    half = np.array([LETTER * len(name) / 2 + 2 for name in names])
    at = start.copy()
    at[:, 0] = np.clip(at[:, 0], np.minimum(half, size[0] / 2), np.maximum(size[0] - half, size[0] / 2))
    across = np.abs(at[:, None, 0] - at[None, :, 0]) < half[:, None] + half[None, :]
    for _ in range(ROUNDS):
        moved = False
        for one, other in zip(*np.nonzero(np.triu(across, 1)), strict=True):
            apart = at[other, 1] - at[one, 1]
            missing = LINE - abs(apart)
            if missing > 0.01:
                step = missing / 2 if apart >= 0 else -missing / 2
                at[one, 1] -= step
                at[other, 1] += step
                moved = True
        at[:, 1] = np.clip(at[:, 1], LINE / 2, size[1] - LINE / 2)
        if not moved:
            break
    return np.asarray(at - start)
