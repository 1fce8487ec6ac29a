"""Means over images of repeated trainings, of numbers in any unit, as `verdicts.judge` takes them.

The error of a mean takes in the trainings and the images, as in `verdicts`; trainings' variances are moderated over
the means that are asked about together. A single training speaks of itself, on other images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.statistics.moderation import moderated
from analysis.statistics.verdicts import Gap

LEAST = 1e-12
"""Error, in units, of what is the same in all images and trainings: next to nothing."""


@dataclass(frozen=True)
class Repeated:
    """A mean over images, of each of several trainings.

    Attributes:
        runs: that of each training, [S].
        error: standard error over images of the mean over trainings; endless for a single image.
        images: their number.
    """

    runs: np.ndarray
    error: float
    images: int

    @classmethod
    def of(cls, runs: np.ndarray, parts: np.ndarray) -> Repeated:
        """From each training's mean [S], and what each image adds to it in each training, [S, N]."""
        over, n = parts.mean(axis=0), parts.shape[1]
        return cls(runs, float(over.std(ddof=1) / np.sqrt(n)) if n > 1 else np.inf, n)

    @classmethod
    def mean(cls, values: np.ndarray) -> Repeated:
        """Of values [S, N]."""
        return cls.of(values.mean(axis=1), values)

    @property
    def value(self) -> float:
        """The mean over trainings."""
        return float(self.runs.mean())


def ratio(part: np.ndarray, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each training's ratio of two means over images, [S], and what each image adds to it, [S, N].

    The standard error of a ratio is that of the mean of what images add (the delta method). NaN where `whole` is 0 on
    average.
    """
    mean = whole.mean(axis=1, keepdims=True)
    mean = np.where(mean == 0, np.nan, mean)
    found = part.mean(axis=1, keepdims=True) / mean
    return found[:, 0], (part - found * whole) / mean


def gaps(means: Sequence[Repeated], independent: int, unit: float) -> list[Gap]:
    """What `judge` takes, of each mean.

    Args:
        means: asked about together.
        independent: how many of them at most vary by themselves from training to training; their variances then have
            as many times the degrees of freedom of one.
        unit: by what values are divided, so that they lie within -1 and 1.
    """
    found = [_over_images(mean, unit) for mean in means]
    told = [np.isfinite(mean.value) and len(mean.runs) > 1 for mean in means]
    for seeds in {gap.seeds for gap, there in zip(found, told, strict=True) if there}:
        places = [place for place, gap in enumerate(found) if told[place] and gap.seeds == seeds]
        spread = np.array([(means[place].runs / unit).var(ddof=1) for place in places])
        variances, freedom = moderated(spread, seeds - 1, min(independent, len(places)) * (seeds - 1))
        for place, variance in zip(places, variances, strict=True):
            gap = found[place]
            error = np.sqrt(gap.error**2 + variance / seeds)
            found[place] = replace(gap, error=error, freedom=min(freedom, gap.freedom))
    return found


def _over_images(mean: Repeated, unit: float) -> Gap:
    value, error = np.array([mean.value / unit]), np.array([max(mean.error / unit, LEAST)])
    return Gap(value, value, error, len(mean.runs), float(max(mean.images - 1, 1)))
