"""What varies, the seeds or the images: intervals that take whichever was repeated.

Several seeds of a ticket say how another training would have come out, and the interval is Student's over them. One
seed says nothing of that; then the interval is for other test images. Seeds that agree to the last image show no
spread to go by, and are treated like one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.statistics.distributions import student_quantile
from analysis.statistics.intervals import mean_interval, wilson

SHARE = (0.0, 1.0)
"""The range of a share, for `bands`."""


@dataclass(frozen=True)
class Estimate:
    """A number under each of many conditions, with its interval: arrays of one shape."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    over_seeds: np.ndarray
    """bool: the interval is over seeds; otherwise over images."""


def repeated(runs: Iterable[np.ndarray]) -> bool:
    """Whether runs are of several networks, and not of one that no seed changes, as imported weights are."""
    first, *others = runs
    return not all(np.array_equal(first, other) for other in others)


def distinct(runs: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Runs, each [N], as [S, N] without those that agree with an earlier one throughout: they repeat nothing."""
    kept: list[np.ndarray] = []
    for run in runs:
        if not any(np.array_equal(run, other) for other in kept):
            kept.append(run)
    return np.stack(kept)


def share(values: np.ndarray, level: float = 0.95) -> Estimate:
    """Share of images of which something is true, and its interval.

    Args:
        values: [seeds, ..., N], bool, or means of such (over conditions, say) in [0, 1]. At least one seed and image.
        level: coverage, in (0, 1).

    Returns arrays [...], within [0, 1]. Over seeds: Student's interval of their mean. Over images: Wilson's.
    """
    seeds, n = len(values), values.shape[-1]
    each = values.mean(axis=-1, dtype=np.float64)
    mean = each.mean(axis=0)
    if values.dtype == bool:
        low, high = wilson(np.clip(mean * n, 0, n), n, level)
    else:
        low, high = _over_images(values.mean(axis=0, dtype=np.float64), level)
    over = _spread_out(each)
    if over.any():
        half = student_quantile(0.5 + level / 2, seeds - 1) * each.std(axis=0, ddof=1) / np.sqrt(seeds)
        low, high = np.where(over, mean - half, low), np.where(over, mean + half, high)
    return Estimate(mean, np.clip(low, 0, 1), np.clip(high, 0, 1), over)


def mean_share(shares: ArrayLike, images: float = np.nan, level: float = 0.95) -> tuple[float, float, float]:
    """As `share`, where only each seed's share of the images is known: mean, low, high.

    Args:
        shares: one a seed, in [0, 1].
        images: how many there were of each seed. Where this is not known, the bounds of a single seed, or of seeds that
            agree, are NaN.
        level: coverage, in (0, 1).

    Returns all NaN for no seed.
    """
    shares = np.asarray(shares, dtype=np.float64).reshape(-1)
    mean, low, high = mean_interval(shares, level)
    if shares.size and not _spread_out(shares):
        low, high = (float(end) for end in wilson(np.clip(mean, 0, 1) * images, images, level))
    low, high = (float(end) for end in np.clip((low, high), 0, 1))
    return mean, low, high


def bands(
    frame: pd.DataFrame, by: Sequence[str], value: str, within: tuple[float, float] = (-np.inf, np.inf)
) -> pd.DataFrame:
    """Mean of a column over the rows of each group, a seed a row, and Student's 95 % interval of it.

    `within` is the range of what such a mean can be, of a share `SHARE`: the interval ends there at the latest.

    Returns the columns `by`, mean, low, high, n; groups in the order they appear. Rows without a value do not count;
    the bounds of a single row are NaN.
    """
    groups = frame.dropna(subset=[value]).groupby(list(by), sort=False)[value].agg(["mean", "sem", "count"])
    half = student_quantile(0.975, groups["count"].clip(lower=2) - 1) * groups["sem"]
    low, high = ((groups["mean"] + side * half).clip(*within) for side in (-1, 1))
    found = groups.assign(low=low, high=high).rename(columns={"count": "n"})
    return found[["mean", "low", "high", "n"]].reset_index()


def _spread_out(each: np.ndarray) -> np.ndarray:
    """Where the seeds' values [seeds, ...] differ, by more than the rounding of their sums."""
    result: np.ndarray = np.ptp(each, axis=0) > 1e-12
    return result


def _over_images(values: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval of a mean over images [..., N] that is no count, by as many images as its variance is worth."""
    n, mean = values.shape[-1], values.mean(axis=-1)
    variance = values.var(axis=-1, ddof=1) if n > 1 else mean * (1 - mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        worth = np.where(variance > 0, n * np.maximum(mean * (1 - mean) / variance, 1), n)
    return wilson(np.clip(mean, 0, 1) * worth, worth, level)
