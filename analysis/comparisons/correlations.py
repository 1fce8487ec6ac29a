"""Which corruptions say the same, and which pruning methods fail alike: correlations, and clusters of them.

Two corruptions may be alike in two ways: they make the same images wrong (over samples), or they order the tickets
alike (over tickets). The second is what decides whether a benchmark needs both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform
from scipy.stats import norm

from analysis.comparisons.outcomes import Outcomes
from analysis.corruptions.conditions import CLEAN
from analysis.statistics.leaf_order import order_leaves
from pruning.errors import UserError

FEWEST = 4
"""Values below which a correlation has no interval, and is not shown."""
CONSTANT = 1e-12
CORRELATED = 0.8
"""r from which corruptions make a group."""


@dataclass(frozen=True)
class Correlation:
    """Pearson's r of each pair of `names`.

    `matrix`, `low`, `high`: [K, K], in [-1, 1], without NaN, with ones on the diagonal; the 95 % interval is Fisher's
    for `n` independent values, an approximation for outcomes that are right or wrong. `n`: how many `unit` (a plural:
    "images", "tickets", "conditions") were correlated over. `constant`: what was left out as it does not vary, so that
    it correlates with nothing. `beyond_clean`: clean accuracy was held fixed.
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


@dataclass(frozen=True)
class Clustering:
    """Average linkage of 1 - r, leaves ordered so that neighbours are as alike as can be (Bar-Joseph et al. 2001).

    `order`: the names as the leaves stand. `places`: int [K], their places in the correlation, which brings a matrix
    into this order by `matrix[np.ix_(places, places)]`. `linkage`: float [K - 1, 4], scipy's, whose leaf numbers are
    places in the correlation; no rows for fewer than two names. `matrix`: [K, K], in this order.
    """

    order: list[str]
    places: np.ndarray
    linkage: np.ndarray
    matrix: np.ndarray

    def groups(self, r: float = CORRELATED) -> list[list[str]]:
        """Names that correlate by at least `r` (-1 to 1) on average where they were joined, in the leaves' order."""
        if len(self.order) < 2:
            return [[name] for name in self.order]
        marks = fcluster(self.linkage, 1 - r, criterion="distance")[self.places]
        found: dict[int, list[str]] = {}
        for name, mark in zip(self.order, marks, strict=True):
            found.setdefault(int(mark), []).append(name)
        return list(found.values())


def corruptions_over_samples(outcomes: Outcomes, beyond_clean: bool = False) -> Correlation:
    """Whether the same images are wrong under two corruptions.

    An image's outcomes are averaged over the severities of a corruption, correlated over images for each run (every
    seed of every ticket), and the correlations averaged over runs. Runs in which a corruption does not vary (all right,
    say) are left out for that corruption.

    Args:
        outcomes: bool [seeds, conditions, images] for each ticket; the clean images are not taken for a corruption.
        beyond_clean: partial correlation, given whether the image is right without corruption, so that images which
            are wrong anyway do not count for being alike.

    Raises UserError when there are fewer than `FEWEST` images, nothing was measured, or the clean images are needed
    and were not.
    """
    names, values = by_image(outcomes, clean=beyond_clean)
    n = values.shape[-1]
    _check(n, "images", "correlated")
    mean = mean_correlation(values, beyond_clean)
    return describe(names, mean, n, "images", beyond_clean)


def corruptions_over_tickets(outcomes: Outcomes) -> Correlation:
    """Whether tickets that are good under one corruption are good under another: accuracies, averaged over seeds and
    severities, correlated over tickets. Raises UserError when there are fewer than `FEWEST` tickets."""
    names, accuracy = _accuracies(outcomes)
    _check(accuracy.shape[0], "tickets", "chosen")
    return describe(names, _pearson(accuracy.T), accuracy.shape[0], "tickets")


