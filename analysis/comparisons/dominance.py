"""Which tickets are better than which in two respects at once, as far as noise allows to say so.

A ticket dominates another when it is shown to be better in one objective, and in the other better as well or
equivalent. A ticket that is behind another in both by the values alone is not dominated: more images or seeds might set
it right.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.comparisons.costs import OBJECTIVES, Objective
from analysis.comparisons.verdicts import Told
from analysis.comparisons.verdicts import verdicts as verdicts_of
from analysis.statistics.distributions import normal_quantile, normal_tail
from analysis.statistics.multiple_testing import holm
from analysis.statistics.verdicts import DIFFERS, EQUIVALENCE, EQUIVALENT, LEVEL

FRONT, NEAR, DOMINATED = "front", "near", "dominated"
"""On the front; behind it by the values, but not shown to be; dominated."""
ORDER = (FRONT, NEAR, DOMINATED)


@dataclass(frozen=True)
class Gaps:
    """Every ticket against every other in one objective.

    Attributes:
        ahead: float64 [T, T], how much better the row's ticket is than the column's; NaN where either was not measured.
        real: bool [T, T], whether that is shown to be a difference.
        close: bool [T, T], whether it is shown not to matter: equal counts, equivalent accuracies.
    """

    ahead: np.ndarray
    real: np.ndarray
    close: np.ndarray


def gaps(
    rows: pd.DataFrame,
    objective: str,
    outcomes: Told,
    equivalence: float = EQUIVALENCE,
    higher: bool = True,
    objectives: Mapping[str, Objective] = OBJECTIVES,
) -> Gaps:
    """Compare every two tickets in one objective, in the way that its noise asks for.

    Args:
        rows: of `costs.weighed`, measured in this objective.
        objective: of `objectives`.
        outcomes: of the tickets on the images of this objective; used where its noise is "paired".
        equivalence: the difference in accuracy that does not matter, a fraction above 0.
        higher: whether a higher accuracy, or score in its place, is better.
        objectives: what they are, by name.
    """
    about, values = objectives[objective], rows[objective].to_numpy(dtype=float)
    if about.noise == "paired":
        return paired(rows["key"].tolist(), values, outcomes, about.more and higher, equivalence)
    if about.noise == "interval":
        low, high = (rows[f"{objective}_{end}"].to_numpy(dtype=float) for end in ("low", "high"))
        return by_intervals(values, low, high, about.more)
    return exact(values, about.more)


def exact(values: np.ndarray, more: bool) -> Gaps:
    """Gaps between counts, which have no noise. `more` says whether more is better."""
    ahead = _ahead(values, more)
    return Gaps(ahead, np.abs(np.nan_to_num(ahead)) > 0, ahead == 0)


def by_intervals(values: np.ndarray, low: np.ndarray, high: np.ndarray, more: bool, level: float = LEVEL) -> Gaps:
    """Gaps between numbers that were measured one by one, each with its 95 % interval.

    The half widths are taken for standard errors, and the tests of all pairs are one family (Holm's correction).
    """
    ahead = _ahead(values, more)
    error = (high - low) / (2 * normal_quantile(0.975))
    both = np.sqrt(error[:, None] ** 2 + error[None] ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = 2 * normal_tail(np.abs(ahead) / both)
    p = np.nan_to_num(np.where((both > 0) | np.isnan(both), p, ahead == 0), nan=1.0)
    real = np.zeros(ahead.shape, dtype=bool)
    pairs = np.triu_indices(len(values), 1)
    real[pairs] = holm(p[pairs]) < 1 - level
    return Gaps(ahead, real | real.T, ahead == 0)


def paired(
    keys: Sequence[str],
    values: np.ndarray,
    outcomes: Told,
    more: bool = True,
    equivalence: float = EQUIVALENCE,
    level: float = LEVEL,
) -> Gaps:
    """Gaps in accuracy, as `comparisons.verdicts` has them: all pairs are one family.

    What was not shown the same images is never told apart, nor as good.
    """
    found = verdicts_of(outcomes, keys, equivalence=equivalence, level=level)
    place = {key: at for at, key in enumerate(keys)}
    first, second = ([place[key] for key in found[side]] for side in ("a", "b"))
    real, close = np.zeros((2, len(keys), len(keys)), dtype=bool)
    for matrix, verdict in ((real, found["verdict"] == DIFFERS), (close, found["verdict"] == EQUIVALENT)):
        matrix[first, second] = matrix[second, first] = verdict
    return Gaps(_ahead(values, more), real, close)


def _ahead(values: np.ndarray, more: bool) -> np.ndarray:
    gaps: np.ndarray = values[:, None] - values[None]
    return gaps if more else -gaps


@dataclass(frozen=True)
class Verdict:
    """A ticket's place among others.

    Attributes:
        state: FRONT, NEAR or DOMINATED.
        by: keys of the tickets that dominate it, or that it is behind by the values; those on the front first.
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
    ahead = [(gaps.ahead > 0) & gaps.real for gaps in (one, other)]
    shown = [leads | gaps.close for leads, gaps in zip(ahead, (one, other), strict=True)]
    surely = shown[0] & shown[1] & (ahead[0] | ahead[1])
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
    """The tickets with their verdicts: those on the front first, then those behind it by the values, then dominated.

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
