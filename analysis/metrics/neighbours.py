"""Nearest neighbours in a feature space, exactly, and how alike two networks' neighbourhoods are.

Features of two networks have no common basis, but their samples are the same: whom a sample has for neighbours can be
compared. The measure is the Jaccard index of its two neighbourhoods; 1: the same, by chance about k / (2n - k).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from pruning.errors import UserError

NEIGHBOURS = 15
"""How many nearest samples make a neighbourhood, where nobody says otherwise."""

NOBODY = -1
"""Stands for the neighbours of a sample that has none."""

SPARE = 8
"""So many more are taken by the rounded distances than are kept by the exact ones."""

BLOCK_BYTES = 16_000_000
"""Of a block of distances, which is gone through several times while it is near the processor."""

TAKEN_BYTES = 64_000_000
"""Of the features of those that a block takes; the rest grows with N alone."""

SAME = 1e-6
"""Features that differ by less, relative to the largest value, differ by the rounding of float32 alone."""


def nearest(
    features: ArrayLike, k: int = NEIGHBOURS, queries: ArrayLike | None = None, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest samples of each, by Euclidean distance, exactly.

    Blocks of queries are held against all samples by matrix products in float32, whose rounding is mended by exact
    distances of the nearest few, and in float64 where they are too few for that. 10,000 samples x 512 features take
    about 3 seconds on two cores.

    Args:
        features: [N, D]; samples that are not finite are nobody's neighbours.
        k: how many, at most N - 1 (N with `queries`).
        queries: [Q, D], whose neighbours among `features` are asked for; of `features` themselves where not given, and
            then none is its own neighbour.
        threads: blocks that are worked on at once; each is shared by as many more as torch has.

    Returns:
        The samples' places, int32 [Q, k], nearest first, the lower place where two are equally near; and their
        distances, float32 [Q, k]. A query that is not finite has `NOBODY` at nan, and so has every query where all
        features are the same, as of a network that pruning has disconnected: nobody is nearer than others.

    Raises:
        UserError: there are not so many others.
    """
    own = queries is None
    features = _matrix(features)
    asked = features if queries is None else _matrix(queries)
    finite, there = np.isfinite(features).all(axis=1), np.isfinite(asked).all(axis=1)
    known = np.flatnonzero(finite)
    if not 0 < k <= len(known) - own:
        raise UserError(f"{k} neighbours were asked for, among {len(known)} samples with finite features.")
    index = np.full((len(asked), k), NOBODY, dtype=np.int32)
    distance = np.full((len(asked), k), np.nan, dtype=np.float32)
    if is_constant(features[finite]):
        return index, distance
    middle = features[finite].mean(axis=0, dtype=np.float64)
    scale = float(np.abs(features[finite] - middle).max())
    points, rest = (
        torch.from_numpy(((each - middle) / scale).astype(np.float32)) for each in (features[finite], asked)
    )
    places = np.flatnonzero(there)
    itself = torch.from_numpy(np.searchsorted(known, places)) if own else None
    step = max(1, min(BLOCK_BYTES // (4 * len(known)), TAKEN_BYTES // (16 * (k + SPARE) * max(1, points.shape[1]))))

    def block(start: int) -> None:
        rows = places[start : start + step]
        near, exact = _nearest(points, rest[rows], k, None if itself is None else itself[start : start + step])
        index[rows], distance[rows] = known[near.numpy()], scale * exact.numpy()

    starts = range(0, len(places), step)
    if threads > 1 and len(starts) > 1:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(block, starts))
    else:
        for start in starts:
            block(start)
    return index, distance


def overlap(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """How many neighbours each sample has in common in two spaces: int64 [N], of places [N, k] as `nearest` has them.

    -1 where a sample has no neighbours in one of them.
    """
    both = _common(first, second).sum(axis=1)
    return np.where((first[:, 0] == NOBODY) | (second[:, 0] == NOBODY), -1, both)


def jaccard(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Of the neighbours that a sample has in one space or the other, the share that it has in both.

    Args:
        first: places [N, k] as `nearest` has them.
        second: of the same samples, [N, k].

    Returns float32 [N], 0 to 1; nan where a sample has no neighbours in one of them.
    """
    both = overlap(first, second).astype(np.float32)
    return np.where(both < 0, np.float32(np.nan), both / (first.shape[1] + second.shape[1] - both))


def parts(first: np.ndarray, second: np.ndarray, recall: bool = False) -> np.ndarray:
    """Each sample's part in the mean Jaccard index: what intervals and tests over samples are made of.

    Indices of samples near one another are not independent, as they share neighbours: their own spread makes intervals
    a third too narrow. A sample counts as one whose neighbours are asked for, and as a neighbour of others; without
    it the next in turn would be in its place. The spread of these parts errs on the careful side, by about a fifth.

    Args:
        first: places [N, k] as `nearest` has them.
        second: of the same samples, [N, k].
        recall: of the mean share of the k that is common, in place of the Jaccard index.

    Returns float64 [N], whose mean is the mean index; single parts may lie beyond 0 and 1. Samples without neighbours
    count as having none in common.
    """
    (n, k), both = first.shape, _common(first, second)
    common = both.sum(axis=1)
    value, slope = common / k, np.full(n, 1 / k)
    if not recall:
        value, slope = common / (2 * k - common), 2 * k / (2 * k - common) ** 2
    usual = (slope * common).sum() / (slope.sum() * k)

    def asked(near: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The sum of the weights of those whose neighbour a sample is."""
        there = near != NOBODY
        return np.bincount(near[there], weights=np.broadcast_to(weights, near.shape)[there], minlength=n)

    usually = usual * (asked(first, slope[:, None]) + asked(second, slope[:, None])) / 2
    each = asked(first, both * slope[:, None]) - usually
    result: np.ndarray = value + each - each.mean()
    return result


def by_chance(samples: int, k: int = NEIGHBOURS) -> float:
    """The mean Jaccard index of two neighbourhoods of k that are drawn at random from the other samples."""
    common = np.arange(k + 1)
    from scipy.stats import hypergeom

    return float((hypergeom(samples - 1, k, k).pmf(common) * common / (2 * k - common)).sum())


def is_constant(features: np.ndarray) -> bool:
    """Whether samples [N, D] are all the same, but for rounding."""
    return not features.size or bool(np.ptp(features, axis=0).max() <= SAME * np.abs(features).max())


def _nearest(points: Tensor, asked: Tensor, k: int, itself: Tensor | None) -> tuple[Tensor, Tensor]:
    """Places and distances [Q, k] of the nearest of some queries [Q, D]; `itself`: whom each may not have."""
    squares, own = (points**2).sum(dim=1), (asked**2).sum(dim=1)
    apart = torch.addmm(squares, asked, points.T, alpha=-2)
    if itself is not None:
        apart[torch.arange(len(asked)), itself] = torch.inf
    taken = min(k + SPARE, len(points) - (itself is not None))
    rough, near = apart.topk(taken, dim=1, largest=False, sorted=False)
    near = near.sort(dim=1).values
    exact, order = torch.linalg.vector_norm(points[near] - asked[:, None], dim=2, dtype=torch.float64).sort(
        dim=1, stable=True
    )
    near, exact = near.gather(1, order[:, :k]), exact[:, :k]
    # Whoever was not taken is at least as far as the last that was, but for rounding.
    rounding = 8 * torch.finfo(points.dtype).eps * (squares.max() + own)
    unsure = exact[:, -1] ** 2 > rough.max(dim=1).values + own - rounding
    if points.dtype == torch.float32 and taken < len(points) - (itself is not None) and unsure.any():
        whom = None if itself is None else itself[unsure]
        near[unsure], exact[unsure] = _nearest(points.double(), asked[unsure].double(), k, whom)
    return near, exact


def _common(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Which of a sample's neighbours in the first space are neighbours in the second, bool [N, k]."""
    if len(first) != len(second):
        raise ValueError(f"Neighbours of the same samples are compared, not of {len(first)} and {len(second)}.")
    return np.asarray((first[:, :, None] == second[:, None, :]).any(axis=2) & (first != NOBODY))


def _matrix(features: ArrayLike) -> np.ndarray:
    features = np.asarray(features)
    if features.ndim != 2:
        raise UserError(f"Features must be [samples, D], not {list(features.shape)}.")
    return features if features.dtype in (np.float32, np.float64) else features.astype(np.float64)
