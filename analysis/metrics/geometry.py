"""The geometry of the last layer: where each sample's feature lies with respect to the class directions.

A classifier gives class c the logit ||w_c|| ||f|| cos(angle_c) + b_c, so a pruned network can fail in two ways that
accuracy does not tell apart: the feature turns away from its class direction (angle), or it shrinks (length). The
margin says how far it still is from being wrong. See Li et al., "Understanding Robustness Lottery" (arXiv 2206.07918);
for the margin of a linear classifier, Elsayed et al., "Large Margin Deep Networks for Classification" (2018).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from pruning.errors import UserError

COLUMNS = ("prediction", "confidence", "angle", "length", "margin")

# Two class directions this close, relative to their lengths, differ by rounding alone: no boundary lies between them.
SAME_DIRECTION = 1e-12


def class_gaps(weight: Tensor) -> Tensor:
    """Distances ||w_a - w_b|| between all class directions: weight [K, D] -> float64 [K, K].

    Pairs that are equal (two rows pruned away, say) or differ only by rounding have gap 0. Worth keeping when
    `measure_tensors` is called many times with one classifier of many classes.
    """
    weight = _double(weight)
    # The form by matrix product would cancel just where it matters, for directions that almost coincide.
    gaps = torch.cdist(weight, weight, compute_mode="donot_use_mm_for_euclid_dist")
    norms = weight.norm(dim=1)
    same = gaps <= SAME_DIRECTION * torch.maximum(norms[:, None], norms[None, :])
    return gaps.masked_fill(same, 0.0)


def measure_tensors(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    labels: Tensor,
    logits: Tensor | None = None,
    gaps: Tensor | None = None,
) -> dict[str, Tensor]:
    """Prediction, confidence, angle, length and margin of a batch.

    Args:
        features: [N, D], the inputs of the classifier, any floating type.
        weight: [K, D], the class directions.
        bias: [K], or None for a classifier without.
        labels: integers [N] in 0..K-1, the true classes.
        logits: [N, K] where the network's own are at hand; computed from the features otherwise.
        gaps: `class_gaps(weight)` where it has been computed before.

    Returns a dict of tensors [N] on the features' device:
        prediction: int64, the class with the greatest logit (the first of equals).
        confidence: float32 in (0, 1], the greatest softmax probability.
        angle: float32, degrees in [0, 180], between the feature and the direction of its true class; 90 where the
            feature or the direction is zero, as neither leans to the other.
        length: float32, the feature's Euclidean norm.
        margin: float32, the signed distance to the nearest decision boundary of the true class y, in the feature's
            units: min over c != y of (logit_y - logit_c) / ||w_y - w_c||. Positive where the prediction is right,
            negative where it is wrong, 0 on a boundary.

    Classes whose direction equals that of y have no boundary with it; their biases decide for every feature alike.
    When b_y is greater, the class cannot win and is left out; when the biases are equal, every feature lies on the
    boundary (0); when b_y is smaller, no feature is ever given class y, and the margin is nan. It is also nan when no
    class has a boundary with y. No value is infinite: where a feature or logit is not finite, what follows is nan.

    Raises ValueError when the shapes do not fit.
    """
    _check_shapes(features, weight, bias, labels, logits)
    device = features.device
    # Float64 throughout: arccos loses half the digits near 0 and 180 degrees, and N x D is small beside the network.
    features, weight = _double(features), _double(weight)
    labels = labels.to(features.device, torch.int64)
    if logits is None:
        logits = features @ weight.T + (0.0 if bias is None else _double(bias))
    logits = _double(logits)
    gaps = class_gaps(weight) if gaps is None else _double(gaps)
    length = features.norm(dim=1)
    measured = {
        "confidence": torch.softmax(logits, dim=1).amax(dim=1),
        "angle": _angle(features, length, weight[labels]),
        "length": length,
        "margin": _margin(logits, labels, gaps),
    }
    result = {"prediction": logits.argmax(dim=1).to(device)}
    return result | {name: _finite(value).to(device) for name, value in measured.items()}


def measure(
    features: ArrayLike, classifier_weight: ArrayLike, classifier_bias: ArrayLike | None, labels: ArrayLike
) -> pd.DataFrame:
    """`measure_tensors` for arrays or tensors: a row a sample, in order.

    Args:
        features: [N, D].
        classifier_weight: [K, D].
        classifier_bias: [K] or None.
        labels: integers [N] in 0..K-1.

    Returns a DataFrame with columns prediction (int64), confidence, angle (degrees), length, margin (float32), as
    described at `measure_tensors`. Raises UserError when the shapes do not fit or a label names no class.
    """
    bias = None if classifier_bias is None else torch.as_tensor(classifier_bias)
    features, weight, labels = (torch.as_tensor(value) for value in (features, classifier_weight, labels))
    try:
        _check_shapes(features, weight, bias, labels, None)
    except ValueError as error:
        raise UserError(str(error)) from None
    outside = labels[(labels < 0) | (labels >= len(weight))]
    if len(outside):
        raise UserError(f"Label {int(outside[0])} names no class: the classifier has {len(weight)}, numbered from 0.")
    measured = measure_tensors(features, weight, bias, labels)
    return pd.DataFrame({name: measured[name].cpu().numpy() for name in COLUMNS})


def summarise(measured: Mapping[str, ArrayLike] | pd.DataFrame, labels: ArrayLike) -> dict[str, float | int]:
    """Counts and means over samples of what `measure` or `measure_tensors` returned.

    Returns: n, correct, accuracy (0 to 1), and mean_confidence, mean_angle (degrees), mean_length, mean_margin. Samples
    without a value (nan) are left out of its mean, which is nan when none has one, as is the accuracy of no samples.
    """
    values = {name: np.asarray(measured[name]) for name in COLUMNS}
    labels = np.asarray(labels)
    correct = int((values["prediction"] == labels).sum())
    means = {f"mean_{name}": nanmean(values[name]) for name in COLUMNS[1:]}
    accuracy = correct / len(labels) if len(labels) else float("nan")
    return {"n": len(labels), "correct": correct, "accuracy": accuracy} | means


def nanmean(values: np.ndarray) -> float:
    """Mean in float64 of the values [N] that are there; nan when none is."""
    there = values[~np.isnan(values)]
    return float(there.mean(dtype=np.float64)) if len(there) else float("nan")


def _double(tensor: Tensor) -> Tensor:
    """The tensor in float64, on its own device where that has float64 (Apple's has not)."""
    tensor = tensor.detach()
    return (tensor.cpu() if tensor.device.type == "mps" else tensor).double()


def _angle(features: Tensor, length: Tensor, directions: Tensor) -> Tensor:
    """Degrees between the rows of two [N, D] matrices; 90 where either row is zero."""
    norms = length * directions.norm(dim=1)
    cosine = (features * directions).sum(dim=1) / norms
    # Rounding may take the cosine of (anti)parallel vectors past 1, where arccos is nan.
    angle = torch.rad2deg(torch.arccos(cosine.clamp(-1.0, 1.0)))
    return angle.masked_fill(norms == 0, 90.0)


def _margin(logits: Tensor, labels: Tensor, gaps: Tensor) -> Tensor:
    """The margin [N] from logits [N, K]; infinite or nan where there is no finite distance."""
    lead = logits.gather(1, labels[:, None]) - logits
    gap = gaps[labels]
    # Division by a gap of 0 says the right thing of itself: +inf never binds, -inf cannot be won, and 0 / 0 is the tie.
    distance = torch.where((gap == 0) & (lead == 0), 0.0, lead / gap)
    own = torch.arange(logits.shape[1], device=logits.device) == labels[:, None]
    distance = distance.masked_fill(own, torch.inf)
    return distance.amin(dim=1)


def _finite(values: Tensor) -> Tensor:
    """As float32, with nan for whatever is not finite there."""
    values = values.float()
    return torch.where(values.isfinite(), values, torch.nan)


def _check_shapes(features: Tensor, weight: Tensor, bias: Tensor | None, labels: Tensor, logits: Tensor | None) -> None:
    if features.ndim != 2 or weight.ndim != 2 or features.shape[1] != weight.shape[1]:
        raise ValueError(
            f"Features must be [samples, D] and class directions [classes, D], not {list(features.shape)} and "
            f"{list(weight.shape)}."
        )
    if labels.shape != features.shape[:1]:
        raise ValueError(f"There must be one label for each of the {len(features)} features, not {list(labels.shape)}.")
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"There must be one bias for each of the {len(weight)} classes, not {list(bias.shape)}.")
    if logits is not None and logits.shape != (len(features), len(weight)):
        raise ValueError(f"Logits must be [{len(features)}, {len(weight)}], not {list(logits.shape)}.")
