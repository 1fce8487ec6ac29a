"""How well the classes can be read off features: linear probes in closed form, fitted on one half of the images.

A probe that was fitted on clean images and is shown corrupted ones says whether what follows could still read them; one
that is fitted on corrupted images says whether the classes are still there to be read.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Probe = tuple[Tensor, Tensor]
"""Directions [D, K] and biases [K] of a linear map from features to scores of the classes."""
Fit = Callable[[Tensor, Tensor, int], Probe]

HALVES = slice(0, None, 2), slice(1, None, 2)
"""Every second of the images, and the others."""
RIDGE = 0.01
"""The penalty, as a share of the mean variance of a feature."""


def nearest_mean(features: Tensor, labels: Tensor, classes: int) -> Probe:
    """The nearest class mean as a linear map: the score of c is m_c . f - |m_c|^2 / 2.

    Args:
        features: [N, D].
        labels: int64 [N], 0 to K - 1.
        classes: K.

    Returns:
        the probe; a class without an image has the score -inf.
    """
    rows = features.double()
    counts = torch.bincount(labels, minlength=classes)
    sums = rows.new_zeros(classes, rows.shape[1]).index_add_(0, labels, rows)
    means = sums / counts.clamp(min=1)[:, None]
    return means.T, torch.where(counts > 0, -means.square().sum(1) / 2, -torch.inf)


def ridge(features: Tensor, labels: Tensor, classes: int) -> Probe:
    """Ridge regression of the classes, as columns of 0 and 1, on the features; as for `nearest_mean`."""
    rows = features.double()
    targets = torch.nn.functional.one_hot(labels, classes).to(rows.dtype)
    centre, level = rows.mean(0), targets.mean(0)
    rows, targets = rows - centre, targets - level
    spread = rows.T @ rows
    penalty = RIDGE * spread.diagonal().mean()
    eye = torch.eye(len(spread), dtype=rows.dtype, device=rows.device)
    # of features that do not vary nothing is learnt, and the most frequent class wins
    factor, _ = torch.linalg.cholesky_ex(spread + torch.where(penalty > 0, penalty, 1.0) * eye)
    directions = torch.cholesky_solve(rows.T @ targets, factor)
    return directions, level - centre @ directions


def cross_fitted(fit: Fit, features: Tensor, labels: Tensor, classes: int) -> tuple[Probe, Probe]:
    """A probe fitted on either half of the images, for use on the other; arguments as for `nearest_mean`."""
    first, second = (fit(features[half], labels[half], classes) for half in HALVES)
    return first, second


def accuracy(probes: tuple[Probe, Probe], features: Tensor, labels: Tensor) -> float:
    """The share of the images that the probe of the other half reads right.

    Args:
        probes: of the same images in the same order, whatever they were shown under.
        features: [N, D]; N of 2 or more.
        labels: int64 [N].

    Returns:
        0 to 1; NaN where a feature is not finite.
    """
    right = 0
    for (directions, bias), half in zip(probes, reversed(HALVES), strict=True):
        scores = features[half].double() @ directions
        if not scores.isfinite().all():
            return float("nan")
        right += int(((scores + bias).argmax(1) == labels[half]).sum())
    return right / len(labels)
