"""Two networks on the same images: whether they are right equally often, and how large the difference is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def mcnemar(only_a: ArrayLike, only_b: ArrayLike) -> np.ndarray:
    """Two-sided p-values of McNemar's test that two networks are right equally often on the same images.

    Only images on which one is right and the other wrong count. With fewer than 25 of them the binomial test is
    exact, otherwise it is the chi-squared test with Edwards' continuity correction (McNemar 1947, Edwards 1948).

    Args:
        only_a: how many images only the one network gets right; whole numbers of any shape.
        only_b: how many only the other does; of that shape.

    Returns:
        p of that shape, in [0, 1]; 1 where the networks are right on just the same images.
    """
    one, other = np.asarray(only_a), np.asarray(only_b)
    discordant = one + other
    exact = np.minimum(1, 2 * stats.binom.cdf(np.minimum(one, other), discordant, 0.5))
    gap = np.maximum(np.abs(one - other) - 1, 0)
    result: np.ndarray = np.where(discordant < 25, exact, stats.chi2.sf(gap**2 / np.maximum(discordant, 1), df=1))
    return result


def paired_interval(gap: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean difference over images and its interval, for many conditions at once.

    For one condition of one run this is the adjusted Wald interval for matched pairs (Bonett & Price 2012), which
    counts one more image on either side, and so stays honest where few images differ, as McNemar's exact test does.

    Args:
        gap: [..., N] differences of the outcomes of N images, each in [-1, 1].
        level: coverage, in (0, 1).

    Returns (difference, low, high), each [...]; the difference is the plain mean.
    """
    gap = np.asarray(gap, dtype=np.float64)
    n = gap.shape[-1]
    total, squares = gap.sum(axis=-1), (gap**2).sum(axis=-1)
    centre = total / (n + 2)
    spread = np.sqrt(np.maximum((squares + 2) / (n + 2) - centre**2, 0) / (n + 2))
    reach = stats.norm.ppf(0.5 + level / 2) * spread
    return total / n, np.maximum(centre - reach, -1), np.minimum(centre + reach, 1)
