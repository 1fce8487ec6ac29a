"""The bootstrap over images: means of samples drawn with replacement (Efron & Tibshirani 1993)."""

from __future__ import annotations

import numpy as np

DRAWS_AT_ONCE = 2_000_000  # images drawn in one go while resampling: bounds the memory to some tens of megabytes


def resampled_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Means of `values` [T, N] over bootstrap samples of the N images, the same for each row: [T, resamples].

    Whole numbers give exact sums, so rows that are equal on all images stay equal in every sample. Same seed, same
    samples.
    """
    rng = np.random.default_rng(seed)
    n = values.shape[1]
    means = np.empty((values.shape[0], resamples))
    step = max(1, DRAWS_AT_ONCE // n)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = rng.integers(n, size=(size, n), dtype=np.int32) + (np.arange(size, dtype=np.int64) * n)[:, None]
        times = np.bincount(drawn.reshape(-1), minlength=size * n).reshape(size, n)
        means[:, start : start + size] = values @ times.T.astype(np.float64) / n
    return means
