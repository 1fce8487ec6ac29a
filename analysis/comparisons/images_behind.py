"""The images behind a number: those that were counted for a cell, a bar or a point, so that they can be looked at.

A number that is a mean over seeds is made of several trainings; these functions take one, and the images are its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import Outcomes
from analysis.corruptions.conditions import CLEAN
from analysis.metrics.calibration import BINS, Equal, bin_of
from analysis.statistics.intervals import wilson

Flip = Literal["flipped", "lost", "gained", "moved"]
"""Any change of a prediction; from right to wrong; from wrong to right; from wrong to wrong in another way."""
FLIPS: tuple[Flip, ...] = get_args(Flip)

MOSTLY = 0.5
"""The share of runs and severities above which an image is wrong in most of them."""
FAILURES = ["members", "size", "count", "low", "high", "expected"]


def taken_for(
    labels: np.ndarray, given: np.ndarray, own: Collection[int], other: Collection[int] | None = None
) -> np.ndarray:
    """A cell of a confusion matrix: the images of some classes that are taken for others.

    Args:
        labels: int [N], the true classes.
        given: int [N], the classes given.
        own: true classes.
        other: classes given; None: any.

    Returns int64 indices, rising.
    """
    chosen = np.isin(labels, list(own))
    return np.flatnonzero(chosen if other is None else chosen & np.isin(given, list(other)))


def flips(before: np.ndarray, after: np.ndarray, labels: np.ndarray, part: Flip = "flipped") -> np.ndarray:
    """A point of the churn (`comparisons.flips`): the images whose class changes, under any of several conditions.

    Args:
        before: int [..., N], classes given, under one condition or several.
        after: the same, or broadcast to it.
        labels: int [N], the true classes.
        part: which changes.

    Returns int64 indices, rising.
    """
    differ, was, now = before != after, before == labels, after == labels
    found = {"flipped": differ, "lost": was & ~now, "gained": ~was & now, "moved": differ & ~was & ~now}[part]
    return np.flatnonzero(found.reshape(-1, found.shape[-1]).any(axis=0))


def right_more_often(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A cell of the pairs: the images that the first ticket has right under more of the conditions than the second.

    Under one condition those that it has right and the second wrong; these, less those of the mirrored cell, are the
    difference of the two accuracies.

    Args:
        first: bool [conditions, N], who is right.
        second: bool [conditions, N].

    Returns int64 indices, rising.
    """
    return np.flatnonzero(first.sum(axis=0) > second.sum(axis=0))


def mostly_wrong(
    outcomes: Outcomes, corruptions: Sequence[str] | None = None, tickets: Sequence[str] | None = None
) -> np.ndarray:
    """A cell of the correlations, or a group: the images that are wrong in most runs under each of the corruptions.

    Args:
        outcomes: the tickets under these corruptions.
        corruptions: an image has to be wrong in more than half of the runs and severities of each; None: of all
            corruptions together.
        tickets: and that for each of these tickets by itself; None: for all of them together.

    Returns int64 indices, rising.
    """
    groups = [list(outcomes.right)] if tickets is None else [[key] for key in tickets]
    corrupted = [place for place, condition in enumerate(outcomes.conditions) if condition != CLEAN]
    of_each = [corrupted] if corruptions is None else [
        [place for place in corrupted if outcomes.conditions[place][0] == name] for name in corruptions
    ]  # fmt: skip
    images = next(right.shape[-1] for right in outcomes.right.values())
    found = np.ones(images, dtype=bool)
    for keys in groups:
        right = np.concatenate([outcomes.right[key] for key in keys])
        for places in of_each:
            found &= 1 - right[:, places].mean(axis=(0, 1)) > MOSTLY
    return np.flatnonzero(found)


def in_bin(
    images: pd.DataFrame, place: int, count: int = BINS, equal: Equal = "mass", counted: pd.DataFrame | None = None
) -> np.ndarray:
    """A point of a reliability diagram: the images of a bin, under any of several conditions.

    Args:
        images: corruption, severity, sample, confidence: one ticket's, each condition's images in order.
        place: the bin, as `metrics.calibration.bins` numbers them.
        count: how many bins.
        equal: what they have in common.
        counted: corruption, severity, bin, n: how many images the bins have of all, where that is known. Confidences
            are kept with few digits, so that by them alone some lie on the other side of a border.

    Returns int64 indices, rising.
    """
    sizes = {} if counted is None else {
        condition: own.groupby("bin")["n"].sum() for condition, own in counted.groupby(["corruption", "severity"])
    }  # fmt: skip
    found = []
    for condition, own in images.groupby(["corruption", "severity"], sort=False):
        if condition in sizes:
            ends = sizes[condition].reindex(range(place + 1), fill_value=0).cumsum().to_numpy()
            ordered = own.sort_values("confidence", kind="stable")
            found.append(ordered["sample"].iloc[ends[-2] if place else 0 : ends[-1]])
        else:
            found.append(own.loc[bin_of(own["confidence"], count, equal) == place, "sample"])
    return np.unique(np.concatenate([np.array([], dtype=np.int64), *found]))


def failures(right: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Which tickets fail together: every set of tickets that are wrong on the same images while all others are right.

    Args:
        right: key -> bool [N], which images a ticket has right, under one condition.

    Returns a row a set of tickets that fails on any image: members (tuple of keys, in the order given), size (how
    many), count (images), low, high (the 95 % interval of that count over images, Wilson's), expected (how many it
    would be if each ticket failed as often as it does, on images of its own). Most images first, of equal counts the
    smaller set; without the images that all have right.
    """
    keys = list(right)
    wrong = ~np.stack([np.asarray(right[key], dtype=bool) for key in keys], axis=1)
    sets, count = np.unique(wrong, axis=0, return_counts=True)
    some = sets.any(axis=1)
    sets, count, n = sets[some], count[some], len(wrong)
    low, high = wilson(count, n)
    rate = wrong.mean(axis=0)
    expected = n * np.where(sets, rate, 1 - rate).prod(axis=1)
    members = [tuple(key for key, own in zip(keys, each, strict=True) if own) for each in sets]
    columns = (members, sets.sum(axis=1), count, n * low, n * high, expected)
    found = pd.DataFrame(dict(zip(FAILURES, columns, strict=True)), columns=FAILURES)
    return found.sort_values(["count", "size"], ascending=[False, True], kind="stable", ignore_index=True)


def failing_together(right: Mapping[str, np.ndarray], members: Collection[str]) -> np.ndarray:
    """A bar of `failures`: the images that just these tickets have wrong; int64 indices, rising."""
    agree = [~own if key in members else own for key, own in right.items()]
    return np.flatnonzero(np.logical_and.reduce(agree))
