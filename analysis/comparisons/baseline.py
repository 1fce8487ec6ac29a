"""Which tickets differ from the baseline beyond the noise: paired differences, over images and over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy import stats

from analysis.comparisons.outcomes import CORRUPTIONS, Images, PerImage, per_image
from analysis.statistics.intervals import mean_interval

__all__ = ["CORRUPTIONS", "Images", "PerImage", "per_image"]
LEVEL = 0.95
BY_SPARSITY = ["method", "sparsity", "difference", "low", "high", "real"]


@dataclass(frozen=True)
class Difference:
    """A family against the baseline, as fractions of images.

    Attributes:
        key: the family's.
        difference: mean difference in accuracy.
        images: its 95 % interval over images.
        seeds: its 95 % interval over seeds, NaN where there are fewer than two.
    """

    key: str
    difference: float
    images: tuple[float, float]
    seeds: tuple[float, float]

    @property
    def real(self) -> bool:
        """Whether it exceeds the noise: both intervals leave out 0 (that over seeds where there is one)."""
        return all(np.isnan(low) or low > 0 or high < 0 for low, high in (self.images, self.seeds))

    @property
    def interval(self) -> tuple[float, float]:
        """The interval over seeds; over images where there is one seed."""
        return self.images if np.isnan(self.seeds[0]) else self.seeds


def against_baseline(
    key: str, one: Mapping[int, np.ndarray], baseline: Mapping[int, np.ndarray], comparisons: int = 1
) -> Difference | None:
    """Compare a family with the baseline on the same images.

    The outcomes of one image, over seeds and conditions, depend on each other. They are averaged first, and the
    interval is that of the mean over images, which are many.

    Args:
        key: of the family.
        one: seed -> float64 [N] as in `PerImage`, of the same images.
        baseline: seed -> float64 [N] as in `PerImage`, of the same images.
        comparisons: how many families are compared at once. The interval over images is widened for it (Bonferroni).

    Returns:
        The difference; None where no seed has both.
    """
    seeds = [seed for seed in one if seed in baseline]
    if not seeds:
        return None
    gaps = np.mean([one[seed] - baseline[seed] for seed in seeds], axis=0)
    half = image_quantile(comparisons) * gaps.std(ddof=1) / np.sqrt(gaps.size)
    images = (float(gaps.mean() - half), float(gaps.mean() + half))
    _, *spread = mean_interval([one[seed].mean() - baseline[seed].mean() for seed in seeds], LEVEL)
    return Difference(key, float(gaps.mean()), images, (spread[0], spread[1]))


def image_quantile(comparisons: int) -> float:
    """The normal quantile of a 95 % interval over images, widened for so many comparisons (Bonferroni)."""
    return float(stats.norm.ppf(1 - (1 - LEVEL) / (2 * max(1, comparisons))))


def differences(families: PerImage, baseline: str, keys: Sequence[str]) -> list[Difference]:
    """Compare each of the families `keys` with the baseline. What was not measured is left out."""
    found = [
        against_baseline(key, families[key], families[baseline], len(keys))
        for key in keys
        if key in families and baseline in families
    ]
    return [each for each in found if each is not None]


def as_good(found: Iterable[Difference]) -> list[str]:
    """Keys of the families that are not worse than the baseline beyond the noise."""
    return [each.key for each in found if not each.real or each.difference > 0]


def verdicts(found: Iterable[Difference]) -> dict[Literal["worse", "better", "alike"], list[Difference]]:
    """Sort differences into "worse" and "better" than the baseline beyond the noise, and "alike", not told apart.

    The largest come first, and of those not told apart the smallest. Groups without a family are left out.
    """
    ordered = sorted(found, key=lambda each: -abs(each.difference))
    groups: dict[Literal["worse", "better", "alike"], list[Difference]] = {
        "worse": [each for each in ordered if each.real and each.difference < 0],
        "better": [each for each in ordered if each.real and each.difference > 0],
        "alike": [each for each in reversed(ordered) if not each.real],
    }
    return {name: group for name, group in groups.items() if group}


def by_sparsity(families: pd.DataFrame, outcomes: PerImage, reference: str, others: Sequence[str]) -> pd.DataFrame:
    """Compare methods with a reference method at each sparsity that both have.

    Args:
        families: rows of `family_means.by_family`.
        outcomes: of these families.
        reference: the method compared with.
        others: the methods that are compared.

    Returns:
        `BY_SPARSITY`: difference in accuracy, low and high (its interval over seeds; over images where there is one
        seed), all fractions, and real, whether it exceeds the noise.
    """
    keys = {(row.method, row.sparsity): row.key for row in families.itertuples()}
    pairs = [
        (method, sparsity, key, keys[reference, sparsity])
        for (method, sparsity), key in keys.items()
        if method in others and (reference, sparsity) in keys
    ]
    pairs = [pair for pair in pairs if pair[2] in outcomes and pair[3] in outcomes]
    rows = []
    for method, sparsity, one, other in pairs:
        found = against_baseline(one, outcomes[one], outcomes[other], len(pairs))
        if found is not None:
            rows.append((method, sparsity, found.difference, *found.interval, found.real))
    return pd.DataFrame(rows, columns=BY_SPARSITY)
