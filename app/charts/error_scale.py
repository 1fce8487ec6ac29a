"""An axis of accuracies that is logarithmic in the error, so that 98 and 99 % are as far apart as 80 and 90 %."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def height(accuracy: ArrayLike) -> np.ndarray:
    """Where an accuracy, a fraction, lies on an axis that is logarithmic in the error; no error at all as 0.05 %."""
    return np.asarray(-np.log10(np.clip(1 - np.asarray(accuracy, dtype=float), 5e-4, None)))


def ticks_within(span: list[float]) -> np.ndarray:
    """Round accuracies in per cent for an axis of `height`: the coarsest of three sets with four or more in sight."""
    high = [98.5, 99, 99.5, 99.8, 99.9]
    for ticks in (
        [20, 50, 80, 90, 95, 98, *high[1:]],
        [*range(10, 90, 10), *range(90, 99, 2), *high],
        [*range(1, 99), *high],
    ):
        places = height(np.array(ticks) / 100)
        inside = np.array(ticks, dtype=float)[(places > span[0]) & (places < span[1])]
        if len(inside) >= 4:
            break
    return inside
