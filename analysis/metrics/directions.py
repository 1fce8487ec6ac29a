"""Angles between features and class directions, without what all features and all directions have in common.

A vector that is added to all class directions changes every angle and no prediction, as every logit grows alike; so
does one that is added to all features where the biases make up for it. What is left when both are taken out, the
features less their mean and the directions less theirs, is what the literature on neural collapse looks at (Papyan, Han
& Donoho 2020, arXiv 2008.08186). In these terms the logits of a feature f with mean m are, but for a number that all
share,

    ||w_c'|| ||f - m|| cos(angle_c) + b_c + w_c'.m        with w_c' = w_c - mean of the w_c:

the lengths of the directions and the biases decide too, so an image whose own direction is the nearest may be wrong.
All tensors are float64.
"""

import torch
from torch import Tensor

SAME_DIRECTION = 1e-12
"""Two class directions this close, relative to their lengths, differ by rounding alone."""

SAME_FEATURE = 1e-6
"""The same for two features, which come out of a network in float32."""


def centred_features(features: Tensor, mean: Tensor) -> Tensor:
    """Features [N, D] less their mean [D]; 0 where nothing but rounding is left."""
    return _less(features, mean, SAME_FEATURE)


def centred_directions(weight: Tensor) -> Tensor:
    """Class directions [K, D] less their mean; 0 where nothing but rounding is left."""
    return _less(weight, weight.mean(dim=0), SAME_DIRECTION)


def angles(features: Tensor, directions: Tensor) -> Tensor:
    """Degrees [N, K] between features [N, D] and class directions [K, D], 0 to 180.

    90 where either is zero, as neither leans to the other.
    """
    norms = features.norm(dim=1)[:, None] * directions.norm(dim=1)
    # Rounding may take the cosine of (anti)parallel vectors past 1, where arccos is nan.
    cosine: Tensor = (features @ directions.T / norms).clamp(-1.0, 1.0)
    return cosine.arccos().rad2deg().masked_fill(norms == 0, 90.0)


def gap(angles: Tensor, labels: Tensor) -> Tensor:
    """The angle to the nearest other class direction minus that to the own, -180 to 180 degrees.

    Args:
        angles: [N, K].
        labels: int64 [N], the own class of each.

    Returns [N], negative where another direction is nearer; infinite where there is no other class.
    """
    own = labels[:, None]
    nearest = angles.scatter(1, own, torch.inf).amin(dim=1)
    return nearest - angles.gather(1, own)[:, 0]


def _less(vectors: Tensor, mean: Tensor, same: float) -> Tensor:
    left = vectors - mean
    sizes = vectors.norm(dim=1).clamp(min=float(mean.norm()))
    # Not where a vector is infinite: of that nothing is known.
    return left.masked_fill(((left.norm(dim=1) <= same * sizes) & sizes.isfinite())[:, None], 0.0)
