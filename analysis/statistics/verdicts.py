"""What may be said of the difference between two networks: it differs, it is equivalent, or one cannot tell.

Two chances are at work. Another training would have given other networks, and another test set other images; a claim
about *methods* has to outlast both. So the squared error of a difference is the sum of the two: the variance over
seeds of the seeds' means, divided by the seeds, and the variance over images of the images' means, divided by the
images. (The two overlap a little, which errs on the careful side, and keeps seeds that agree by chance from proving
anything.) The test is Student's. Its degrees of freedom are those of the seeds, with what the other pairs show of how
much seeds vary (`moderation`). **One seed says nothing of other trainings**: then the images are the only chance taken
into account, and the verdict speaks of these networks.

Of several comparisons each is held to its step of Holm's procedure, and its interval is taken at that step. This one
interval decides: without 0 the two *differ*; within +-d they are *equivalent* within d (two one-sided tests, Schuirmann
1987, each at half of alpha, so that the same interval serves); otherwise one *cannot tell*, which is not the same as
no difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from analysis.statistics.distributions import (
    chi_squared_quantile,
    normal_tail,
    root,
    student_quantile,
    student_tail,
)
from analysis.statistics.moderation import moderated
from analysis.statistics.multiple_testing import holm, holm_steps

DIFFERS, EQUIVALENT, CANNOT_TELL = "differs", "equivalent", "cannot tell"
IMAGES, SEEDS, NOTHING = "images", "seeds", "nothing"
COLUMNS = [
    "difference", "low", "high", "p", "p_holm", "p_equivalent", "verdict", "within", "detectable", "over", "seeds",
]  # fmt: skip
LEVEL = 0.95
EQUIVALENCE = 0.01
"""Fraction of the images up to which a difference does not matter, where nobody says otherwise."""
POWER = 0.8


@dataclass(frozen=True)
class Gap:
    """Paired differences of two networks, one or many: arrays of one shape.

    Attributes:
        difference: the mean of the first minus that of the second.
        centre: of the interval: the same with one more image on either side, as Bonett & Price (2012) have it, which
            keeps the interval honest where few images differ.
        error: standard error of `centre`, above 0.
        seeds: how many pairs of trainings there were.
        freedom: degrees of freedom of Student's distribution; endless for one seed, where the error is over images.
    """

    difference: np.ndarray
    centre: np.ndarray
    error: np.ndarray
    seeds: int
    freedom: float


def paired_gap(a: np.ndarray, b: np.ndarray) -> Gap:
    """Compare two networks on the same images, and the same seeds.

    Args:
        a: [S, ..., N] outcomes of S seeds on N images, bool, or shares in [0, 1] (over conditions, say).
        b: of the same shape; its seeds are paired with those of `a` one by one.

    Returns arrays [...].

    Raises ValueError when the shapes differ or there is nothing in them.
    """
    if a.shape != b.shape or not a.size:
        raise ValueError(f"Networks are compared on the same seeds, conditions and images: {a.shape} and {b.shape}.")
    # Sums first: whole numbers are exact, so that networks that are right equally often never differ by rounding.
    totals = a.sum(axis=-1, dtype=np.float64) - b.sum(axis=-1, dtype=np.float64)
    images = (a.sum(axis=0, dtype=np.float64) - b.sum(axis=0, dtype=np.float64)) / len(a)
    return gap_from_sums(totals, (images**2).sum(axis=-1), a.shape[-1])


def gap_from_sums(totals: np.ndarray, squares: np.ndarray, n: int | np.ndarray, together: bool = False) -> Gap:
    """As `paired_gap`, from sums over n images.

    Args:
        totals: [S, ...], each seed's gaps.
        squares: [...], the squares of the images' gaps, means over seeds.
        n: images, one number or [...].
        together: whether variances over seeds are moderated, as they are of parts of the same networks.
    """
    gap, seeds = _over_images(totals, squares, n), len(totals)
    if seeds == 1:
        return gap
    variances, freedom = (totals / n).var(axis=0, ddof=1), float(seeds - 1)
    if together:
        variances, freedom = moderated(variances, freedom, (variances.size - 1) * freedom)
    return _over_seeds(gap, variances, freedom)


def paired_gaps(outcomes: np.ndarray) -> Gap:
    """Compare every two of many networks: as `paired_gap`, [T, T], row minus column, but with moderated variances.

    Args:
        outcomes: [T, S, N], as in `paired_gap`; not empty.
    """
    tickets, seeds, n = outcomes.shape
    sums = outcomes.sum(axis=-1, dtype=np.float64).T
    totals = sums[:, :, None] - sums[:, None, :]
    images = outcomes.mean(axis=1, dtype=np.float64)
    products = images @ images.T
    squares = np.maximum(np.diag(products)[:, None] + np.diag(products) - 2 * products, 0)
    gap = _over_images(totals, squares, n)
    if seeds == 1 or tickets == 1:
        return gap
    above, variances = np.triu_indices(tickets, 1), np.zeros((tickets, tickets))
    variances[above], freedom = moderated(
        (totals / n).var(axis=0, ddof=1)[above], seeds - 1, (tickets - 1) * (seeds - 1)
    )
    return _over_seeds(gap, variances + variances.T, freedom)


def _over_images(totals: np.ndarray, squares: np.ndarray, n: int | np.ndarray) -> Gap:
    """From sums over n images: of each seed's gaps, [S, ...], and of the squares of their means over seeds, [...]."""
    mean = totals.mean(axis=0)
    centre = mean / (n + 2)
    error = np.sqrt(((squares + 2) / (n + 2) - centre**2) / (n + 2))
    return Gap(mean / n, centre, error, len(totals), np.inf)