def methods_over_conditions(outcomes: Outcomes, centred: bool = False) -> Correlation:
    """Whether two tickets (pruning methods) are good and bad under the same corruptions and severities.

    Args:
        outcomes: the tickets; the clean images are left out.
        centred: subtract each condition's mean over the tickets first, since some conditions are hard for everybody.
            The correlations are then relative to the others and average below 0; it takes three tickets.

    Raises UserError when there are fewer than `FEWEST` conditions, no ticket, or fewer than three to centre.
    """
    places = [place for place, condition in enumerate(outcomes.conditions) if condition != CLEAN]
    _check(len(places), "conditions", "measured")
    if len(outcomes.right) < (3 if centred else 1):
        raise UserError("Correlating pruning methods needs at least three tickets; choose more.")
    accuracy = np.stack([right[:, places].mean(axis=(0, 2)) for right in outcomes.right.values()])
    if centred:
        accuracy = accuracy - accuracy.mean(axis=0)
    return describe(list(outcomes.right), _pearson(accuracy), len(places), "conditions")


def cluster(correlation: Correlation) -> Clustering:
    """Cluster what is correlated; see `Clustering`."""
    matrix = correlation.matrix
    if len(matrix) < 2:
        return Clustering(correlation.names, np.arange(len(matrix)), np.empty((0, 4)), matrix)
    distance = np.maximum(1 - matrix, 0)
    tree = order_leaves(linkage(squareform(distance, checks=False), method="average"), distance)
    places = leaves_list(tree)
    return Clustering([correlation.names[place] for place in places], places, tree, matrix[np.ix_(places, places)])


def linkage_of(correlation: Correlation, names: Sequence[str]) -> np.ndarray | None:
    """scipy's linkage of what is correlated, its leaves numbered by their places in `names`; None where the names are
    others, as when one of them does not vary."""
    if set(correlation.names) != set(names):
        return None
    places = np.array([list(names).index(name) for name in correlation.names])
    tree = cluster(correlation).linkage.copy()
    leaves = tree[:, :2] < len(names)
    tree[:, :2][leaves] = places[tree[:, :2][leaves].astype(int)]
    return tree


def by_image(outcomes: Outcomes, clean: bool = False) -> tuple[list[str], np.ndarray]:
    """(corruptions, outcomes of each image): float64 [runs, corruptions, images], averaged over severities, a run being
    a seed of a ticket. With `clean`, the clean images' outcomes are the last row, beyond the names.

    Raises UserError when there is no corruption, no ticket, or no clean images where they are wanted.
    """
    places = _places(outcomes)
    if clean and CLEAN not in outcomes.conditions:
        raise UserError("Correlations beyond clean accuracy need the clean images; measure these too.")
    chosen = list(places.values()) + ([[outcomes.conditions.index(CLEAN)]] if clean else [])
    runs = np.concatenate(list(outcomes.right.values()))
    return list(places), np.stack([runs[:, each].mean(axis=1) for each in chosen], axis=1)


def mean_correlation(values: np.ndarray, beyond_last: bool = False, weights: np.ndarray | None = None) -> np.ndarray:
    """Correlations of the rows of `values` [runs, K, N] over the N images, averaged over runs: [K, K].

    Args:
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


def _places(outcomes: Outcomes) -> dict[str, list[int]]:
    """Corruption -> the places of its severities."""
    found: dict[str, list[int]] = {}
    for place, (name, severity) in enumerate(outcomes.conditions):
        if (name, severity) != CLEAN:
            found.setdefault(name, []).append(place)
    if not found or not outcomes.right:
        raise UserError("No ticket chosen was measured on corrupted images; measure the study, or choose others.")
    return found


def _accuracies(outcomes: Outcomes) -> tuple[list[str], np.ndarray]:
    """Corruptions, and the accuracy of each ticket under them: [tickets, corruptions]."""
    places = _places(outcomes)
    rows = [[right[:, each].mean() for each in places.values()] for right in outcomes.right.values()]
    return list(places), np.array(rows)


def _check(n: int, unit: str, verb: str) -> None:
    if n < FEWEST:
        raise UserError(
            f"A correlation over {unit} needs at least {FEWEST} of them, and {n} {'is' if n == 1 else 'are'} {verb}."
        )


def _pearson(rows: np.ndarray) -> np.ndarray:
    """Correlations of the rows [K, n]: [K, K], NaN where a row is constant."""
    centred = rows - rows.mean(axis=1, keepdims=True)
    return _normalised(centred @ centred.T / rows.shape[1])


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
    return np.clip(partial, -1, 1)
