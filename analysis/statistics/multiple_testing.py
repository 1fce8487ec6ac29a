"""Families of tests: p-values that stay honest when many questions are asked at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def holm(p: ArrayLike) -> np.ndarray:
    """Holm's adjusted p-values (Holm 1979), in the order given: those below alpha are significant together at alpha."""
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1)
    return adjusted


def holm_steps(p: ArrayLike, alpha: float) -> np.ndarray:
    """By how much Holm's procedure at `alpha` divides the alpha of each test: float64 [m], 1 to m.

    It goes from the smallest p up, and tests the i-th against alpha / (m - i + 1); where one fails, it and all that
    follow were tested against alpha / (m - R), R of them rejected. So a test is rejected when p times its step is below
    `alpha`, and not otherwise, and an interval of level 1 - alpha / step leaves out 0 just then.
    """
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.arange(p.size, 0, -1, dtype=np.float64)
    passed = np.logical_and.accumulate(p[order] * steps < alpha)
    if not passed.all():
        steps[~passed] = steps[~passed][0]
    found = np.empty_like(p)
    found[order] = steps
    return found
