"""Out-of-distribution detection: scores of how familiar an image looks, and how well they tell two sets apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from analysis.statistics.distributions import normal_quantile

KEPT = 0.95
"""The share of familiar images that is let through where the false positive rate is read."""
LEVEL = 0.95
RESAMPLES = 10_000


class Rate(NamedTuple):
    """A number with its 95 % interval over images of both sets."""

    value: float
    low: float
    high: float


def msp(logits: np.ndarray) -> np.ndarray:
    """The maximum softmax probability of logits [N, K], float64 [N] (Hendrycks & Gimpel, ICLR 2017).

    As its log-odds, which are in the same order and do not run into 1: images of which a network is certain are still
    told apart.
    """
    sorted_ = np.sort(logits.astype(np.float64), axis=1)
    found: np.ndarray = sorted_[:, -1] - logsumexp(sorted_[:, :-1], axis=1)
    return found


def energy(logits: np.ndarray) -> np.ndarray:
    """The negative free energy of logits [N, K] at temperature 1, float64 [N] (Liu et al., NeurIPS 2020)."""
    return np.asarray(logsumexp(logits.astype(np.float64), axis=1))


SCORES: dict[str, Callable[[np.ndarray], np.ndarray]] = {"msp": msp, "energy": energy}
"""By name; all are higher for what looks familiar."""


def auroc(inside: np.ndarray, outside: np.ndarray) -> Rate:
    """The chance that a familiar image has a higher score than a foreign one, ties counting half.

    Args:
        inside: scores [M] of familiar images.
        outside: scores [N] of foreign ones.

    Returns:
        the area under the ROC curve with the interval of DeLong et al. (Biometrics 1988) on the logit of the area,
        which stays within 0 and 1; where all are told apart the bound is that of Newcombe's rule of three.
    """
    from scipy.stats import rankdata  # not before it is needed: it takes half a second

    order = rankdata(np.concatenate([inside, outside]))
    m, n = len(inside), len(outside)
    above = (order[:m] - rankdata(inside)) / n
    below = 1 - (order[m:] - rankdata(outside)) / m
    value = float(above.mean())
    error = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n)) if min(m, n) > 1 else np.nan
    if value in (0.0, 1.0):
        far = 3 / min(m, n)
        return Rate(value, max(value - far, 0.0), min(value + far, 1.0))
    half = float(normal_quantile(0.5 + LEVEL / 2)) * error / (value * (1 - value))
    centre = np.log(value / (1 - value))
    return Rate(value, *(float(1 / (1 + np.exp(-(centre + way * half)))) for way in (-1, 1)))


def false_positives(inside: np.ndarray, outside: np.ndarray, seed: int = 0) -> Rate:
    """The share of foreign images that pass where at least 95 % of the familiar ones do (FPR95).

    Args:
        inside: scores [M] of familiar images.
        outside: scores [N] of foreign ones.
        seed: of the bootstrap over the images of both sets, whose percentiles are the interval.
    """
    familiar, foreign = np.sort(inside), np.sort(outside)
    m, n, place = len(familiar), len(foreign), _place(len(familiar))
    passing = 1 - np.searchsorted(foreign, familiar, side="left") / n
    # Of a sample drawn with replacement the threshold is an order statistic of uniform numbers, and a binomial number
    # of foreign images pass it: the bootstrap's own distribution, without drawing its images.
    rng = np.random.default_rng(seed)
    drawn = np.minimum((m * rng.beta(place + 1, m - place, RESAMPLES)).astype(int), m - 1)
    rates = rng.binomial(n, passing[drawn]) / n
    tails = 50 * (1 - LEVEL)
    low, high = np.percentile(rates, [tails, 100 - tails])
    return Rate(float(passing[place]), float(low), float(high))


def _place(count: int) -> int:
    """Which of so many rising familiar scores is the highest threshold that lets enough of them through."""
    return int(np.floor((1 - KEPT) * count + 1e-9))
