"""Intervals of a single number: of an accuracy over images, and of a mean over training seeds.

Two kinds of chance are kept apart. `wilson` takes the network as it is and asks what other test images would have
given; `mean_interval` asks what other seeds would have given.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from analysis.statistics.distributions import normal_quantile, student_quantile


def wilson(correct: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval of an accuracy (Wilson 1927).

    Args:
        correct: number of images classified right; any shape, broadcast against `n`.
        n: number of images.
        level: probability that the interval covers the true accuracy, in (0, 1).

    Returns:
        (low, high), fractions in [0, 1]; NaN where n is 0.

    Raises:
        ValueError: a count below 0 or above n.
    """
    correct, n = np.asarray(correct, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if ((correct < 0) | (correct > n)).any():
        raise ValueError("Of n images, between 0 and n can be correct.")
    z = normal_quantile(0.5 + _check_level(level) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy = correct / n
        centre = (accuracy + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(accuracy * (1 - accuracy) / n + z**2 / (4 * n**2))
        # At 0 and n the bound is 0 and 1 exactly; rounding must not leave it on the other side of the accuracy.
        return np.where(correct == 0, centre * 0, centre - half), np.where(correct == n, centre * 0 + 1, centre + half)


def mean_interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
    """Mean over seeds and Student's interval of that mean.

    Args:
        values: one value a seed, taken as draws from one normal distribution.
        level: coverage, in (0, 1).

    Returns:
        (mean, low, high) in the values' unit. The bounds are NaN for a single value, which says nothing of the
        spread; all three are NaN for none.
    """
    values = np.asarray(values, dtype=np.float64).reshape(-1)
    if values.size < 2:
        return (float(values[0]) if values.size else np.nan), np.nan, np.nan
    mean = float(values.mean())
    half = _quantile(_check_level(level), values.size - 1) * float(values.std(ddof=1) / np.sqrt(values.size))
    return mean, mean - half, mean + half


@lru_cache
def _quantile(level: float, freedom: int) -> float:
    """Student's quantile of an interval, which takes SciPy longer than all the rest."""
    return float(student_quantile(0.5 + level / 2, freedom))


def _check_level(level: float) -> float:
    """The level, when it lies between 0 and 1; raises ValueError otherwise."""
    if not 0 < level < 1:
        raise ValueError(f"A level lies between 0 and 1, not at {level}.")
    return level
