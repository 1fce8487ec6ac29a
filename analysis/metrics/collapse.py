"""Neural collapse of the last layer's features (Papyan, Han & Donoho 2020, PNAS; arXiv 2008.08186)."""

from __future__ import annotations

import torch
from torch import Tensor

ALIKE = 1e-10
"""Centred means shorter than this share of the longest mean are what rounding leaves: they have no direction."""
COLLAPSE = ("nc1", "nc2_norms", "nc2_angles", "nc3", "nc4")


def neural_collapse(features: Tensor, labels: Tensor, logits: Tensor, weight: Tensor) -> dict[str, float]:
    """How far features have collapsed to their class means, and these to a simplex; 0 is full collapse in each.

    Args:
        features: [N, D], the input of the classifier.
        labels: int64 [N], true classes.
        logits: [N, K].
        weight: class directions [K, D]; NaN where there is no linear classifier.

    Returns:
        nc1: tr(S_W pinv(S_B)) / K, the spread within classes against that between them.
        nc2_norms: standard deviation over mean of the lengths of the centred class means.
        nc2_angles: mean distance of the cosines between centred class means from -1 / (K - 1).
        nc3: norm of the difference between the class directions and the centred class means, both of norm 1.
        nc4: share of the images whose nearest class mean is not of the class that the network chooses.
        K counts the classes that have images. NaN with fewer than two of these, features that are not finite, or class
        means that are all the same; nc2_angles also where one class mean is the mean of all, which has no direction.
    """
    features, weight = features.double(), weight.double()
    found = labels.unique()
    if len(found) < 2 or not features.isfinite().all():
        return dict.fromkeys(COLLAPSE, float("nan"))
    own = torch.searchsorted(found, labels)
    counts = torch.bincount(own)[:, None]
    means = features.new_zeros(len(found), features.shape[1]).index_add_(0, own, features) / counts
    centred = means - means.mean(0)
    lengths = centred.norm(dim=1)
    without = lengths <= ALIKE * means.norm(dim=1).max()
    if without.all():
        return dict.fromkeys(COLLAPSE, float("nan"))
    directions = centred / lengths.masked_fill(without, torch.nan)[:, None]
    cosines = (directions @ directions.T)[~torch.eye(len(found), dtype=torch.bool, device=features.device)]
    nearest = found[torch.cdist(features, means).argmin(1)]
    return {
        "nc1": _spread(features - means[own], centred),
        "nc2_norms": float(lengths.std(correction=0) / lengths.mean()),
        "nc2_angles": float((cosines + 1 / (len(found) - 1)).abs().mean()),
        "nc3": float((_unit(weight[found]) - _unit(centred)).norm()),
        "nc4": float((nearest != logits.argmax(1)).double().mean()),
    }


def _spread(residuals: Tensor, centred: Tensor) -> float:
    """tr(S_W pinv(S_B)) / K, without a matrix of D x D: S_B is made of K means, whose span is all that counts."""
    classes = len(centred)
    _, sizes, right = torch.linalg.svd(centred, full_matrices=False)
    kept = sizes > sizes.max() * max(centred.shape) * torch.finfo(sizes.dtype).eps
    if not kept.any():
        return float("nan")
    within = (residuals @ right[kept].T).square().mean(0)
    return float((within / (sizes[kept] ** 2 / classes)).sum() / classes)


def _unit(rows: Tensor) -> Tensor:
    found: Tensor = rows / rows.norm()
    return found
