"""Which tickets are better than which in two respects at once, as far as noise allows to say so.

A ticket dominates another when it is at least as good in both objectives and better in one of them beyond the noise. A
ticket that is behind another in both, but by no more than noise, is not dominated: more images or seeds might set it
right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from analysis.comparisons.baseline import LEVEL, PerImage, image_quantile
from analysis.comparisons.costs import OBJECTIVES

FRONT, NEAR, DOMINATED = "front", "near", "dominated"
"""On the front; behind it by no more than noise; dominated."""
ORDER = (FRONT, NEAR, DOMINATED)


@dataclass(frozen=True)
class Gaps:
    """Every ticket against every other in one objective.

    Attributes:
        ahead: float64 [T, T], how much better the row's ticket is than the column's; NaN where either was not measured.
        real: bool [T, T], whether that exceeds the noise.
    """

    ahead: np.ndarray
    real: np.ndarray


def gaps(rows: pd.DataFrame, objective: str, outcomes: PerImage) -> Gaps:
    """Compare every two tickets in one objective, in the way that its noise asks for.

    Args:
        rows: of `costs.weighed`, measured in this objective.
        objective: of `costs.OBJECTIVES`.
        outcomes: of the tickets on the images of this objective; used where its noise is "paired".
    """
    about, values = OBJECTIVES[objective], rows[objective].to_numpy(dtype=float)
    if about.noise == "paired":
        return paired(rows["key"].tolist(), values, outcomes, about.more)
    if about.noise == "interval":
        low, high = (rows[f"{objective}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        return by_intervals(values, low, high, about.more)
    return exact(values, about.more)


def exact(values: np.ndarray, more: bool) -> Gaps:
    """Gaps between counts, which have no noise. `more` says whether more is better."""
    ahead = _ahead(values, more)
    return Gaps(ahead, np.abs(np.nan_to_num(ahead)) > 0)


def by_intervals(values: np.ndarray, low: np.ndarray, high: np.ndarray, more: bool) -> Gaps:
    """Gaps that are real where the intervals of the two do not overlap."""
    apart = (low[:, None] > high[None]) | (high[:, None] < low[None])
    return Gaps(_ahead(values, more), apart)


def paired(keys: Sequence[str], values: np.ndarray, outcomes: PerImage, more: bool = True) -> Gaps:
    """Gaps in accuracy that are real where `baseline.against_baseline` finds them so.

    Every pair is one of as many comparisons. What cannot be paired is never real. Pairs that share the same seeds are
    tested together: the variance of a difference follows from the covariances of all tickets over the images.
    """
    real = np.zeros((len(keys), len(keys)), dtype=bool)
    quantile = image_quantile(len(keys) * (len(keys) - 1) // 2)
    for seeds, first, second in _by_seeds(keys, outcomes):
        members, places = np.unique([first, second], return_inverse=True)
        own = np.stack([[outcomes[keys[member]][seed] for seed in seeds] for member in members])  # [T, seeds, N]
        real[first, second] = real[second, first] = _real(own, quantile)[tuple(places.reshape(2, -1))]
    return Gaps(_ahead(values, more), real)


def _by_seeds(keys: Sequence[str], outcomes: PerImage) -> list[tuple[tuple[int, ...], list[int], list[int]]]:
    """Pairs that have the same seeds, and the same images at each of them, in common: seeds, first, second places."""
    shapes = [{seed: right.shape for seed, right in outcomes.get(key, {}).items()} for key in keys]
    groups: dict[tuple[tuple[int, tuple[int, ...]], ...], tuple[list[int], list[int]]] = {}
    for first, one in enumerate(shapes):
        for second, other in enumerate(shapes[:first]):
            common = tuple((seed, shape) for seed, shape in sorted(one.items()) if seed in other)
            if common and all(other[seed] == shape for seed, shape in common):
                pairs = groups.setdefault(common, ([], []))
                pairs[0].append(first)
                pairs[1].append(second)
    return [(tuple(seed for seed, _ in common), *pairs) for common, pairs in groups.items()]


def _real(outcomes: np.ndarray, quantile: float) -> np.ndarray:
    """Whether every two tickets differ beyond the noise, bool [T, T], from their outcomes [T, seeds, N]."""
    _, seeds, images = outcomes.shape
    each = outcomes.mean(axis=2)
    gap = each.mean(axis=1)[:, None] - each.mean(axis=1)[None]
    covariance = np.cov(outcomes.mean(axis=1)) if images > 1 else np.full(gap.shape, np.nan)
    spread = np.diag(covariance)
    error = np.sqrt(np.maximum(spread[:, None] + spread[None] - 2 * covariance, 0) / images)
    real: np.ndarray = np.abs(gap) > quantile * error
    if seeds > 1:
        apart = (each[:, None] - each[None]).std(axis=2, ddof=1) / np.sqrt(seeds)
        real &= np.abs(gap) > stats.t.ppf(0.5 + LEVEL / 2, seeds - 1) * apart
    return real


def _ahead(values: np.ndarray, more: bool) -> np.ndarray:
    gaps: np.ndarray = values[:, None] - values[None]
    return gaps if more else -gaps


@dataclass(frozen=True)
class Verdict:
    """A ticket's place among others.

    Attributes:
        state: FRONT, NEAR or DOMINATED.
        by: keys of the tickets that dominate it, or that it is behind within noise; those on the front first.
        dominates: keys of those it dominates.
        alike: keys of those told apart from it in neither objective.
    """

    state: str
    by: list[str]
    dominates: list[str]
    alike: list[str]


def verdicts(keys: Sequence[str], one: Gaps, other: Gaps) -> dict[str, Verdict]:
    """Each ticket's place among the others. Every ticket must have been measured in both objectives."""
    as_good = (one.ahead >= 0) & (other.ahead >= 0)
    better = as_good & ((one.ahead > 0) | (other.ahead > 0))
    surely = as_good & (((one.ahead > 0) & one.real) | ((other.ahead > 0) & other.real))
    alike = ~one.real & ~other.real & ~np.eye(len(keys), dtype=bool)
    states = np.where(surely.any(axis=0), DOMINATED, np.where(better.any(axis=0), NEAR, FRONT)).tolist()
    front_first = sorted(range(len(keys)), key=lambda place: ORDER.index(states[place]))
    found = {}
    for place, (key, state) in enumerate(zip(keys, states, strict=True)):
        over = surely[:, place] if state == DOMINATED else better[:, place]
        by = [keys[each] for each in front_first if over[each]]
        found[key] = Verdict(state, by, _named(keys, surely[place]), _named(keys, alike[place]))
    return found


