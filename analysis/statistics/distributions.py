"""Quantiles and tails of the distributions that tests are made of, from scipy.special alone, and roots by halving.

`scipy.stats` and `scipy.optimize` have the same numbers, and take longer to import than the start page to be drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import special


def normal_quantile(share: ArrayLike) -> np.ndarray:
    """What a standard normal value is below with that probability, in (0, 1)."""
    return np.asarray(special.ndtri(share))


def normal_tail(value: ArrayLike) -> np.ndarray:
    """The probability that a standard normal value is larger."""
    return np.asarray(special.ndtr(-np.asarray(value)))


def student_quantile(share: ArrayLike, freedom: ArrayLike) -> np.ndarray:
    """What Student's t is below with that probability, in (0, 1); NaN where `freedom` is not above 0."""
    return np.asarray(special.stdtrit(np.asarray(freedom, dtype=np.float64), share))


def student_tail(value: ArrayLike, freedom: ArrayLike) -> np.ndarray:
    """The probability that Student's t is larger; NaN where `freedom` is not above 0."""
    return np.asarray(special.stdtr(np.asarray(freedom, dtype=np.float64), -np.asarray(value)))


def chi_squared_quantile(share: ArrayLike, freedom: float) -> np.ndarray:
    """What chi squared is below with that probability, in [0, 1)."""
    return np.asarray(2 * special.gammaincinv(freedom / 2, share))


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function is 0 that has one sign at `low` and the other at `high`, to the last bit.

    Raises ValueError where it has the same sign at both.
    """
    below = function(low)
    if below * function(high) > 0:
        raise ValueError("A function that has the same sign at both ends may have no root between them.")
    while low < (middle := (low + high) / 2) < high:
        if (function(middle) > 0) == (below > 0):
            low = middle
        else:
            high = middle
    return middle
