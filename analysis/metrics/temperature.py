"""Temperature scaling (Guo et al. 2017): logits divided by one number, under which the true classes are likeliest.

It changes no prediction, and tells an error of calibration that one number mends from one that it does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax, softmax

LOWEST, HIGHEST = 0.01, 100.0


def fit(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature that minimises the negative log-likelihood, within `LOWEST` and `HIGHEST`.

    Args:
        logits: [N, K], finite, or log-probabilities. N is above 0.
        labels: integers [N] in 0..K-1.

    The likelihood is convex in 1 / temperature, so the place where its slope is 0 is the only one. Where all
    predictions are right it grows without end as the temperature falls, and the lowest is returned.
    """
    from scipy.optimize import brentq  # not before it is needed: it takes a quarter of a second

    logits = np.asarray(logits, dtype=np.float64)
    true = logits[np.arange(len(logits)), labels].mean()

    def slope(log_inverse: float) -> float:
        weights = softmax(np.exp(log_inverse) * logits, axis=1)
        return float((weights * logits).sum(axis=1).mean() - true)

    ends = -np.log(HIGHEST), -np.log(LOWEST)
    if slope(ends[0]) >= 0:
        return HIGHEST
    if slope(ends[1]) <= 0:
        return LOWEST
    return float(np.exp(-brentq(slope, *ends, xtol=1e-9)))


@dataclass(frozen=True)
class Scaled:
    """Images under a temperature that was fitted without them.

    `temperature` is the geometric mean of those of the two halves. `logs` are float64 [N, K]: the log-probabilities of
    each image under the temperature of the other half.
    """

    temperature: float
    logs: np.ndarray


def cross_fitted(logits: np.ndarray, labels: np.ndarray, seed: int = 0) -> Scaled:
    """Fit the temperature on each half of the images and scale the other half by it.

    Args:
        logits: [N, K], finite; at least two images.
        labels: integers [N].
        seed: decides the halves, which are drawn at random, as data are often sorted by class.
    """
    order = np.random.default_rng(seed).permutation(len(logits))
    halves = order[::2], order[1::2]
    logs = np.empty(logits.shape)
    found = []
    for own, other in (halves, halves[::-1]):
        found.append(fit(logits[own], labels[own]))
        logs[other] = log_softmax(np.asarray(logits[other], dtype=np.float64) / found[-1], axis=1)
    return Scaled(float(np.sqrt(found[0] * found[1])), logs)
