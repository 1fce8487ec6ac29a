"""What varies, the seeds or the images: intervals and paired tests that take whichever was repeated.

Several seeds of a ticket say how another training would have come out, and the interval is Student's over them. One
seed says nothing of that; then the interval is for other test images. Seeds that agree to the last image show no
spread to go by, and are treated like one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from analysis.statistics.intervals import wilson
from analysis.statistics.paired import mcnemar, paired_interval


@dataclass(frozen=True)
class Estimate:
    """A number under each of many conditions, with its interval: arrays of one shape."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    over_seeds: np.ndarray
    """bool: the interval is over seeds; otherwise over images."""


@dataclass(frozen=True)
class Gap(Estimate):
    """A paired difference, with the two-sided p-value that there is none."""

    p: np.ndarray


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
        half = t.ppf(0.5 + level / 2, seeds - 1) * each.std(axis=0, ddof=1) / np.sqrt(seeds)
        low, high = np.where(over, mean - half, low), np.where(over, mean + half, high)
    return Estimate(mean, np.clip(low, 0, 1), np.clip(high, 0, 1), over)


def compare(a: np.ndarray, b: np.ndarray, level: float = 0.95) -> Gap:
    """Two tickets on the same images: the share right of a minus that of b.

    Args:
        a: [seeds, ..., N], bool, or means of such in [0, 1].
        b: the same but for the number of seeds. Seeds are paired in their order, and the first ones that both have are
            used.
        level: coverage, in (0, 1).

    Returns arrays [...]. Over seeds: the paired Student's test and interval. Over images: for one run McNemar's test
    with Bonett & Price's adjusted Wald interval, and where each image's outcome is a mean (over conditions) that
    interval and the z-test which belongs to it. Equal outcomes have p = 1.

    Raises ValueError when the shapes differ.
    """
    seeds = min(len(a), len(b))
    a, b = a[:seeds], b[:seeds]
    if a.shape != b.shape or not a.size:
        raise ValueError(f"Tickets are compared on the same conditions and images: {a.shape} and {b.shape}.")
    n = a.shape[-1]
    each = (a.sum(axis=-1, dtype=np.float64) - b.sum(axis=-1, dtype=np.float64)) / n
    value, over = each.mean(axis=0), _spread_out(each)
    low, high, p = _by_seeds(each, level) if over.any() else (value, value, np.ones_like(value))
    if not over.all():
        low_images, high_images, p_images = _by_images(a, b, level)
        low, high, p = (np.where(over, *pair) for pair in ((low, low_images), (high, high_images), (p, p_images)))
    return Gap(value, np.maximum(low, -1), np.minimum(high, 1), over, p)


def bands(frame: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
    """Mean of a column over the rows of each group, a seed a row, and Student's 95 % interval of it.

    Returns the columns `by`, mean, low, high, n; groups in the order they appear. Rows without a value do not count;
    the bounds of a single row are NaN.
    """
    groups = frame.dropna(subset=[value]).groupby(list(by), sort=False)[value].agg(["mean", "sem", "count"])
    half = t.ppf(0.975, groups["count"].clip(lower=2) - 1) * groups["sem"]
    found = groups.assign(low=groups["mean"] - half, high=groups["mean"] + half).rename(columns={"count": "n"})
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


def _by_seeds(each: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    seeds, value = len(each), each.mean(axis=0)
    error = each.std(axis=0, ddof=1) / np.sqrt(seeds)
    half = t.ppf(0.5 + level / 2, seeds - 1) * error
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * t.sf(np.abs(value) / error, seeds - 1)
    return value - half, value + half, p


def _by_images(a: np.ndarray, b: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    gap = a.mean(axis=0, dtype=np.float64) - b.mean(axis=0, dtype=np.float64)
    _, low, high = paired_interval(gap, level)
    if len(a) == 1 and a.dtype == b.dtype == bool:
        return low, high, mcnemar((gap > 0).sum(axis=-1), (gap < 0).sum(axis=-1))
    # The z that belongs to `paired_interval`, which counts one more image on either side.
    n = gap.shape[-1] + 2
    centre = gap.sum(axis=-1) / n
    error = np.sqrt(((gap**2).sum(axis=-1) + 2) / n - centre**2) / np.sqrt(n)
    return low, high, 2 * norm.sf(np.abs(centre) / error)
