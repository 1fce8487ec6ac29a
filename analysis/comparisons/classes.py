"""Accuracy by class, and whether pruning costs some classes more than others (Hooker et al. 2020).

Two trainings of one method do not hit the same classes, and other test images would not either. So the class-by-class
pattern of (ticket - baseline) is held against what two groups of trainings of one method show: the class-by-class
spread among the seeds of the ticket and of the baseline, and among the images of a class. One training says nothing of
the next one, and nothing is claimed from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import Outcomes
from analysis.statistics.multiple_testing import holm, holm_steps
from analysis.statistics.patterns import Pattern, compare_patterns
from analysis.statistics.replication import distinct, repeated
from analysis.statistics.verdicts import EQUIVALENCE, LEVEL, Gap, gap_from_sums, judge
from pruning.errors import UserError

BY_CLASS = [
    "key", "class", "n", "change", "low", "high", "verdict", "within", "detectable", "over", "p", "beyond_chance",
]  # fmt: skip
BY_TICKET = ["key", "classes", "images", "seeds", "change", "spread", "by_chance", "ceiling", "p", "p_holm", "uneven"]


@dataclass(frozen=True)
class Costs:
    """What tickets cost by class, relative to a baseline.

    `by_class`: a row a ticket and class: key, class (int), n (images), change (accuracy minus the baseline's, -1 to
    1), low, high, verdict, within, detectable, over (as `statistics.verdicts.judge` has them, all classes of all
    tickets being one family, and variances over seeds moderated by those of the ticket's other classes), p (of the
    change being the ticket's over all images, after Holm's correction over the same family; NaN for a single
    training), beyond_chance (bool, p < .05 in a ticket whose costs are uneven: the class is hit harder, or spared
    more, than the others).

    `by_ticket`: a row a ticket: key, classes, images, seeds (the fewer of the ticket's trainings and the baseline's),
    change (over all images), spread (how far the classes' changes are from it: root mean square over images), and,
    NaN where either has a single training, by_chance (that of two groups of so many trainings of one method, on other
    images), ceiling (what it exceeds just where `uneven`), p (of the spread being by chance), p_holm (the same after
    Holm's correction over the tickets), uneven (bool, p_holm < .05: some classes pay more than others).
    """

    by_class: pd.DataFrame
    by_ticket: pd.DataFrame


def class_costs(
    outcomes: Outcomes, labels: np.ndarray, baseline: str | Mapping[str, str], equivalence: float = EQUIVALENCE
) -> Costs:
    """How much accuracy each class loses against the baseline, and whether that differs between classes.

    The change of an image is the mean over seeds and conditions of being right, minus the baseline's. Runs that agree
    on every image are one run. See `statistics.patterns` for the test.

    Args:
        outcomes: the tickets, with the baseline among them, under the conditions to average over.
        labels: int [images], the true classes.
        baseline: the ticket they are compared with; or of each its own, and those named are compared with nothing.
        equivalence: the change of a class that does not matter, a fraction above 0.

    Returns `Costs`, without the baseline. Changes of a class pair the seeds that both have, or the means over seeds
    where they have none in common; where either has a single training they speak of these networks.

    Raises UserError when the baseline has no outcomes, there is no label for each image, or fewer than two classes.
    """
    labels = _checked(outcomes, labels)
    against = dict.fromkeys(outcomes.right, baseline) if isinstance(baseline, str) else dict(baseline)
    if not set(against.values()) <= set(outcomes.right):
        raise UserError("The baseline has no results on corrupted images; measure it, or choose another.")
    classes, places, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    if len(classes) < 2:
        raise UserError("Costs by class need images of at least two classes; choose another data set.")
    shares = outcomes.per_image(range(len(outcomes.conditions)))
    right = {name: distinct(list(own.values())) for name, own in shares.items()}
    names = [name for name in right if name not in against.values()]
    if not names:
        return Costs(pd.DataFrame(columns=BY_CLASS), pd.DataFrame(columns=BY_TICKET))
    reference = {name: right[against[name]] for name in names}
    patterns = [compare_patterns(right[name], reference[name], places) for name in names]
    by_ticket = _by_ticket(patterns).assign(
        key=names,
        classes=len(classes),
        images=len(labels),
        seeds=[min(len(right[name]), len(reference[name])) for name in names],
        change=[right[name].mean() - reference[name].mean() for name in names],
    )
    by_class = judge([_gaps(shares[name], shares[against[name]], places, sizes) for name in names], equivalence)
    by_class = by_class.rename(columns={"difference": "change"}).assign(
        key=np.repeat(names, len(classes)), n=np.tile(sizes, len(names)), p=_corrected(patterns)
    )
    by_class["class"] = np.tile(classes, len(names))
    uneven = np.repeat(by_ticket["uneven"].to_numpy(), len(classes))
    by_class["beyond_chance"] = uneven & (by_class["p"] < 1 - LEVEL)
    return Costs(by_class[BY_CLASS], by_ticket[BY_TICKET])


def _checked(outcomes: Outcomes, labels: np.ndarray) -> np.ndarray:
    labels = np.asarray(labels)
    for name, right in outcomes.right.items():
        if right.shape[-1:] != labels.shape:
            raise UserError(
                f"Ticket {name} was measured on {right.shape[-1]} images, but there are labels of {labels.size}; "
                "measure the study again."
            )
    return labels


def _gaps(a: Mapping[int, np.ndarray], b: Mapping[int, np.ndarray], places: np.ndarray, sizes: np.ndarray) -> Gap:
    """The paired differences of each class, [K], from each seed's [N], and the images' classes [N] and their sizes."""
    seeds = [seed for seed in a if seed in b]
    if not (repeated(a.values()) or repeated(b.values())):
        seeds = seeds[:1]
    gaps = [a[seed] - b[seed] for seed in seeds]
    gaps = gaps or [np.mean(list(a.values()), axis=0) - np.mean(list(b.values()), axis=0)]
    totals = np.stack([np.bincount(places, weights=gap) for gap in gaps])
    return gap_from_sums(totals, np.bincount(places, weights=np.mean(gaps, axis=0) ** 2), sizes, together=True)


def _corrected(patterns: Sequence[Pattern]) -> np.ndarray:
    """The p of every class of every ticket, which are one family; NaN of those with a single run."""
    p = np.concatenate([pattern.p_of_group for pattern in patterns])
    p[~np.isnan(p)] = holm(p[~np.isnan(p)])
    return p


def _by_ticket(patterns: Sequence[Pattern]) -> pd.DataFrame:
    """spread, by_chance, ceiling, p, p_holm and uneven; tickets with a single run are no part of the family."""
    told = [pattern for pattern in patterns if not np.isnan(pattern.p)]
    repeated = np.array([not np.isnan(pattern.p) for pattern in patterns])
    p, alpha = [pattern.p for pattern in told], 1 - LEVEL
    corrected, ceiling = np.full((2, len(patterns)), np.nan)
    corrected[repeated] = holm(p)
    ceiling[repeated] = [each.ceiling(alpha / step) for each, step in zip(told, holm_steps(p, alpha), strict=True)]
    return pd.DataFrame(
        {
            "spread": [pattern.spread for pattern in patterns],
            "by_chance": [pattern.error for pattern in patterns],
            "ceiling": ceiling,
            "p": [pattern.p for pattern in patterns],
            "p_holm": corrected,
            "uneven": corrected < alpha,
        }
    )
