"""How far apart the class scores of two networks are on each image: Jensen-Shannon and Kullback-Leibler divergence."""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax, rel_entr, softmax

BITS = float(np.log(2))


def jensen_shannon(logits: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compute the Jensen-Shannon divergence between the class scores of two networks, image by image (Lin 1991).

    Args:
        logits: [N, K] of the one.
        others: [N, K] of the other.

    Returns:
        float64 [N] in bits: 0 where the scores are the same, 1 where no class has a score from both; nan where a logit
        is not finite.
    """
    with np.errstate(invalid="ignore"):
        p, q = (softmax(each.astype(np.float64), axis=1) for each in (logits, others))
        middle = (p + q) / 2
        found = (rel_entr(p, middle) + rel_entr(q, middle)).sum(axis=1) / (2 * BITS)
    return np.where(np.isfinite(found), np.clip(found, 0, 1), np.nan)


def kullback_leibler(logits: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compute the Kullback-Leibler divergence of class scores from those of another network, image by image.

    That is KL(others || logits): the bits lost where the first stands for the second (Kullback & Leibler 1951), as
    distillation from a dense network minimises it.

    Args:
        logits: [N, K] of the one, such as a pruned network.
        others: [N, K] of the other, such as its dense network.

    Returns:
        float64 [N] in bits, 0 or more, without an upper bound; nan where a logit is not finite.
    """
    with np.errstate(invalid="ignore"):
        p, q = (log_softmax(each.astype(np.float64), axis=1) for each in (others, logits))
        found = (np.exp(p) * (p - q)).sum(axis=1) / BITS
    return np.where(np.isfinite(found), np.maximum(found, 0), np.nan)
