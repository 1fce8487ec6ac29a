"""Classes against class directions: where the images of each class lie to the direction of each other class.

A number is the mean over the images of a class (a row) of what they have to do with a direction (a column); the columns
of a cluster of classes are means over its directions. An image's own direction counts only where a class stands alone.
The interval is Student's over the images, so it speaks of this network on other images. Two networks on the same images
are compared image by image. `over_trainings` takes in the chance of training as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from scipy.stats import t

from analysis.engine.live import Features
from analysis.metrics import directions
from analysis.statistics.intervals import wilson
from analysis.statistics.moderation import moderated

"""What images have to do with a direction; see `towards`."""
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
LENGTH, GAP = "length", "gap"
"""Axes of `profiles` beside the class directions."""

Groups = Sequence[np.ndarray]
"""Class numbers, a group an entry; groups do not overlap."""


@dataclass(frozen=True)
class Matrix:
    """A number for each group of classes (row) and group of directions (column), with its 95 % interval: [R, C].

    `n` int [R] are the images of each row. NaN where there are none; bounds are NaN where an interval has no meaning.
    `freedom` are the degrees of freedom of the intervals, [R]; `trainings` how many networks the numbers are means of.
    """

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    n: np.ndarray
    freedom: np.ndarray
    trainings: int = 1

    @property
    def error(self) -> np.ndarray:
        """The standard error of each number, [R, C]; not of shares by `wilson`, whose interval is no Student's."""
        found: np.ndarray = (self.high - self.low) / 2 / t.ppf(0.975, self.freedom)[:, None]
        return found


def towards(seen: Features, quantity: str, mean: np.ndarray | None) -> np.ndarray:
    """What each image has to do with each class direction, float64 [N, K].

    Args:
        seen: the images as a network sees them.
        quantity: "angle" in degrees; "excess", that less the angle to the image's own direction, negative where the
            other one is nearer; "cosine" of the angle; "logit" less the image's mean over the classes, which changes no
            prediction.
        mean: the mean feature [D] of the clean images, which is taken off the features while the mean of the directions
            is taken off these (`metrics.directions`); None for both as they are.
    """
    if quantity == "logit":
        logits = np.asarray(seen.logits, dtype=np.float64)
        found: np.ndarray = logits - logits.mean(axis=1, keepdims=True)
        return found
    angles = _angles(seen, mean)
    if quantity == "excess":
        angles = angles - angles[np.arange(len(angles)), seen.labels][:, None]
    return np.cos(np.radians(angles)) if quantity == "cosine" else angles


def by_class(values: np.ndarray, labels: np.ndarray, rows: Groups, columns: Groups) -> Matrix:
    """The means of `towards`, or of the differences of two networks in it, by groups of classes.

    Args:
        values: [N, K]; images with a value that is not finite do not count.
        labels: int [N].
        rows: whose images.
        columns: which directions.
    """
    place = np.full(values.shape[1], -1)
    for number, group in enumerate(columns):
        place[group] = number
    member = np.zeros((values.shape[1], len(columns)))
    member[np.flatnonzero(place >= 0), place[place >= 0]] = 1
    sizes = member.sum(axis=0)
    sums, counts = values @ member, np.broadcast_to(sizes, (len(values), len(columns))).copy()
    own = place[labels]
    in_group = np.flatnonzero((own >= 0) & (sizes[own] > 1))
    sums[in_group, own[in_group]] -= values[in_group, labels[in_group]]
    counts[in_group, own[in_group]] -= 1
    return _means(sums / counts, labels, rows, values.shape[1])


def errors_by_class(
    predicted: np.ndarray, labels: np.ndarray, rows: Groups, columns: Groups, baseline: np.ndarray | None = None
) -> Matrix:
    """The share of the images of each row that are wrongly taken for a class of each column.

    With the predictions of a `baseline` on the same images, its share is subtracted, image by image; otherwise the
    interval is Wilson's.
    """
    classes = 1 + max(int(np.concatenate([*rows, *columns]).max()), int(labels.max(initial=0)))
    place = np.full(classes, -1)
    for number, group in enumerate(columns):
        place[group] = number
    wrong = _one_hot(predicted, labels, place, len(columns))
    if baseline is not None:
        return _means(wrong - _one_hot(baseline, labels, place, len(columns)), labels, rows, classes)
    found = _means(wrong, labels, rows, classes)
    n = found.n[:, None]
    low, high = wilson(np.clip(np.nan_to_num(found.value) * n, 0, n), n)
    return replace(found, low=low, high=high)


def over_trainings(found: Sequence[Matrix]) -> Matrix:
    """The means of numbers over trainings of one network, with the chance of images and of trainings in the interval.

    The images are the same for all trainings, so their error does not shrink with these. The trainings' variances are
    moderated over all numbers; those of a row move together and count once.

    Args:
        found: of the same classes and images, a matrix a training; numbers of `by_class`.
    """
    if len(found) == 1:
        return found[0]
    values, runs = np.stack([each.value for each in found]), len(found)
    there = np.isfinite(values).all(axis=0)
    if not there.any():
        return replace(found[0], value=np.full(there.shape, np.nan), trainings=runs)
    variance = np.full(there.shape, np.nan)
    moved, freedom = moderated(values[:, there].var(axis=0, ddof=1), runs - 1, there.any(axis=1).sum() * (runs - 1))
    variance[there] = moved
    images = np.mean([each.error for each in found], axis=0)
    least = np.minimum(np.min([each.freedom for each in found], axis=0), freedom)
    half = t.ppf(0.975, least)[:, None] * np.sqrt(images**2 + variance / runs)
    mean = np.where(there, values.mean(axis=0), np.nan)
    return Matrix(mean, mean - half, mean + half, found[0].n, least, runs)


