"""Tests and intervals worked out in another way than the project does."""

from math import sqrt

import numpy as np
import scipy.stats


def mcnemar(a: np.ndarray, b: np.ndarray) -> float:
    """McNemar's test of two networks' outcomes, bool of one shape: scipy's binomial test, or z with the correction."""
    only_a, only_b = int((a & ~b).sum()), int((~a & b).sum())
    n = only_a + only_b
    if n < 25:
        return float(scipy.stats.binomtest(only_a, n).pvalue) if n else 1.0
    return float(2 * scipy.stats.norm.sf(max(abs(only_a - only_b) - 1, 0) / sqrt(n)))


def bootstrap(
    a: np.ndarray, b: np.ndarray, resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> tuple[float, float, float]:
    """Difference of the shares right, a minus b, of outcomes [..., N], and its interval over resampled images."""
    gap = (a.astype(float) - b).reshape(-1, a.shape[-1]).mean(axis=0)
    rng = np.random.default_rng(1000 + seed)
    draws = [gap[rng.integers(gap.size, size=gap.size)].mean() for _ in range(resamples)]
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return float(gap.mean()), float(low), float(high)
