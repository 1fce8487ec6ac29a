"""Planes in the feature space onto which features are projected exactly, corrupted ones like clean ones.

The plane of the two directions in which features vary most (principal components), and the plane of two or three
classes, on which the lines where the classifier's choice between them changes are drawn as they are: the difference of
two of their logits is a linear function on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from analysis.metrics.neighbours import is_constant
from pruning.errors import UserError


@dataclass(frozen=True)
class Plane:
    """A plane in the feature space: `origin` [D] and two orthonormal `axes` [D, 2] (zero where there is but one)."""

    origin: np.ndarray
    axes: np.ndarray

    def project(self, features: ArrayLike) -> np.ndarray:
        """Features [N, D] on the plane, float32 [N, 2], in the features' units; nan where they are not finite."""
        values = np.asarray(features, dtype=np.float64)
        there = np.isfinite(values).all(axis=1)
        xy = np.full((len(values), 2), np.nan, dtype=np.float32)
        xy[there] = (values[there] - self.origin) @ self.axes
        return xy


@dataclass(frozen=True)
class Line:
    """Where two classes have the same logit on a plane: the points (x, y) with `normal` . (x, y) = `offset`.

    `first` has the higher logit where the left side is greater. `normal` is a unit vector.
    """

    first: int
    second: int
    normal: np.ndarray
    offset: float


def principal(features: ArrayLike) -> Plane:
    """The plane of the two principal components, through the mean.

    Args:
        features: [N, D], finite or not.

    The sign of each axis is such that the feature that weighs most in it does so positively, so equal features give
    equal planes. Where samples lie along one line the second axis is zero, and where all are the same both are.
    """
    features = np.asarray(features)
    there = features[np.isfinite(features).all(axis=1)].astype(np.float64)
    axes = np.zeros((features.shape[1], 2))
    if is_constant(there):
        return Plane(there.mean(axis=0) if len(there) else axes[:, 0], axes)
    origin = there.mean(axis=0)
    # Scaled so that squaring neither overflows nor vanishes; the decomposition is of [D, D], not of [N, N].
    scaled = (there - origin) / np.abs(there - origin).max()
    values, found = np.linalg.eigh(scaled.T @ scaled)
    order = np.argsort(values)[::-1][:2]
    found = found[:, order] * (values[order] > values[order[0]] * 1e-12)
    heaviest = np.abs(found).argmax(axis=0)
    axes[:, : len(order)] = found * np.where(found[heaviest, np.arange(len(order))] < 0, -1.0, 1.0)
    return Plane(origin, axes)


def of_classes(weight: ArrayLike, bias: ArrayLike, classes: Sequence[int]) -> tuple[Plane, list[Line]]:
    """The plane of two or three classes, and the lines between them.

    Of two classes: across is the signed distance to the boundary between them, the first at the right; upwards is what
    their directions share. Of three: all that decides between them; the three lines meet in one point.

    Args:
        weight: class directions [K, D].
        bias: [K].
        classes: two or three different numbers of classes.

    Returns the plane and a line a pair of classes; no line for two classes with one direction.

    Raises:
        UserError: other numbers of classes, or a class that there is not.
    """
    weight, bias = np.asarray(weight, dtype=np.float64), np.asarray(bias, dtype=np.float64)
    if len(set(classes)) != len(classes) or len(classes) not in (2, 3) or not set(classes) <= set(range(len(weight))):
        raise UserError(f"A plane is of two or three different classes from 0 to {len(weight) - 1}, not {classes}.")
    own = weight[list(classes)]
    towards = own[0] - own[1]
    other = own[:2].mean(axis=0) if len(classes) == 2 else own[2] - own[:2].mean(axis=0)
    axes = _orthonormal(towards, other)
    origin = np.zeros(weight.shape[1])
    if (length := float(np.linalg.norm(towards))) > 0:
        origin -= (bias[classes[0]] - bias[classes[1]]) / length * axes[:, 0]  # across, 0 is the boundary
    plane, lines = Plane(origin, axes), []
    for first, second in combinations(classes, 2):
        normal = (weight[first] - weight[second]) @ axes
        if (length := float(np.linalg.norm(normal))) > 0:
            offset = bias[second] - bias[first] - (weight[first] - weight[second]) @ origin
            lines.append(Line(first, second, normal / length, float(offset / length)))
    return plane, lines


def _orthonormal(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Two unit vectors [D, 2]: along the first, and along what the second adds; zero where there is nothing."""
    axes = np.zeros((len(first), 2))
    for place, vector in enumerate((first, second)):
        left = vector.astype(np.float64)
        for _ in range(2):  # twice is enough (Giraud et al. 2005)
            left = left - axes @ (axes.T @ left)
        length = np.linalg.norm(left)
        if length > 1e-9 * max(np.linalg.norm(first), np.linalg.norm(second)):
            axes[:, place] = left / length
    return axes