def _over_seeds(gap: Gap, variances: np.ndarray, freedom: float) -> Gap:
    """With the variance over seeds as well."""
    return replace(gap, error=np.sqrt(gap.error**2 + variances / gap.seeds), freedom=freedom)


def judge(
    gaps: Sequence[Gap], equivalence: float = EQUIVALENCE, level: float = LEVEL, widest: float = 1.0
) -> pd.DataFrame:
    """Verdicts on several differences, which are one family: all that are asked about at once.

    Args:
        gaps: each of one or many differences; all of them make the family.
        equivalence: d, the difference that does not matter, a fraction above 0.
        level: 1 minus the chance that any "differs" of the family is false, and 1 minus twice the chance that any
            "equivalent" is, in (0, 1).
        widest: no difference is larger; 1 for shares.

    Returns a row a difference, in the order given (within a gap that of its flattened arrays):
        difference: as in `Gap`.
        low, high: the interval that decides, at the row's step of Holm's procedure; within [-widest, widest].
        p: two-sided, that there is no difference. p_holm: p after Holm's correction over the family.
        p_equivalent: that the difference is d or more: the larger p of two one-sided tests, corrected over the family.
        verdict: "differs" where the interval leaves out 0 (p_holm below alpha); "equivalent" where it
            lies between -d and d (p_equivalent below alpha / 2), and does not differ; else "cannot tell".
        within: bool, the difference is shown to be less than d, also where it differs.
        detectable: the difference that so many seeds and images, with the noise seen here, show with a power of 80 %
            at the step where Holm's procedure stopped.
        over: "seeds", the verdict speaks of methods; "images", of these networks ("nothing", where a score is not over
            images and one seed leaves nothing to go by). seeds: how many were paired.

    Raises ValueError for a level or an equivalence beyond its range.
    """
    if not 0 < level < 1 or not equivalence > 0:
        raise ValueError(f"A level is in (0, 1) and an equivalence above 0, not {level} and {equivalence}.")
    if not gaps:
        return pd.DataFrame(columns=COLUMNS)
    difference, centre, error = (
        np.concatenate([np.ravel(getattr(gap, name)) for gap in gaps]) for name in ("difference", "centre", "error")
    )
    sizes = [np.size(gap.difference) for gap in gaps]
    freedom, seeds = (np.repeat([getattr(gap, name) for gap in gaps], sizes) for name in ("freedom", "seeds"))
    alpha = 1 - level
    p = 2 * student_tail(np.abs(centre) / error, freedom)
    outside = student_tail((equivalence - np.abs(centre)) / error, freedom)
    step = holm_steps(p, alpha)
    differs = p * step < alpha
    shifts = {own: detectable_shift(own, alpha / max((~differs).sum(), 1)) for own in np.unique(freedom).tolist()}
    # What does not differ is asked for its size as well; the wider of the two intervals serves both questions.
    step = np.where(differs, step, np.maximum(step, holm_steps(outside, alpha / 2)))
    reach = -student_quantile(alpha / (2 * step), freedom) * error
    p_equivalent = np.maximum(holm(outside), np.minimum(step * outside, 1))
    within = p_equivalent < alpha / 2
    return pd.DataFrame(
        {
            "difference": difference,
            "low": np.maximum(centre - reach, -widest),
            "high": np.minimum(centre + reach, widest),
            "p": p,
            "p_holm": holm(p),
            "p_equivalent": p_equivalent,
            "verdict": np.select([differs, within], [DIFFERS, EQUIVALENT], CANNOT_TELL),
            "within": within,
            "detectable": np.minimum([shifts[own] for own in freedom.tolist()] * error, widest),
            "over": np.where(seeds > 1, SEEDS, IMAGES),
            "seeds": seeds,
        }
    )[COLUMNS]


@cache
def detectable_shift(freedom: float, alpha: float, power: float = POWER) -> float:
    """How many standard errors a difference has to be so that a two-sided Student's test shows it with that power.

    Args:
        freedom: degrees of freedom, above 0; endless for a normal test.
        alpha: of the test, in (0, 1).
        power: in (alpha, 1).

    The estimated error is averaged over its distribution at 2,000 quantiles: scipy's noncentral distribution gives up
    where `alpha` is small.
    """
    critical = float(-student_quantile(alpha / 2, freedom))
    shares = (np.arange(2000) + 0.5) / 2000
    errors = np.sqrt(chi_squared_quantile(shares, freedom) / freedom) if np.isfinite(freedom) else np.ones(1)

    def lacking(shift: float) -> float:
        found = normal_tail(critical * errors - shift) + normal_tail(critical * errors + shift)
        return float(found.mean()) - power

    return root(lacking, 0, 10 + critical * float(errors.max()))
