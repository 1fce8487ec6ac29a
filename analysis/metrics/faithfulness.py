"""How far a 2-D map of features may be trusted, image by image and as a whole.

Three measures of neighbourhoods of k. *Trustworthiness* (Venna & Kaski 2001) falls with samples that are near on the
map alone, by how far off they are in truth; *continuity* is the same with map and space exchanged: it falls with
neighbours that the map has torn apart. Both forgive what is near: a map of whole clusters may have 0.98. *Recall*
counts: of a sample's k nearest in truth, the share that is among its k nearest on the map.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.metrics.neighbours import NEIGHBOURS, is_constant, nearest, overlap, parts
from pruning.errors import UserError

MIN_SAMPLES = 5
"""Fewer samples than this have no neighbourhoods to speak of."""

BLOCK_BYTES = 32_000_000
"""Memory that a block of distances takes."""


@dataclass(frozen=True)
class Faithfulness:
    """How far a map is to be trusted: arrays [N], nan for a sample that is not finite in space and map.

    Attributes:
        trustworthiness: 1: all its neighbours on the map are its neighbours; 0: they are the farthest of all.
        continuity: 1: all its neighbours are near it on the map; 0: they are the farthest of all there.
        recall: share of its neighbours that are its neighbours on the map, 0 to 1; by chance k / (N - 1).
        parts: each sample's part in the mean recall, for its interval (`analysis.metrics.neighbours.parts`).

    """

    trustworthiness: np.ndarray
    continuity: np.ndarray
    recall: np.ndarray
    parts: np.ndarray

    @property
    def whole(self) -> dict[str, float]:
        """Name -> the mean over samples, which is that of the whole map; nan where there is none."""
        there = np.isfinite(self.recall)
        return {
            name: float(getattr(self, name)[there].mean()) if there.any() else np.nan
            for name in ("trustworthiness", "continuity", "recall")
        }


def faithfulness(features: ArrayLike, xy: ArrayLike, neighbours: int = NEIGHBOURS) -> Faithfulness:
    """Compare neighbourhoods among the features with those on the map.

    The time grows with N squared, the memory with N alone: 2,000 samples x 84 features take about half a second.

    Args:
        features: [N, D].
        xy: [N, 2], the map.
        neighbours: how many nearest make a neighbourhood, k; fewer where N is below 31.

    Returns:
        nan throughout when fewer than 5 samples are finite, or when all features are the same, or all places, as nobody
        is then a nearer neighbour than others.

    Raises:
        UserError: the features are not a matrix.
    """
    features, xy = np.asarray(features), np.asarray(xy, dtype=np.float64)
    if features.ndim != 2:
        raise UserError(f"Features must be [samples, D], not {list(features.shape)}.")
    finite = np.isfinite(features).all(axis=1) & np.isfinite(xy).all(axis=1)
    space, plane = features[finite].astype(np.float64), xy[finite]
    found = [np.full(len(features), np.nan) for _ in range(4)]
    if len(space) >= MIN_SAMPLES and not is_constant(space) and not is_constant(plane - plane.mean(axis=0)):
        k = min(neighbours, (len(space) - 1) // 2)
        truly, shown = nearest(space, k)[0], nearest(plane, k)[0]
        found[0][finite] = 1 - _intrusion(space, shown, k)
        found[1][finite] = 1 - _intrusion(plane, truly, k)
        found[2][finite] = overlap(truly, shown) / k
        found[3][finite] = parts(truly, shown, recall=True)
    return Faithfulness(*found)


def _intrusion(points: np.ndarray, near: np.ndarray, k: int) -> np.ndarray:
    """By how much the ranks of `near` [N, k] among `points` [N, D] exceed k, as a share of the most possible; [N]."""
    n = len(points)
    points = (points - points.mean(axis=0)) / (np.abs(points - points.mean(axis=0)).max() or 1.0)
    squares, beyond = (points**2).sum(axis=1), np.empty(n)
    step = max(1, BLOCK_BYTES // (8 * n))
    for start in range(0, n, step):
        rows = np.arange(start, min(start + step, n))
        apart = squares - 2 * (points[rows] @ points.T)
        apart[np.arange(len(rows)), rows] = np.inf
        own = np.take_along_axis(apart, near[rows], axis=1)
        ranks = np.stack([1 + (apart < own[:, [place]]).sum(axis=1) for place in range(k)], axis=1)
        beyond[rows] = np.maximum(ranks - k, 0).sum(axis=1)
    return beyond * 2 / (k * (2 * n - 3 * k - 1))
