"""Whether a network's confidence can be trusted: expected calibration error, Brier score, negative log-likelihood.

Bins hold equally many images (equal mass; Nixon et al. 2019), for with bins of equal width nearly all images of a good
network lie in the last one. Where equal confidences straddle the border of two bins, each of these images counts with
the share of right ones among all of that confidence: what their order, which means nothing, gives on average. So the
result does not depend on the order of the images.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from analysis.comparisons.outcomes import MEAN
from analysis.metrics.corruption_error import COUNTED
from analysis.statistics.intervals import mean_interval, wilson

BINS = 15
COLUMNS = ["bin", "n", "confidence", "accuracy"]
MEASURES = ("ece", "brier", "nll")


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
    return _error(n, sure, accuracy)


def ece_of(reliability: pd.DataFrame) -> float:
    """`ece` of bins that are at hand: columns n, confidence, accuracy. NaN without rows."""
    return _error(*(reliability[name].to_numpy(np.float64) for name in COLUMNS[1:]))


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
        logits: [N, K], of any floating type, or log-probabilities. labels: integers [N] in 0..K-1.

    Returns float64 [N] in [0, 2], 0 is best; NaN where a logit is NaN or +inf.
    """
    gaps = torch.softmax(_double(logits), dim=1)
    index = _column(labels, gaps)
    gaps.scatter_add_(1, index, gaps.new_full(index.shape, -1.0))
    return gaps.square_().sum(dim=1)


def merge(rows: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """The reliability diagram of several seeds, and of several conditions, from rows of the table `reliability`.

    Bin k of one seed is taken together with bin k of the others: both are the k-th part of the images by confidence.

    Args:
        rows: ticket_id, corruption, severity, bin, n, confidence, accuracy; a ticket_id is a seed.
        by: columns of `rows` for each value of which there is a diagram of its own, as ("key", "severity").

    Returns the columns `by`, then bin, n (images, summed over seeds and conditions), confidence, accuracy (means
    over seeds, inside a seed over images), low, high (95 % interval of the accuracy), seeds. With several seeds in a
    bin the interval is Student's of the mean over seeds; with one it is Wilson's, for as many images as one condition
    has there, as the conditions show the same images again. Empty rows give an empty table.
    """
    columns = [*by, *COLUMNS, "low", "high", "seeds"]
    keys = [*by, "bin"]
    found = [_merged(key, part) for key, part in rows.groupby(keys, sort=False, observed=True)] if len(rows) else []
    table = pd.DataFrame(found, columns=columns)
    diagram = table.groupby(list(by), sort=False).ngroup() if by else np.zeros(len(table))
    return table.iloc[np.lexsort((table["bin"], diagram))].reset_index(drop=True)


def summary(conditions: pd.DataFrame, tickets: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """ECE, Brier score and NLL of each ticket under each condition, and their means over the corruptions that count.

    Args:
        conditions: rows of the table `conditions`: ticket_id, corruption, severity, ece, brier, nll.
        tickets: name -> ids of its seeds; ids without rows are left out.

    Returns key, corruption ("mean" for the mean over the counted corruptions at a severity), severity, measure (one of
    `MEASURES`), value (mean over seeds), low, high (95 % Student's interval of that mean; NaN with a single seed, for
    the outcomes of single images are not kept), seeds. Values that are missing are left out of a mean.
    """
    rows = [
        (name, corruption, severity, measure, *mean_interval(values), len(values))
        for name, ids in tickets.items()
        for corruption, severity, each in _by_condition(conditions[conditions["ticket_id"].isin(list(ids))])
        for measure in MEASURES
        if len(values := each[measure].dropna().to_numpy(np.float64))
    ]
    return pd.DataFrame(rows, columns=["key", "corruption", "severity", "measure", "value", "low", "high", "seeds"])


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


def _error(n: np.ndarray, sure: np.ndarray, accuracy: np.ndarray) -> float:
    return float(np.abs(accuracy - sure) @ n / n.sum()) if len(n) else float("nan")


def _double(logits: Tensor) -> Tensor:
    """In float64, off a device that has none (Apple's)."""
    logits = logits.detach()
    return (logits.cpu() if logits.device.type == "mps" else logits).double()


def _column(labels: Tensor, like: Tensor) -> Tensor:
    return labels.to(like.device, torch.int64)[:, None]


def _merged(key: tuple, part: pd.DataFrame) -> tuple:
    """One bin's row."""
    weights = part["n"].to_numpy(np.float64)
    sums = part.assign(confidence=part["confidence"] * weights, accuracy=part["accuracy"] * weights)
    seeds = sums.groupby("ticket_id", sort=False)[["n", "confidence", "accuracy"]].sum()
    sure, each = seeds["confidence"] / seeds["n"], seeds["accuracy"] / seeds["n"]
    mean, low, high = mean_interval(each.to_numpy())
    if len(seeds) > 1:
        low, high = max(0.0, low), min(1.0, high)
    else:
        n = float(weights.mean())
        low, high = (float(bound) for bound in wilson(min(mean, 1.0) * n, n))
    return *key, int(weights.sum()), float(sure.mean()), mean, low, high, len(seeds)


def _by_condition(rows: pd.DataFrame) -> Iterator[tuple[str, int, pd.DataFrame]]:
    """Each condition with a row a seed; then, at each severity, the mean of the counted corruptions, a row a seed."""
    for (corruption, severity), each in rows.groupby(["corruption", "severity"], sort=False):
        yield corruption, int(severity), each
    counted = rows[rows["corruption"].isin(COUNTED)]
    for severity, each in counted.groupby("severity"):
        yield MEAN, int(severity), each.groupby("ticket_id", sort=False)[list(MEASURES)].mean()
