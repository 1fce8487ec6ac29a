"""Whether a network's confidence can be trusted: expected calibration error, Brier score, negative log-likelihood.

Bins hold equally many images ("mass"; Nixon et al. 2019), or are equally wide ("width": what most papers print; Guo et
al. 2017). With equal widths nearly all images of a good network lie in the last bin. With equal masses the border of
two bins may part equal confidences; then each of these images counts with the share of right ones among all of that
confidence: what their order, which means nothing, gives on average. So no result depends on the order of the images.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from torch import Tensor

BINS = 15
COLUMNS = ["bin", "n", "confidence", "accuracy"]

Equal = Literal["mass", "width"]
"""What bins have in common."""


def bins(confidence: ArrayLike, right: ArrayLike, count: int = BINS, equal: Equal = "mass") -> pd.DataFrame:
    """Reliability by bins, least confident first.

    Args:
        confidence: [N], the probability given to the predicted class, in [0, 1]. Images without one (NaN) are left out.
        right: bool [N], whether the prediction is right.
        count: how many bins.
        equal: "mass": sizes differ by one image at most, and fewer images than bins have a bin each. "width": bin k of
            K holds the confidences above k / K, up to (k + 1) / K, and the first those of 0 as well.

    Returns columns bin (int, from 0), n (int, images in it), confidence and accuracy (means in it, 0 to 1); no row for
    a bin without images.

    Raises ValueError when the shapes differ, a confidence is outside [0, 1], or `count` is below 1.
    """
    return pd.DataFrame(dict(zip(COLUMNS, _bins(confidence, right, count, equal), strict=True)))


def bin_of(confidence: ArrayLike, count: int = BINS, equal: Equal = "mass") -> np.ndarray:
    """The bin of each image, int64 [N], from 0; -1 for those without a confidence. Arguments and errors as for `bins`.

    Of equal confidences that a border of equal masses parts, the first images are in the lower bin.
    """
    sure = np.asarray(confidence, dtype=np.float64)
    number, n, *_ = _bins(sure, np.zeros(sure.shape, dtype=bool), count, equal)
    order = np.argsort(sure, kind="stable")[: n.sum()]  # those without one come last
    found = np.full(len(sure), -1)
    found[order] = np.repeat(number, n)
    return found


def ece(confidence: ArrayLike, right: ArrayLike, count: int = BINS, equal: Equal = "mass") -> float:
    """Expected calibration error (Naeini et al. 2015), in [0, 1]: 0 is calibrated.

    Arguments and errors as for `bins`. NaN without images. Noise alone makes it positive, the more so the fewer images
    are in a bin: only values from as many images can be compared. `calibration_noise` says by how much.
    """
    _, n, sure, accuracy = _bins(confidence, right, count, equal)
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


def _bins(confidence: ArrayLike, right: ArrayLike, count: int, equal: Equal) -> tuple[np.ndarray, ...]:
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
    sure, hit = sure[order], hit[order]
    if equal == "width":
        # Outcomes stay as they are: equal confidences never part.
        place = np.searchsorted(np.linspace(0, 1, count + 1)[1:], sure)
        number, n = np.unique(np.minimum(place, count - 1), return_counts=True)
        return number, n, *_means(n, sure, hit)
    used = min(count, len(sure))
    n = np.diff(np.arange(used + 1) * len(sure) // max(used, 1))
    return np.arange(used), n, *_means(n, sure, _shared(sure, hit))


def _means(n: np.ndarray, *columns: np.ndarray) -> list[np.ndarray]:
    """The means of each column over successive groups of so many."""
    if not len(n):
        return [np.empty(0)] * len(columns)
    return [np.add.reduceat(column, np.cumsum(n) - n, dtype=np.float64) / n for column in columns]


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
