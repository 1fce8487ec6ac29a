"""How good generated images are, by their features: on the manifold of real ones, all over it, and no copies.

Arrays of features come from one network for all images, such as `pruning.tasks.frechet` has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from analysis.metrics.neighbours import nearest
from analysis.statistics.distributions import student_quantile
from analysis.statistics.intervals import wilson

NEIGHBOURS = 3
"""The k of Kynkäänniemi et al. 2019."""

RESAMPLES, FEW_RESAMPLES = 200, 20
BLOCK = 500  # images held against all others at once

Distance = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval over images."""

    value: float
    low: float
    high: float

    @classmethod
    def of_share(cls, hits: np.ndarray) -> Self:
        """The share of images, bool [N], of which something is true, with Wilson's interval."""
        low, high = wilson(hits.sum(), len(hits))
        return cls(float(hits.mean()), float(low), float(high))


def precision_recall(real: np.ndarray, generated: np.ndarray, k: int = NEIGHBOURS) -> tuple[Interval, Interval]:
    """Precision and recall of generated images (Kynkäänniemi et al. 2019).

    The manifold of a set is the union of the balls round its images that reach to their k-th nearest of the same set.
    Precision is the share of generated images on the manifold of the real ones, recall that of real ones on the
    manifold of the generated. The intervals take the manifolds as they are.

    Args:
        real: features [N, D], of as many images as `generated`, or the two shares cannot be held against one another.
        generated: features [N, D].
        k: at least 1, fewer than N.
    """
    return Interval.of_share(on_manifold(generated, real, k)), Interval.of_share(on_manifold(real, generated, k))


def on_manifold(asked: np.ndarray, of: np.ndarray, k: int = NEIGHBOURS) -> np.ndarray:
    """Which of the images `asked` [Q, D] lie on the manifold of the images `of` [N, D]: bool [Q]."""
    points, queries = (torch.from_numpy(np.asarray(each, dtype=np.float64)) for each in (of, asked))
    # The nearest of all is the image itself, or another in the same place.
    radii = torch.cat([_distances(part, points).kthvalue(k + 1, dim=1).values for part in points.split(BLOCK)])
    return torch.cat([(_distances(part, points) <= radii).any(dim=1) for part in queries.split(BLOCK)]).numpy()


def _distances(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    return torch.cdist(one, other, compute_mode="donot_use_mm_for_euclid_dist")


def copying(generated: np.ndarray, test: np.ndarray, training: np.ndarray, seed: int = 0) -> Interval:
    """How near generated images come to training images, beside test images, which cannot be copies.

    Args:
        generated: features [G, D].
        test: features [T, D].
        training: features [N, D].
        seed: of the bootstrap.

    Returns:
        The median distance of a generated image to its nearest training image, over that of a test image: 1 where
        generated images are as far as unseen ones, 0 where half of them are copies. The interval is the bootstrap's
        over the images of either side, percentiles.
    """
    far = [nearest(training, 1, each)[1][:, 0].astype(np.float64) for each in (generated, test)]
    rng = np.random.default_rng(seed)
    medians = [
        np.median(each[rng.integers(len(each), size=(10 * RESAMPLES, len(each)))], axis=1) for each in far
    ]  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        value = float(np.median(far[0]) / np.median(far[1]))
        low, high = np.quantile(medians[0] / medians[1], [0.025, 0.975])
    return Interval(value, float(low), float(high))


def distance_interval(
    one: np.ndarray, other: np.ndarray, distance: Distance, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """A distance of two sets of images, such as Fréchet's, with a bootstrap's interval over the images of both.

    Such a distance is biased upward by the number of images, and once more in a bootstrap's samples of samples. So the
    interval is that of the distance at so many images: the spread of the samples, round the distance itself.

    Args:
        one: features [N, D].
        other: features [M, D].
        distance: of two arrays of features.
        resamples: how often both are drawn again.
        seed: of the draws.
    """
    value, drawn = distance(one, other), _drawn_again(one, other, distance, resamples, seed)
    low, high = value + np.quantile(drawn, [0.025, 0.975]) - drawn.mean()
    return Interval(value, max(0.0, float(low)), float(high))


def spread_interval(
    one: np.ndarray, other: np.ndarray, distance: Distance, resamples: int = FEW_RESAMPLES, seed: int = 0
) -> Interval:
    """The same for a distance that takes seconds: Student's interval, by the spread of few samples of the bootstrap."""
    value = distance(one, other)
    spread = float(_drawn_again(one, other, distance, resamples, seed).std(ddof=1))
    reach = float(-student_quantile(0.025, resamples - 1)) * spread
    return Interval(value, max(0.0, value - reach), value + reach)


def _drawn_again(one: np.ndarray, other: np.ndarray, distance: Distance, resamples: int, seed: int) -> np.ndarray:
    """The distance of samples of the images of both sets, with replacement."""
    rng = np.random.default_rng(seed)
    return np.array(
        [
            distance(one[rng.integers(len(one), size=len(one))], other[rng.integers(len(other), size=len(other))])
            for _ in range(resamples)
        ]
    )


def within_span(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features [N, D] and [M, D] in coordinates of the space that they span together, where that has fewer than D.

    What depends on differences and angles alone, such as Fréchet's distance, stays as it is, and takes less time.
    """
    both = np.concatenate([one, other]).astype(np.float64)
    if len(both) > both.shape[1]:
        return one, other
    both -= both.mean(axis=0)
    placed = both @ np.linalg.qr(both.T)[0]
    return placed[: len(one)], placed[len(one) :]
