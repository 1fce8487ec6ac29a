"""Effective robustness: what a ticket keeps on corrupted images beyond what its clean accuracy lets expect.

Networks that are better on clean images are better on corrupted ones, along a line when both accuracies are taken as
logits. A ticket that lies above the line is more robust than its accuracy explains (Taori et al. 2020, "Measuring
Robustness to Natural Distribution Shifts"). The line here is the study's own, through the tickets given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import norm, t

from analysis.comparisons.condition_cells import averaged
from analysis.comparisons.outcomes import Outcomes
from analysis.corruptions.conditions import CLEAN
from analysis.statistics.bootstrap import resampled_means
from analysis.statistics.multiple_testing import holm
from pruning.errors import UserError

FEWEST = 5
"""Distinct points below which a line through them says nothing."""
RESAMPLES = 2000
VERDICTS = ("within noise of the line", "more robust", "less robust")


@dataclass(frozen=True)
class Line:
    """logit(corrupted accuracy) = slope x logit(clean accuracy) + intercept, r is their correlation over the tickets.

    `table`: a row a ticket: key, clean, corrupted (accuracies, means over seeds), expected (by the line at its clean
    accuracy), effective (corrupted - expected, -1 to 1: above 0 is more robust than expected), low, high (its 95 %
    interval), p (that it is 0), p_holm (after Holm's correction over the tickets), within_noise (bool, p_holm >= .05:
    it lies on the line as far as can be told), verdict (`VERDICTS`), on_line (bool, whether it was among the tickets of
    the line).
    `over_seeds`: the intervals are over seeds, otherwise over images.
    """

    table: pd.DataFrame
    slope: float
    intercept: float
    r: float
    over_seeds: bool

    def expected(self, clean: np.ndarray) -> np.ndarray:
        """The corrupted accuracies that the line gives for clean ones in (0, 1)."""
        return np.asarray(expit(self.slope * logit(np.asarray(clean, dtype=np.float64)) + self.intercept))


def effective_robustness(outcomes: Outcomes, line: Sequence[str] | None = None, seed: int = 0) -> Line:
    """Each ticket's distance from the line of accuracies under corruption against clean ones.

    Corrupted accuracy is the mean over the conditions that count, or over all but the clean one where none of them
    counts. The line is the least-squares one; accuracies of 0 and 1 have no logit and are taken for half an image off.

    Args:
        outcomes: the tickets, with ("clean", 0) among the conditions.
        line: the tickets through which the line is laid, all by default. A ticket on it pulls the line towards itself,
            so its distance comes out a little too small.
        seed: same seed, same interval.

    Returns `Line`. With at least two seeds of every ticket, the line is laid anew for each (in their order, as many as
    all have) and the interval is Student's of the mean distance; otherwise images are resampled, the same for all
    tickets and conditions, and the line is laid anew each time. Its own uncertainty is so included.

    Raises UserError when clean or corrupted images were not measured, a ticket of the line is not there, or the line
    has fewer than `FEWEST` distinct points, or all at one clean accuracy.
    """
    names, chosen = list(outcomes.right), list(outcomes.right if line is None else line)
    for name in chosen:
        if name not in outcomes.right:
            raise UserError(f"Ticket {name} has no results on corrupted images yet; measure it, or choose another.")
    on_line = np.isin(names, chosen)
    clean, corrupted = _places(outcomes)
    # [T, 2, N]: an image's outcome clean and corrupted, averaged over seeds and conditions.
    images = np.array(
        [
            [right[:, clean].mean(axis=(0, 1)), right[:, corrupted].mean(axis=(0, 1))]
            for right in outcomes.right.values()
        ]
    )
    _check(images.mean(axis=-1)[on_line] if names else images)
    n, points = images.shape[-1], images.mean(axis=-1)
    seeds = min(len(right) for right in outcomes.right.values())
    distance = _distances(points, on_line, n)
    if seeds > 1:
        draws = _distances(_points_by_seed(outcomes, seeds, clean, corrupted), on_line, n)
        error, law = draws.std(axis=0, ddof=1) / np.sqrt(seeds), t(seeds - 1)
    else:
        means = resampled_means(images.reshape(-1, n), RESAMPLES, seed)
        draws = _distances(means.T.reshape(RESAMPLES, len(names), 2), on_line, n)
        error, law = np.nanstd(draws, axis=0, ddof=1), norm
    slope, intercept = _fit(points, on_line, n)
    r = np.corrcoef(_logits(points[on_line], n).T)[0, 1]
    # Without any spread there is nothing to go by, and nothing is claimed.
    p = np.where(error > 0, 2 * law.sf(np.abs(distance) / np.where(error > 0, error, 1)), 1.0)
    table = _table(names, points, distance, law.ppf(0.975) * error, p).assign(on_line=on_line)
    return Line(table, float(slope), float(intercept), float(r), seeds > 1)


def _table(
    names: Sequence[str], points: np.ndarray, distance: np.ndarray, reach: np.ndarray, p: np.ndarray
) -> pd.DataFrame:
    adjusted = holm(p)
    return pd.DataFrame(
        {
            "key": list(names),
            "clean": points[:, 0],
            "corrupted": points[:, 1],
            "expected": points[:, 1] - distance,
            "effective": distance,
            "low": distance - reach,
            "high": distance + reach,
            "p": p,
            "p_holm": adjusted,
            "within_noise": adjusted >= 0.05,
            "verdict": np.select([adjusted >= 0.05, distance > 0], VERDICTS[:2], VERDICTS[2]),
        }
    )


def _places(outcomes: Outcomes) -> tuple[list[int], list[int]]:
    """Where the clean condition and the corrupted ones stand."""
    clean = [place for place, condition in enumerate(outcomes.conditions) if condition == CLEAN]
    corrupted = averaged(outcomes)
    if outcomes.right and not (clean and corrupted):
        raise UserError(
            "Effective robustness needs accuracies on clean and on corrupted images; finish measuring the study."
        )
    return clean, corrupted


def _check(points: np.ndarray) -> None:
    distinct = len(np.unique(np.round(points, 12), axis=0)) if len(points) else 0
    if distinct < FEWEST:
        raise UserError(
            f"The line of expected robustness needs at least {FEWEST} tickets with different accuracies, and there "
            f"{'is' if distinct == 1 else 'are'} {distinct}; choose more."
        )
    if np.ptp(points[:, 0]) == 0:
        raise UserError(
            "All tickets are equally accurate on clean images, so there is no line to go by; choose some that differ."
        )


def _points_by_seed(outcomes: Outcomes, seeds: int, clean: list[int], corrupted: list[int]) -> np.ndarray:
    """Clean and corrupted accuracy of each ticket, [seeds, T, 2]."""
    each = [
        np.stack([right[:seeds, places].mean(axis=(1, 2)) for places in (clean, corrupted)], axis=-1)
        for right in outcomes.right.values()
    ]
    return np.stack(each, axis=1)


def _logits(points: np.ndarray, n: int) -> np.ndarray:
    return np.asarray(logit(np.clip(points, 0.5 / n, 1 - 0.5 / n)))


def _fit(points: np.ndarray, on_line: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Slope and intercept [...] of the least-squares line through points [..., T, 2]; nan where all have one x."""
    x, y = np.moveaxis(_logits(points[..., on_line, :], n), -1, 0)
    across = x - x.mean(axis=-1, keepdims=True)
    squares = (across**2).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(squares > 0, (across * y).sum(axis=-1) / squares, np.nan)
    return slope, y.mean(axis=-1) - slope * x.mean(axis=-1)


def _distances(points: np.ndarray, on_line: np.ndarray, n: int) -> np.ndarray:
    """Corrupted accuracy of each ticket minus the line's, [..., T]."""
    slope, intercept = _fit(points, on_line, n)
    return np.asarray(points[..., 1] - expit(slope[..., None] * _logits(points[..., 0], n) + intercept[..., None]))
