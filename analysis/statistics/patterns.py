"""Whether two methods differ in pattern over groups of images, such as classes, by more than their trainings do.

Each run has a mean in every group, less its mean over all images: its pattern. The squared length of the difference of
two mean patterns is held against what it is on average for runs of one method: the variance of the runs' patterns, of
both methods by themselves as either may be the noisier, and what other images of the groups would change. This is an F
test of the groups x method interaction, with the groups x run interaction as its error (as Welch 1951 for unlike
variances). Groups vary unequally and together, so both degrees of freedom are multiplied by Box's epsilon in the
estimate of Greenhouse & Geisser (1959), which errs on the careful side where runs are few.

Why not permute whole runs between the methods: 3 against 3 can be split in 10 ways, so no p is below .1. With many runs
both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import f, t

NOTHING = 1e-24  # a variance that is rounding alone


@dataclass(frozen=True)
class Pattern:
    """How two methods differ in pattern.

    Attributes:
        spread: root mean square over images of the groups' differences, less the difference over all images.
        error: that of two sets of so many runs of one method, on other images (root of its mean square); NaN where
            either method has a single run.
        freedom: degrees of freedom of spread and of error.
        p: that the spread is by chance; NaN as `error`.
        p_of_group: float [K], that a group's difference is that over all images; NaN as `error`, and not corrected.
    """

    spread: float
    error: float
    freedom: tuple[float, float]
    p: float
    p_of_group: np.ndarray

    def ceiling(self, alpha: float) -> float:
        """The spread that is exceeded by chance with the probability `alpha`."""
        return self.error * float(np.sqrt(f.isf(alpha, *self.freedom)))


@dataclass(frozen=True)
class _Runs:
    """The runs of a method: their patterns [S, K], mean by image [N], and what is left of an image's variance [K]."""

    patterns: np.ndarray
    image: np.ndarray
    left: np.ndarray

    @property
    def residuals(self) -> np.ndarray:
        """The patterns less their mean, so that the squares [S, K] sum to the variance of that mean."""
        count = len(self.patterns)
        residuals: np.ndarray = (self.patterns - self.patterns.mean(axis=0)) / np.sqrt(max(count - 1, 1) * count)
        return residuals


def compare_patterns(a: np.ndarray, b: np.ndarray, groups: np.ndarray) -> Pattern:
    """Compare the patterns of two methods, one minus the other.

    Args:
        a: [S, N] outcomes of S runs on N images, bool, or shares in [0, 1]; no two runs the same.
        b: [S', N], on the same images. Runs are not paired: where those of one seed resemble each other the test is the
            more careful.
        groups: int [N], 0 to K - 1, every group with an image.
    """
    sizes = np.bincount(groups)
    share = sizes / sizes.sum()
    first, second = (_runs(runs, groups, sizes) for runs in (a, b))
    gap = first.patterns.mean(axis=0) - second.patterns.mean(axis=0)
    spread = float(np.sqrt(share @ gap**2))
    if min(len(a), len(b)) < 2:
        return Pattern(spread, np.nan, (np.nan, np.nan), np.nan, np.full(len(sizes), np.nan))
    images = _of_images(first.image - second.image, groups, sizes)
    seeds = [runs.residuals for runs in (first, second)]
    runs = np.array([len(a), len(b)])
    p_of_group = _each(gap, np.array([(each**2).sum(axis=0) for each in seeds]), runs, _centred(images, share))
    own = images - first.left - second.left
    error, freedom = _error([each * np.sqrt(share) for each in seeds], runs, own * share * (1 - share))
    p = 1.0 if error < NOTHING else float(f.sf(spread**2 / error, *freedom))
    return Pattern(spread, float(np.sqrt(error)), freedom, p, p_of_group)


def _runs(runs: np.ndarray, groups: np.ndarray, sizes: np.ndarray) -> _Runs:
    means = np.stack([np.bincount(groups, weights=run) for run in runs]) / sizes
    image = runs.mean(axis=0, dtype=np.float64)
    left = np.zeros(len(sizes))
    if len(runs) > 1:
        # An image's variance over runs, but for what its whole group shares: the images' own part, of a group's mean.
        around = sum((run - image) ** 2 for run in runs)
        own = np.bincount(groups, weights=around) - sizes * ((means - means.mean(axis=0)) ** 2).sum(axis=0)
        left = own / np.maximum(sizes - 1, 1) / (len(runs) - 1) / (sizes * len(runs))
    return _Runs(means - (means @ sizes / sizes.sum())[:, None], image, left)


def _of_images(gap: np.ndarray, groups: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Variance [K] of each group's mean over its images; that of a single image is taken to be the others'."""
    means = np.bincount(groups, weights=gap) / sizes
    around = np.bincount(groups, weights=(gap - means[groups]) ** 2)
    usual = around.sum() / max(sizes.sum() - len(sizes), 1)
    result: np.ndarray = np.where(sizes > 1, around / np.maximum(sizes - 1, 1), usual) / sizes
    return result


def _centred(variances: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Variances [K] of independent groups' means -> those of the means less the mean over all images."""
    result: np.ndarray = variances * (1 - 2 * share) + share**2 @ variances
    return result


def _each(gap: np.ndarray, seeds: np.ndarray, runs: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Two-sided p of each group's gap [K], from its variances over runs [2, K] and images [K].

    The two overlap in part, as in `statistics.verdicts`: that keeps runs that agree by chance from proving anything.
    """
    squared = seeds.sum(axis=0) + images
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = squared**2 / (seeds**2 / (runs - 1)[:, None]).sum(axis=0)
        p = 2 * t.sf(np.abs(gap) / np.sqrt(squared), np.minimum(freedom, 1e9))
    result: np.ndarray = np.where(squared < NOTHING, 1.0, p)
    return result


def _error(seeds: list[np.ndarray], runs: np.ndarray, images: np.ndarray) -> tuple[float, tuple[float, float]]:
    """The mean square that chance gives, and the degrees of freedom.

    Of runs' residuals [S, K] of each method, and variances [K] over images, weighted by the groups' shares.
    """
    parts = np.array([(each**2).sum() for each in seeds])
    of_images = max(float(images.sum()), 0.0)
    images = np.maximum(images, 0)
    images = images * (of_images / max(images.sum(), NOTHING))
    error = float(parts.sum() + of_images)
    if error < NOTHING:
        return 0.0, (np.nan, np.nan)
    both = np.concatenate(seeds)
    # The sum of the squared eigenvalues of the covariance: runs by runs, for there may be a thousand groups.
    squares = ((both @ both.T) ** 2).sum() + 2 * (both**2 @ images).sum() + (images**2).sum()
    alike = max(error**2 / squares, 1.0)
    below = (parts**2 / (runs - 1)).sum()
    return error, (alike, float(alike * error**2 / max(below, NOTHING**2)))