def table(rows: pd.DataFrame, found: Mapping[str, Verdict]) -> pd.DataFrame:
    """The tickets with their verdicts: those on the front first, then those behind it within noise, then dominated.

    Args:
        rows: key, label.
        found: as `verdicts` returns it.

    Returns:
        key, label, state, by, alike (lists of labels) and dominates (how many tickets it dominates).
    """
    labels = dict(zip(rows["key"], rows["label"], strict=True))
    order = sorted(labels, key=lambda key: ORDER.index(found[key].state))
    return pd.DataFrame(
        {
            "key": order,
            "label": [labels[key] for key in order],
            "state": [found[key].state for key in order],
            "by": [[labels[other] for other in found[key].by] for key in order],
            "alike": [[labels[other] for other in found[key].alike] for key in order],
            "dominates": [len(found[key].dominates) for key in order],
        }
    )


def _named(keys: Sequence[str], chosen: np.ndarray) -> list[str]:
    return [key for key, wanted in zip(keys, chosen, strict=True) if wanted]


def staircase(x: np.ndarray, y: np.ndarray, more_x: bool, more_y: bool) -> pd.DataFrame:
    """The corners of the line that separates what is reached from what is not: columns `x` and `y`.

    They go from the best `x` to the best `y`. Between two tickets of the front lies the corner that the one of them
    reaches already.
    """
    order = np.lexsort((-y if more_y else y, -x if more_x else x))
    corners: list[tuple[float, float]] = []
    for place in order:
        if corners and not (y[place] > corners[-1][1] if more_y else y[place] < corners[-1][1]):
            continue
        if corners:
            corners.append((float(x[place]), corners[-1][1]))
        corners.append((float(x[place]), float(y[place])))
    return pd.DataFrame(corners, columns=["x", "y"])
