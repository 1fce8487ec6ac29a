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

from analysis.comparisons.averages import Averages
from analysis.comparisons.outcomes import Outcomes
from analysis.statistics.moderation import moderated
from analysis.statistics.replication import repeated
from analysis.statistics.verdicts import CANNOT_TELL, DIFFERS, EQUIVALENCE, EQUIVALENT, SEEDS, Gap, judge
from pruning.errors import UserError

FEWEST = 5
"""Distinct points below which a line through them says nothing."""
STEP = 1e-6  # of an accuracy, for derivatives
MORE, LESS, ON_LINE = "more robust", "less robust", "on the line"
"""Verdicts, beside `CANNOT_TELL`."""


@dataclass(frozen=True)
class Line:
    """logit(corrupted accuracy) = slope x logit(clean accuracy) + intercept, r is their correlation over the tickets.

    `table`: a row a ticket: key, clean, corrupted (accuracies, means over seeds), expected (by the line at its clean
    accuracy), effective (corrupted - expected, -1 to 1: above 0 is more robust than expected), and the columns of
    `statistics.verdicts.judge` for it, all tickets being one family; there `verdict` is `MORE`, `LESS`, `ON_LINE` (its
    distance is shown to be less than what matters) or `CANNOT_TELL`. on_line: bool, whether it was among the tickets of
    the line.
    """

    table: pd.DataFrame
    slope: float
    intercept: float
    r: float

    @property
    def over_seeds(self) -> bool:
        """Whether verdicts are about methods; otherwise they are about these networks."""
        return bool((self.table["over"] == SEEDS).all())

    def expected(self, clean: np.ndarray) -> np.ndarray:
        """The corrupted accuracies that the line gives for clean ones in (0, 1)."""
        return np.asarray(expit(self.slope * logit(np.asarray(clean, dtype=np.float64)) + self.intercept))


def effective_robustness(
    outcomes: Outcomes | Averages, line: Sequence[str] | None = None, equivalence: float = EQUIVALENCE
) -> Line:
    """Each ticket's distance from the line of accuracies under corruption against clean ones.

    Corrupted accuracy is the mean over the conditions that count, or over all but the clean one where none of them
    counts. The line is the least-squares one; accuracies of 0 and 1 have no logit and are taken for half an image off.

    Args:
        outcomes: the tickets, with ("clean", 0) among the conditions; or what they average to.
        line: the tickets through which the line is laid, all by default. A ticket on it pulls the line towards itself,
            so its distance comes out a little too small.
        equivalence: the distance that does not matter, a fraction above 0.

    Returns `Line`. With at least two seeds that every ticket has, the line is laid anew for each of these, and its
    variance over seeds is added to that over images; otherwise the images alone are the noise, and the verdicts are
    about these networks.

    Raises UserError when clean or corrupted images were not measured, a ticket of the line is not there, or the line
    has fewer than `FEWEST` distinct points, or all at one clean accuracy.
    """
    averages = outcomes if isinstance(outcomes, Averages) else Averages.of(outcomes)
    names, images = averages.names, averages.images
    chosen = list(names if line is None else line)
    for name in chosen:
        if name not in names:
            raise UserError(f"Ticket {name} has no results on corrupted images yet; measure it, or choose another.")
    on_line = np.isin(names, chosen)
    _check(images.mean(axis=-1)[on_line] if names else images)
    n, points = images.shape[-1], images.mean(axis=-1)
    each = averages.of_all
    seeds = len(each) if len(each) and any(map(repeated, averages.seeds)) else 1
    distance = _distances(points, on_line, n)
    squared, freedom = _squared_error(images, on_line), np.inf
    if seeds > 1:
        draws = _distances(each, on_line, n)
        varied, freedom = moderated(draws.var(axis=0, ddof=1), seeds - 1, (len(names) - 1) * (seeds - 1))
        squared = squared + varied / seeds
    slope, intercept = _fit(points, on_line, n)
    r = np.corrcoef(_logits(points[on_line], n).T)[0, 1]
    # Without any spread there is nothing to go by, and nothing is claimed.
    error = np.sqrt(np.where(squared > 0, squared, np.inf))
    judged = judge([Gap(distance, distance, error, seeds, freedom)], equivalence)
    words = np.where(judged["difference"] > 0, MORE, LESS)
    verdict = np.select([judged["verdict"] == DIFFERS, judged["verdict"] == EQUIVALENT], [words, ON_LINE], CANNOT_TELL)
    accuracies = {"key": names, "clean": points[:, 0], "corrupted": points[:, 1], "expected": points[:, 1] - distance}
    table = pd.DataFrame(accuracies).join(judged.rename(columns={"difference": "effective"}))
    return Line(table.assign(verdict=verdict, on_line=on_line), float(slope), float(intercept), float(r))


def _squared_error(images: np.ndarray, on_line: np.ndarray) -> np.ndarray:
    """Variance over images of each ticket's distance from the line, [T], from outcomes [T, 2, N].

    How a distance answers to each accuracy says what each image adds to it (the infinitesimal jackknife, Efron 1982),
    so the line's own uncertainty is included.
    """
    tickets, _, n = images.shape
    points = images.mean(axis=-1)
    steps = STEP * np.eye(2 * tickets).reshape(-1, tickets, 2)
    slopes = (_distances(points + steps, on_line, n) - _distances(points - steps, on_line, n)) / (2 * STEP)
    influence = slopes.T @ (images - points[..., None]).reshape(2 * tickets, n)
    return np.asarray((influence**2).sum(axis=-1) / n / max(n - 1, 1))


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
