"""Other samples laid over a map that knows only its own: each where the map's samples nearest to it lie.

UMAP and t-SNE place the samples that they were given, and no others. A further sample (a corrupted image, say) is put
at the mean place of its nearest among the map's own, weighted by the inverse of the squared distance (Shepard 1968), so
that one whose feature is that of a sample of the map lies on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.metrics.neighbours import NEIGHBOURS, NOBODY, nearest

FAR = 0.95
"""A sample is far off when it is farther from its nearest than this share of the map's own samples are from theirs."""


@dataclass(frozen=True)
class Overlay:
    """Where samples lie on a map: `xy` float32 [Q, 2]; `far` bool [Q], which of them are far off all of the map's own.

    The map has nothing to say of those that are far; they are drawn where they would lie nearest.
    """

    xy: np.ndarray
    far: np.ndarray


def overlay(features: ArrayLike, xy: ArrayLike, others: ArrayLike, neighbours: int = NEIGHBOURS) -> Overlay:
    """Lay samples over a map.

    Args:
        features: [N, D], of the map's own samples.
        xy: [N, 2], the map.
        others: [Q, D], of the samples that are laid over it.
        neighbours: how many of the map's samples place one of the others.

    Returns nan, and not far, for a sample that is not finite, or where no sample of the map is nearer than others.

    Raises:
        UserError: the map has fewer than two samples.
    """
    features, xy = np.asarray(features), np.asarray(xy, dtype=np.float64)
    placed = np.isfinite(features).all(axis=1) & np.isfinite(xy).all(axis=1)
    k = max(1, min(neighbours, int(placed.sum()) - 1))
    own = nearest(features[placed], 1)[1][:, 0]
    index, distance = nearest(features[placed], k, others)
    there = index[:, 0] != NOBODY
    found, far = np.full((len(index), 2), np.nan, dtype=np.float32), np.zeros(len(index), dtype=bool)
    if there.any():
        # At a distance of nothing the sample itself decides.
        least = 1e-6 * max(float(own.mean()), 1e-30)
        weights = 1 / np.maximum(distance[there].astype(np.float64), least) ** 2
        weights /= weights.sum(axis=1, keepdims=True)
        found[there] = (weights[:, :, None] * xy[placed][index[there]]).sum(axis=1)
        far[there] = distance[there, 0] > np.quantile(own, FAR)
    return Overlay(found, far)
