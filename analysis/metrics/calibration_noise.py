"""How far an expected calibration error can be trusted: what noise adds to it, its interval, its debiased estimate.

The mean distance of accuracy and confidence is above 0 for a calibrated network as well, as only on average is it right
in as many images of a bin as it should be. The bins say how much: within one the confidences are nearly equal, so that
the number of images that a calibrated network gets right there is binomial.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import norm

DRAWS = 1000
SCORES = ["images", "ece", "low", "high", "debiased", "rms", "floor", "floor_high"]
EXACT: Final = "weibull"
"""The quantile of few draws that as many of the next ones exceed as are to (Hyndman & Fan 1996, their sixth)."""
DRAWN_AT_ONCE = 4_000_000  # bins drawn in one go: bounds the memory to some tens of megabytes


def scores(bins: pd.DataFrame, by: Sequence[str], draws: int = DRAWS, seed: int = 0) -> pd.DataFrame:
    """The calibration error of each diagram, and what is known of it from its images alone.

    Args:
        bins: the columns `by`, n, confidence, accuracy: rows as `calibration.bins` gives, of many diagrams.
        by: what tells diagrams apart. Rows of one need not stand together.
        draws: how many are simulated.
        seed: same seed, same numbers.

    Returns a row a diagram, in the order they appear, the columns `by` and:
        images: in all of its bins.
        ece: the expected calibration error, 0 to 1.
        low, high: its 95 % interval over images: the basic bootstrap (Davison & Hinkley 1997), which takes off what
            noise adds, as percentiles would count it twice. Each end is moved out by `ece` less `debiased`, of which
            resamples know a part. From 0 where the error is not above `floor_high`.
        debiased: less what noise adds, by the normal approximation of Kumar et al. 2019; may fall below 0.
        rms: the root of the debiased squared error (Bröcker 2012, Kumar et al. 2019), 0 where that is negative; bins of
            one image are left out.
        floor, floor_high: mean and 95 % quantile of the error where the network is calibrated: right images are drawn
            by the confidences.
    """
    if bins.empty:
        return pd.DataFrame(columns=[*by, *SCORES])
    group = bins.groupby(list(by), sort=False).ngroup().to_numpy()
    rows = bins.iloc[np.argsort(group, kind="stable")]
    starts = np.flatnonzero(np.diff(np.sort(group), prepend=-1))
    n = rows["n"].to_numpy(np.int64)
    sure, accuracy = (rows[name].to_numpy(np.float64) for name in ("confidence", "accuracy"))
    images = np.add.reduceat(n, starts)
    share = n / np.repeat(images, np.diff(np.append(starts, len(n))))
    gaps = np.abs(accuracy - sure)
    found = rows.iloc[starts][list(by)].reset_index(drop=True)
    error = np.add.reduceat(share * gaps, starts)
    floors, resampled = _drawn(n, sure, accuracy, starts, images, draws, seed)
    ceiling = np.quantile(floors, 0.95, axis=0, method=EXACT)
    added = np.add.reduceat(share * _added(gaps, accuracy, n), starts)
    low, high = 2 * error - np.quantile(resampled, (0.975, 0.025), axis=0, method=EXACT)
    return found.assign(
        images=images,
        ece=error,
        low=np.where(error > ceiling, np.maximum(low - added, 0), 0),
        high=np.clip(high + added, error, 1),
        debiased=error - added,
        rms=np.sqrt(np.maximum(np.add.reduceat(share * _squared(gaps, accuracy, n), starts), 0)),
        floor=floors.mean(axis=0),
        floor_high=ceiling,
    )


def _drawn(
    n: np.ndarray,
    sure: np.ndarray,
    accuracy: np.ndarray,
    starts: np.ndarray,
    images: np.ndarray,
    draws: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Errors [draws, diagrams] of calibrated networks with these bins, and of the bootstrap over images."""
    rng = np.random.default_rng(seed)
    floors, resampled = np.empty((2, draws, len(starts)))
    ends = np.append(starts, len(n))[1:]
    sure, accuracy = np.clip(sure, 0, 1), np.clip(accuracy, 0, 1)
    step = max(1, DRAWN_AT_ONCE // len(n))
    for first in range(0, draws, step):
        part = slice(first, min(first + step, draws))
        size = (part.stop - first, len(n))
        floors[part] = np.add.reduceat(np.abs(rng.binomial(n, sure, size) - n * sure), starts, axis=1) / images
        times = np.empty(size, np.int64)
        for start, end, count in zip(starts, ends, images, strict=True):
            times[:, start:end] = rng.multinomial(count, n[start:end] / count, size[0])
        gaps = np.abs(rng.binomial(times, accuracy) - times * sure)
        resampled[part] = np.add.reduceat(gaps, starts, axis=1) / images
    return floors, resampled


def _added(gaps: np.ndarray, accuracy: np.ndarray, n: np.ndarray) -> np.ndarray:
    """What noise adds to each bin's gap: E|gap + noise| - gap, for normal noise of a bin's standard error."""
    error = np.sqrt(accuracy * (1 - accuracy) / n)
    far = np.divide(gaps, error, out=np.full_like(gaps, np.inf), where=error > 0)
    added: np.ndarray = 2 * error * norm.pdf(far) - 2 * gaps * norm.sf(far)
    return added


def _squared(gaps: np.ndarray, accuracy: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Each bin's squared gap without what noise adds to it on average; 0 in bins of one image."""
    return np.where(n > 1, gaps**2 - accuracy * (1 - accuracy) / np.maximum(n - 1, 1), 0)
