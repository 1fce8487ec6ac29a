"""Correlations of each pair of several things, with intervals; what does not vary correlates with nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

CONSTANT = 1e-12
"""Variance below which something does not vary."""
AT_ONCE = 1024
"""Images of which products are formed at once."""
EXACT = 2**24
"""Whole numbers up to which float32 holds each."""


@dataclass(frozen=True)
class Correlation:
    """Pearson's r of each pair of `names`.

    Attributes:
        names: what is correlated.
        matrix: r, [K, K], in [-1, 1], without NaN, with ones on the diagonal.
        low: of its 95 % interval, [K, K]: Fisher's for `n` independent values, an approximation for outcomes that are
            right or wrong.
        high: as low.
        n: how many `unit` were correlated over.
        unit: what these are, a plural: "images", "tickets", "conditions".
        constant: what was left out as it does not vary, so that it correlates with nothing.
        beyond_clean: clean accuracy was held fixed.
    """

    names: list[str]
    matrix: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: int
    unit: str
    constant: list[str]
    beyond_clean: bool = False

    @property
    def within_noise(self) -> np.ndarray:
        """Whether the interval of each pair holds 0: bool [K, K], False on the diagonal."""
        return (self.low <= 0) & (self.high >= 0) & ~np.eye(len(self.names), dtype=bool)

    @property
    def pairs(self) -> pd.DataFrame:
        """A row a pair: first, second, r, low, high."""
        first, second = np.triu_indices(len(self.names), 1)
        names = np.array(self.names, dtype=object)
        at = first, second
        values = {"r": self.matrix[at], "low": self.low[at], "high": self.high[at]}
        return pd.DataFrame({"first": names[first], "second": names[second], **values})

    @property
    def middle(self) -> tuple[float, float, float] | None:
        """(r, low, high) of the pair in the middle of all pairs by r; None without a pair."""
        pairs = self.pairs.sort_values("r", kind="stable")
        if pairs.empty:
            return None
        r, low, high = pairs.iloc[len(pairs) // 2][["r", "low", "high"]]
        return float(r), float(low), float(high)


def pearson(rows: np.ndarray) -> np.ndarray:
    """Correlations of the rows [K, n]: [K, K], NaN where a row is constant."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    return _normalised(centred @ centred.T / rows.shape[1])


def mean_correlation(values: np.ndarray, beyond_last: bool = False, weights: np.ndarray | None = None) -> np.ndarray:
    """Correlations of the rows of `values` [runs, K, N] over the N images, averaged over runs: [K, K].

    Args:
        values: what is correlated, float64.
        beyond_last: partial correlations given the last row, which is left out of the result: [K - 1, K - 1].
        weights: [N], how often each image counts; once by default.

    Pairs that do not vary in any run are NaN.
    """
    share = np.full(values.shape[-1], 1 / values.shape[-1]) if weights is None else weights / weights.sum()
    centred = values - (values @ share)[..., None]
    r = _normalised((centred * share) @ centred.swapaxes(1, 2))
    if beyond_last:
        r = _partial(r)
    there = ~np.isnan(r)
    count = there.sum(axis=0)
    return np.where(count > 0, np.where(there, r, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def resampled_correlations(
    counts: np.ndarray, weights: np.ndarray, of: np.ndarray, beyond_last: bool = False
) -> np.ndarray:
    """As `mean_correlation` under many weights, of shares that are counts: [resamples, K, K], or K - 1.

    Products of counts are whole numbers, of which the sums are exact: those of two rows are formed once, for all
    resamples, and summed in single precision as far as that holds them; of some images at a time, whose products stay
    near the processor.

    Args:
        counts: of whole numbers, [runs, K, N].
        weights: how often each resample has an image, of whole numbers, [resamples, N]; each sums to the same.
        of: what the counts are out of, [K].
        beyond_last: as there.
    """
    n, rows = float(weights[0].sum()), counts.shape[1]
    kind = np.float32 if n * float(of.max()) ** 2 < EXACT else np.float64
    first, second = np.triu_indices(rows)
    drawn = np.ascontiguousarray(weights.T, dtype=kind)
    total, count = np.zeros((2, len(weights), rows - beyond_last, rows - beyond_last))
    products = np.zeros((len(weights), rows, rows))
    for run in counts.astype(kind):
        pairs = np.zeros((len(first), len(weights)), dtype=kind)
        for start in range(0, run.shape[1], AT_ONCE):
            own = run[:, start : start + AT_ONCE]
            pairs += np.concatenate([each * own[row:] for row, each in enumerate(own)]) @ drawn[start : start + AT_ONCE]
        products[:, first, second] = products[:, second, first] = pairs.T
        sums = (run @ drawn).T.astype(np.float64)
        covariance = (n * products - sums[:, :, None] * sums[:, None, :]) / (n * n * of[:, None] * of)
        r = _normalised(covariance)
        r = _partial(r) if beyond_last else r
        there = ~np.isnan(r)
        total += np.where(there, r, 0)
        count += there
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def describe(names: list[str], matrix: np.ndarray, n: int, unit: str, beyond_clean: bool = False) -> Correlation:
    """`Correlation` from a matrix [K, K] in which what does not vary is NaN: that is left out, the rest has intervals.

    `n` values, called `unit`, were correlated over, with clean accuracy held fixed or not. Of names that never vary
    together the one which misses most partners goes first.
    """
    kept = list(range(len(names)))
    while np.isnan(missing := matrix[np.ix_(kept, kept)]).any():
        kept.pop(int(np.isnan(missing).sum(axis=0).argmax()))
    matrix = matrix[np.ix_(kept, kept)].copy()
    np.fill_diagonal(matrix, 1)
    with np.errstate(divide="ignore"):
        z = np.arctanh(matrix)
    reach = norm.ppf(0.975) / np.sqrt(max(n - 3 - beyond_clean, 1e-9))  # from -1 to 1 where nothing is left to vary
    low, high = np.tanh(z - reach), np.tanh(z + reach)
    constant = [name for place, name in enumerate(names) if place not in kept]
    return Correlation([names[place] for place in kept], matrix, low, high, n, unit, constant, beyond_clean)


def _normalised(covariance: np.ndarray) -> np.ndarray:
    """Correlations from covariances [..., K, K]; NaN for what has no variance."""
    variance = np.diagonal(covariance, axis1=-2, axis2=-1)
    deviation = np.sqrt(np.where(variance > CONSTANT, variance, np.nan))
    return np.clip(covariance / deviation[..., :, None] / deviation[..., None, :], -1, 1)


def _partial(r: np.ndarray) -> np.ndarray:
    """Partial correlations given the last of [..., K, K]; where that one is constant there is nothing to take off."""
    given = np.nan_to_num(r[..., :-1, -1])
    rest = 1 - given**2
    left = np.sqrt(np.where(rest > CONSTANT, rest, np.nan))
    partial = (r[..., :-1, :-1] - given[..., :, None] * given[..., None, :]) / left[..., :, None] / left[..., None, :]
    result: np.ndarray = np.clip(partial, -1, 1)
    return result
