"""Where points stand: the range of an axis, and heights under a curve of density."""

from __future__ import annotations

import numpy as np

GOLDEN = (np.sqrt(5) - 1) / 2


def span(values: np.ndarray, pad: float = 0.04) -> tuple[float, float]:
    """Axis range [low, high] that holds all finite values with a little room, never of zero width."""
    values = values[np.isfinite(values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = pad * (high - low) or 0.05 * abs(high) or 0.5
    return low - room, high + room


def heights(samples: np.ndarray, values: np.ndarray, centres: np.ndarray, density: np.ndarray) -> np.ndarray:
    """A height [N] under the density curve for each sample: spread evenly, and always the same for the same sample."""
    place = np.mod((samples.astype(float) + 0.5) * GOLDEN, 1.0)
    return np.asarray(np.interp(values, centres, density) * (0.03 + 0.94 * place))
