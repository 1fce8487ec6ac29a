"""Whether a network's confidence can be trusted: expected calibration error, Brier score, negative log-likelihood.

Bins hold equally many images (equal mass; Nixon et al. 2019), for with bins of equal width nearly all images of a good
network lie in the last one. Where equal confidences straddle the border of two bins, each of these images counts with
the share of right ones among all of that confidence: what their order, which means nothing, gives on average. So the
result does not depend on the order of the images.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from torch import Tensor

BINS = 15
COLUMNS = ["bin", "n", "confidence", "accuracy"]


def bins(confidence: ArrayLike, right: ArrayLike, count: int = BINS) -> pd.DataFrame:
    """Reliability by bins of equal mass, least confident first.

    Args:
        confidence: [N], the probability given to the predicted class, in [0, 1]. Images without one (NaN) are left out.
        right: bool [N], whether the prediction is right.
        count: how many bins; sizes differ by one image at most. Fewer images than that have a bin each.

    Returns columns bin (int, from 0), n (int, images in it), confidence and accuracy (means in it, 0 to 1); no rows
    where there are no images.

    Raises ValueError when the shapes differ, a confidence is outside [0, 1], or `count` is below 1.
    """
    return pd.DataFrame(dict(zip(COLUMNS, _bins(confidence, right, count), strict=True)))


def ece(confidence: ArrayLike, right: ArrayLike, count: int = BINS) -> float:
    """Expected calibration error (Naeini et al. 2015) over equal-mass bins, in [0, 1]: 0 is calibrated.

    Arguments and errors as for `bins`. NaN without images. Noise alone makes it positive, the more so the fewer images
    are in a bin: only values from as many images can be compared.
    """
    _, n, sure, accuracy = _bins(confidence, right, count)
    return float(np.abs(accuracy - sure) @ n / n.sum()) if len(n) else float("nan")


def nll(logits: Tensor, labels: Tensor) -> Tensor:
    """Negative log-likelihood of each image's true class.

    Args:
        logits: [N, K], of any floating type, or log-probabilities, for which it makes no difference.
        labels: integers [N] in 0..K-1.

    Returns float64 [N], in nats, 0 or more; inf where the true class has probability 0 (logit -inf), NaN where a logit
    is NaN or +inf.
    """
    logs = torch.log_softmax(_double(logits), dim=1)
    return -logs.gather(1, _column(labels, logs)).squeeze(1)


def brier(logits: Tensor, labels: Tensor) -> Tensor:
    """Brier score of each image (Brier 1950): the sum over classes of (probability - truth)^2.

    Args:
        logits: [N, K], of any floating type, or log-probabilities.
        labels: integers [N] in 0..K-1.

    Returns float64 [N] in [0, 2], 0 is best; NaN where a logit is NaN or +inf.
    """
    gaps = torch.softmax(_double(logits), dim=1)
    index = _column(labels, gaps)
    gaps.scatter_add_(1, index, gaps.new_full(index.shape, -1.0))
    return gaps.square_().sum(dim=1)


def _bins(confidence: ArrayLike, right: ArrayLike, count: int) -> tuple[np.ndarray, ...]:
    """bin, n, confidence, accuracy."""
    sure, hit = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=bool)
    if sure.shape != hit.shape or sure.ndim != 1:
        raise ValueError(f"Confidences and outcomes are one list each, equally long: {sure.shape} and {hit.shape}.")
    if count < 1:
        raise ValueError(f"There must be at least one bin, not {count}.")
    if not ((sure >= 0) & (sure <= 1) | np.isnan(sure)).all():
        raise ValueError("A confidence lies between 0 and 1.")
    there = ~np.isnan(sure)
    sure, hit = sure[there], hit[there]
    order = np.argsort(sure)
    sure, shares = sure[order], _shared(sure[order], hit[order])
    used = min(count, len(sure))
    edges = np.arange(used + 1) * len(sure) // max(used, 1)
    n = np.diff(edges)
    if not used:
        return np.arange(0), n, sure, sure
    means = (np.add.reduceat(values, edges[:-1]) / n for values in (sure, shares))
    return np.arange(used), n, *means


def _shared(sure: np.ndarray, hit: np.ndarray) -> np.ndarray:
    """For sorted confidences the share of right ones among all images of just that confidence."""
    if not len(sure):
        return sure
    first = np.flatnonzero(np.concatenate(([True], sure[1:] != sure[:-1])))
    size = np.diff(np.append(first, len(sure)))
    return np.repeat(np.add.reduceat(hit.astype(np.float64), first) / size, size)


def _double(logits: Tensor) -> Tensor:
    """In float64, off a device that has none (Apple's)."""
    logits = logits.detach()
    return (logits.cpu() if logits.device.type == "mps" else logits).double()


def _column(labels: Tensor, like: Tensor) -> Tensor:
    return labels.to(like.device, torch.int64)[:, None]
