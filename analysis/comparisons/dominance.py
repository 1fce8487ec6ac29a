"""Which tickets are better than which in two respects at once, as far as noise allows to say so.

A ticket dominates another when it is at least as good in both measures and better in one of them beyond the noise. A
ticket that is behind another in both, but by no more than noise, is not dominated: more images or seeds might set it
right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.comparisons import family_means

FRONT, NEAR, DOMINATED = "front", "near", "dominated"
"""On the front; behind it by no more than noise; dominated."""


@dataclass(frozen=True)
class Gaps:
    """Every ticket against every other in one measure: `ahead` [T, T], how much better the row's ticket is than the
    column's (NaN where either was not measured), and `real`, whether that exceeds the noise."""

    ahead: np.ndarray
    real: np.ndarray


def exact(values: np.ndarray, more: bool) -> Gaps:
    """Gaps between counts, which have no noise."""
    ahead = _ahead(values, more)
    return Gaps(ahead, np.abs(np.nan_to_num(ahead)) > 0)


def by_intervals(values: np.ndarray, low: np.ndarray, high: np.ndarray, more: bool) -> Gaps:
    """Gaps that are real where the intervals of the two do not overlap."""
    apart = (low[:, None] > high[None]) | (high[:, None] < low[None])
    return Gaps(_ahead(values, more), apart)


def paired(
    keys: Sequence[str], values: np.ndarray, correct: Mapping[str, Mapping[int, np.ndarray]], more: bool = True
) -> Gaps:
    """Gaps in accuracy that are real where `family_means.against_baseline` finds them so, every pair being one of as
    many comparisons. `correct`: key -> seed -> bool [conditions, N]. What cannot be paired is never real."""
    # one value an image says all that the test needs, and is averaged once instead of once a pair
    means = {key: {seed: right.mean(0)[None] for seed, right in correct.get(key, {}).items()} for key in keys}
    real = np.zeros((len(keys), len(keys)), dtype=bool)
    pairs = max(1, len(keys) * (len(keys) - 1) // 2)
    for place, key in enumerate(keys):
        for other in range(place):
            if _same_images(means[key], means[keys[other]]):
                found = family_means.against_baseline(key, means[key], means[keys[other]], pairs)
                real[place, other] = real[other, place] = found is not None and found.real
    return Gaps(_ahead(values, more), real)


def _ahead(values: np.ndarray, more: bool) -> np.ndarray:
    gaps = values[:, None] - values[None]
    return gaps if more else -gaps


def _same_images(one: Mapping[int, np.ndarray], other: Mapping[int, np.ndarray]) -> bool:
    return all(one[seed].shape == other[seed].shape for seed in one if seed in other)


@dataclass(frozen=True)
class Verdict:
    """What a ticket's place is: `state` is one of FRONT, NEAR, DOMINATED; `by` the tickets that dominate it, or that it
    is behind within noise; `dominates` those it dominates; `alike` those told apart from it in neither measure."""

    state: str
    by: list[str]
    dominates: list[str]
    alike: list[str]


def verdicts(keys: Sequence[str], one: Gaps, other: Gaps) -> dict[str, Verdict]:
    """Each ticket's place among the others. Every ticket must have been measured in both."""
    as_good = (one.ahead >= 0) & (other.ahead >= 0)
    better = as_good & ((one.ahead > 0) | (other.ahead > 0))
    surely = as_good & (((one.ahead > 0) & one.real) | ((other.ahead > 0) & other.real))
    alike = ~one.real & ~other.real & ~np.eye(len(keys), dtype=bool)
    found = {}
    for place, key in enumerate(keys):
        over, ahead = surely[:, place], better[:, place]
        state = DOMINATED if over.any() else NEAR if ahead.any() else FRONT
        by = over if over.any() else ahead
        found[key] = Verdict(state, *(_named(keys, each) for each in (by, surely[place], alike[place])))
    return found


def _named(keys: Sequence[str], chosen: np.ndarray) -> list[str]:
    return [key for key, wanted in zip(keys, chosen, strict=True) if wanted]


def staircase(x: np.ndarray, y: np.ndarray, more_x: bool, more_y: bool) -> pd.DataFrame:
    """The corners of the line that separates what is reached from what is not, from the best `x` to the best `y`:
    columns `x` and `y`. Between two tickets of the front lies the corner that the one of them reaches already."""
    order = np.lexsort((-y if more_y else y, -x if more_x else x))
    corners: list[tuple[float, float]] = []
    for place in order:
        if corners and not (y[place] > corners[-1][1] if more_y else y[place] < corners[-1][1]):
            continue
        if corners:
            corners.append((float(x[place]), corners[-1][1]))
        corners.append((float(x[place]), float(y[place])))
    return pd.DataFrame(corners, columns=["x", "y"])
