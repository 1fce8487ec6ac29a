"""The geometry of the last layer: where each sample's feature lies with respect to the class directions.

A classifier gives class c the logit ||w_c|| ||f|| cos(angle_c) + b_c. Which class wins is a matter of the angles, of
the lengths of the directions, and of the biases, which weigh the more the shorter the feature is. The margin says how
far the feature is from another answer. See Li et al., "Understanding Robustness Lottery" (arXiv 2206.07918).

Angles and lengths of the vectors as they are (`measure_tensors`) depend on what all directions, or all features, have
in common, and so cannot be compared between networks; `compare_tensors` takes that out.
"""

from collections.abc import Mapping
from typing import Any, overload

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from analysis.metrics import directions, margins
from analysis.metrics.directions import SAME_DIRECTION
from pruning.errors import UserError
from pruning.library import Features
from pruning.library import features as features_of

COLUMNS = ("prediction", "confidence", "angle", "length", "margin")
"""What `measure_tensors` says of a sample."""

COMPARABLE = ("centred_angle", "centred_length", "gap", "raw_gap", "nearest_margin", "region_margin")
"""What `compare_tensors` adds to it."""


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
        margin: float32, the least signed distance to a decision boundary of the true class y, in the feature's units:
            min over c != y of (logit_y - logit_c) / ||w_y - w_c||. Where the prediction is right it is the distance to
            the nearest boundary; where it is wrong it is negative, the distance to the farthest of the boundaries that
            the feature is beyond. 0 on a boundary. `analysis.metrics.margins` has the other distances.

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
        "margin": margins.margin(logits, labels, gaps),
    }
    result = {"prediction": logits.argmax(dim=1).to(device)}
    return result | {name: _finite(value).to(device) for name, value in measured.items()}


def compare_tensors(
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    labels: Tensor,
    mean: Tensor,
    logits: Tensor | None = None,
    gaps: Tensor | None = None,
) -> dict[str, Tensor]:
    """Of a batch, what no vector common to all class directions changes, and `raw_gap` to set beside it.

    The mean [D] that is taken off the features is that of those of the clean images, for corrupted ones too; the other
    arguments are those of `measure_tensors`.

    Returns a dict of float32 tensors [N] on the features' device; see `directions` and `margins`:
        centred_angle: degrees between the feature less the mean and the direction of its true class, less that of all.
        centred_length: norm of the feature less the mean.
        gap: degrees from -180 to 180, the angle to the nearest other direction minus that to the own, all centred;
            negative where another is nearer; nan where there is no other class.
        raw_gap: the same between the vectors as they are.
        nearest_margin: distance to the nearest decision boundary, negative where the prediction is wrong.
        region_margin: distance to the border of the region of the true class, negative outside.

    Margins are nan where `measure_tensors` gives none, and where the region of the true class is empty; nothing is
    infinite. Raises ValueError when the shapes do not fit.
    """
    _check_shapes(features, weight, bias, labels, logits)
    device = features.device
    features, weight, mean = _double(features), _double(weight), _double(mean)
    labels = labels.to(features.device, torch.int64)
    if logits is None:
        logits = features @ weight.T + (0.0 if bias is None else _double(bias))
    logits = _double(logits)
    gaps = class_gaps(weight) if gaps is None else _double(gaps)
    centred = directions.centred_features(features, mean)
    angles = directions.angles(centred, directions.centred_directions(weight))
    compared = {
        "centred_angle": angles.gather(1, labels[:, None])[:, 0],
        "centred_length": centred.norm(dim=1),
        "gap": directions.gap(angles, labels),
        "raw_gap": directions.gap(directions.angles(features, weight), labels),
        "nearest_margin": margins.nearest_margin(logits, labels, gaps),
        "region_margin": margins.region_margin(logits, labels, gaps, weight),
    }
    return {name: _finite(value).to(device) for name, value in compared.items()}


def sum_of_finite(features: Tensor) -> tuple[Tensor, int]:
    """The sum [D], float64, of the features [N, D] that are finite in float32, and how many are."""
    there = _double(features)
    there = there[there.float().isfinite().all(dim=1)]
    return there.sum(dim=0), len(there)


@overload
def measure(
    features: ArrayLike, classifier_weight: ArrayLike, classifier_bias: ArrayLike | None, labels: ArrayLike
) -> pd.DataFrame: ...
@overload
def measure(features: Features) -> pd.DataFrame: ...
@overload
def measure(features: nn.Module, data: Any, /, *, classifier: str | None = None) -> pd.DataFrame: ...
def measure(
    features: Any,
    classifier_weight: Any = None,
    classifier_bias: Any = None,
    labels: Any = None,
    *,
    classifier: str | None = None,
) -> pd.DataFrame:
    """`measure_tensors` and `compare_tensors` for arrays or tensors, or for a network: a row a sample, in order.

    ``measure(network, loader)`` is ``measure(features(network, loader))`` with `pruning.features`.

    Args:
        features: [N, D]; or what `pruning.features` gives; or a network, and then its labelled inputs come next.
        classifier_weight: [K, D].
        classifier_bias: [K] or None.
        labels: integers [N] in 0..K-1.
        classifier: of a network: the layer whose output is the logits, where running it does not tell.

    Returns a DataFrame with the columns of `COLUMNS` and `COMPARABLE`, prediction int64, the others float32. What is
    centred is so by the mean of these features. Raises UserError when the shapes do not fit, a label names no class, or
    a network has no classifier that is found.
    """
    if isinstance(features, nn.Module):
        features = features_of(features, classifier_weight, classifier=classifier)
    if isinstance(features, Features):
        if features.without:
            raise UserError(f"There is no geometry to measure: {features.without}.")
        features, classifier_weight, classifier_bias, labels, logits = (
            *(features.features, features.weight, features.bias),
            *(features.labels, torch.as_tensor(features.logits)),
        )
    else:
        logits = None
    if classifier_weight is None or labels is None:
        raise UserError(
            "Features need the classifier's weight and the labels: measure(features, weight, bias, labels)."
        )
    bias = None if classifier_bias is None else torch.as_tensor(classifier_bias)
    features, weight, labels = (torch.as_tensor(value) for value in (features, classifier_weight, labels))
    try:
        _check_shapes(features, weight, bias, labels, None)
    except ValueError as error:
        raise UserError(str(error)) from None
    outside = labels[(labels < 0) | (labels >= len(weight))]
    if len(outside):
        raise UserError(f"Label {int(outside[0])} names no class: the classifier has {len(weight)}, numbered from 0.")
    measured = measure_tensors(features, weight, bias, labels, logits)
    total, count = sum_of_finite(features)
    measured |= compare_tensors(features, weight, bias, labels, total / max(1, count), logits)
    return pd.DataFrame({name: measured[name].cpu().numpy() for name in (*COLUMNS, *COMPARABLE)})


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