def differs(matrix: Matrix, level: float = 0.95) -> np.ndarray:
    """Which numbers of a matrix are shown not to be 0, all its cells being one family (Bonferroni): bool [R, C]."""
    cells = max(int(np.isfinite(matrix.value).sum()), 1)
    reach = t.isf((1 - level) / 2 / cells, matrix.freedom)[:, None] * matrix.error
    # where all images of a class agree, as two may by chance, there is no error to go by
    found: np.ndarray = (np.abs(matrix.value) > reach) & (matrix.error > 0)
    return found


def cosines(weight: np.ndarray, rows: Groups, columns: Groups, centred: bool = True) -> np.ndarray:
    """The mean cosine between two different class directions, float64 [R, C]; NaN for a class and itself.

    Of K centred directions as far apart as can be, a simplex, all are -1 / (K - 1) (Papyan et al. 2020).
    """
    vectors = class_vectors(weight, centred)
    lengths = np.linalg.norm(vectors, axis=1)
    units = vectors / np.where(lengths > 0, lengths, 1.0)[:, None]
    found = np.full((len(rows), len(columns)), np.nan)
    for line, row in enumerate(rows):
        for number, column in enumerate(columns):
            between = units[row] @ units[column].T
            other = np.not_equal.outer(row, column)
            if other.any():
                found[line, number] = between[other].mean()
    return found


def class_vectors(weight: np.ndarray, centred: bool = True) -> np.ndarray:
    """Class directions [K, D] in float64, less their mean where `centred`."""
    weight = np.asarray(weight, dtype=np.float64)
    return directions.centred_directions(torch.from_numpy(weight)).numpy() if centred else weight


def profiles(seen: Features, mean: np.ndarray | None, classes: Sequence[int]) -> pd.DataFrame:
    """How the images of each class spread over the angles to these directions, their length and their gap.

    Returns a row a class and axis: class, axis (the number of a direction as text, `LENGTH` or `GAP`), n (images), and
    the quantiles q10, q25, q50, q75, q90 of the images, in degrees; of the length in the features' unit.
    """
    angles = _angles(seen, mean)
    features = torch.from_numpy(np.asarray(seen.features, dtype=np.float64))
    if mean is not None:
        features = directions.centred_features(features, torch.from_numpy(mean))
    gaps = directions.gap(torch.from_numpy(angles), torch.from_numpy(seen.labels)).numpy()
    values = np.column_stack([angles[:, list(classes)], features.norm(dim=1).numpy(), gaps])
    axes = [*map(str, classes), LENGTH, GAP]
    there = np.isfinite(values).all(axis=1)
    rows = []
    for label in classes:
        own = values[there & (seen.labels == label)]
        spread = np.quantile(own, QUANTILES, axis=0).T if len(own) else np.full((len(axes), len(QUANTILES)), np.nan)
        rows += [(label, axis, len(own), *each) for axis, each in zip(axes, spread, strict=True)]
    return pd.DataFrame(rows, columns=["class", "axis", "n", *(f"q{round(100 * each)}" for each in QUANTILES)])


def _angles(seen: Features, mean: np.ndarray | None) -> np.ndarray:
    features = torch.from_numpy(np.asarray(seen.features, dtype=np.float64))
    vectors = torch.from_numpy(class_vectors(seen.weight, centred=mean is not None))
    if mean is not None:
        features = directions.centred_features(features, torch.from_numpy(mean))
    found = directions.angles(features, vectors).numpy()
    # An angle to what is not finite is none; that of a vector of length 0 is a right one.
    return np.where(np.isfinite(seen.features).all(axis=1)[:, None], found, np.nan)


def _one_hot(predicted: np.ndarray, labels: np.ndarray, place: np.ndarray, columns: int) -> np.ndarray:
    """For each image and group 1 where it is wrongly taken for a class of the group: float64 [N, columns]."""
    found = np.zeros((len(labels), columns))
    group = np.where((predicted != labels) & (predicted < len(place)), place[np.minimum(predicted, len(place) - 1)], -1)
    at = np.flatnonzero(group >= 0)
    found[at, group[at]] = 1
    return found


def _means(values: np.ndarray, labels: np.ndarray, rows: Groups, classes: int) -> Matrix:
    """Means [R, C] of values [N, C] over the images of each row, with Student's interval."""
    row = np.full(classes, -1)
    for number, group in enumerate(rows):
        row[group] = number
    found = np.full((3, len(rows), values.shape[1]), np.nan)
    n = np.zeros(len(rows), dtype=np.int64)
    there = np.isfinite(values).all(axis=1)
    for number in range(len(rows)):
        own = values[there & (row[labels] == number)]
        n[number] = len(own)
        if len(own):
            mean = own.mean(axis=0)
            half = t.ppf(0.975, len(own) - 1) * own.std(axis=0, ddof=1) / np.sqrt(len(own)) if len(own) > 1 else np.nan
            found[:, number] = mean, mean - half, mean + half
    return Matrix(found[0], found[1], found[2], n, np.maximum(n - 1.0, 1.0))
