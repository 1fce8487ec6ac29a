"""Rankings that mark what cannot be told apart, over test images and over training seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from analysis.statistics.bootstrap import RESAMPLES, percentile_interval, resampled_means
from pruning.errors import UserError

RANKING = ["ticket", "rank", "accuracy", "group", "leader", "behind", "low", "high", "p"]


def ranked_with_ties(
    accuracy_by_ticket: Mapping[str, float],
    correct_by_ticket: Mapping[str, np.ndarray],
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    seeds_by_ticket: Mapping[str, ArrayLike] | None = None,
) -> pd.DataFrame:
    """Tickets by mean corruption accuracy, best first, those that cannot be told apart in one tie group.

    The best ticket leads the first group. Down the ranking, tickets join it until one differs significantly from the
    leader; that one leads the next group, and so on. So **within a group no order is claimed against its leader, and
    each leader is worse than the leader before it**. A member of a lower group need not differ from every member of
    the one above, nor do two members of a group from each other: being indistinguishable is not transitive.

    A leader is picked for being ahead and may be compared with many, so a plain interval would part equal tickets far
    too often. Significance is therefore Tukey's: how likely is so large a gap, in standard errors of the paired
    difference (by bootstrap over images), somewhere among as many equal tickets as stand from the leader down
    (studentized range; Tukey 1953, with unequal errors Games & Howell 1976). That takes the networks as they are; given
    `seeds_by_ticket`, a ticket must also differ from the leader by the paired Student's test over training seeds.

    Args:
        accuracy_by_ticket: what is ranked by, a fraction (mean corruption accuracy).
        correct_by_ticket: for the same tickets correctness under the conditions the accuracy averages, bool
            [conditions, N], the same conditions and images for all.
        level: 1 minus the chance that a group of equal tickets is parted, in (0, 1).
        resamples: how many bootstrap samples are drawn.
        seed: same seed, same ranking.
        seeds_by_ticket: for each ticket the accuracy of every training seed, the same seeds in the same order for all;
            with fewer than two the seeds are not asked.

    Returns:
        a row a ticket, best first: ticket, rank (from 1, equal accuracies in the order given), accuracy, group (from
        1), leader (the group's), behind (accuracy of the leader minus the ticket's), low, high (interval of that
        difference over images, for this pair alone), p (of the difference; the larger one of images and seeds). For a
        leader behind, low and high are 0 and p is 1.

    Raises:
        UserError: a ticket has no correctness, or not for the same conditions and images.
    """
    tickets = sorted(accuracy_by_ticket, key=lambda ticket: -accuracy_by_ticket[ticket])
    if not tickets:
        return pd.DataFrame(columns=RANKING)
    right = _same_images(tickets, correct_by_ticket)
    conditions = correct_by_ticket[tickets[0]].size // right.shape[1]
    means = resampled_means(right, resamples, seed) / conditions
    rows: list[dict[str, str | int | float]] = []
    leader, group = 0, 1
    for place, ticket in enumerate(tickets):
        behind, draws = float((right[leader] - right[place]).mean()) / conditions, means[leader] - means[place]
        p = _range_p(behind, float(draws.std()), len(tickets) - leader) if place > leader else 1.0
        if seeds_by_ticket is not None and place > leader:
            p = max(p, _seeds_p(seeds_by_ticket[tickets[leader]], seeds_by_ticket[ticket]))
        if p < 1 - level:
            leader, group, behind, draws, p = place, group + 1, 0.0, np.zeros(1), 1.0
        low, high = percentile_interval(draws, level)
        accuracy = float(accuracy_by_ticket[ticket])
        rows.append(
            dict(zip(RANKING, (ticket, place + 1, accuracy, group, tickets[leader], behind, low, high, p), strict=True))
        )
    return pd.DataFrame(rows, columns=RANKING)


def _times_right(correct: np.ndarray) -> np.ndarray:
    """Under how many conditions each image is right, float64 [N].

    Whole numbers, so that sums of them are exact and networks that are right equally often never differ by rounding.
    """
    result: np.ndarray = correct.reshape(-1, correct.shape[-1]).sum(0, dtype=np.float64)
    return result


def _same_images(tickets: Sequence[str], correct_by_ticket: Mapping[str, np.ndarray]) -> np.ndarray:
    """float64 [T, N]."""
    for ticket in tickets:
        if ticket not in correct_by_ticket:
            raise UserError(f"Ticket {ticket} has no results on corrupted images yet; measure it before ranking it.")
        expected, found = correct_by_ticket[tickets[0]].shape, correct_by_ticket[ticket].shape
        if found != expected:
            raise UserError(
                f"Tickets {tickets[0]} and {ticket} were not measured on the same conditions and images ({expected} "
                f"and {found}), so they cannot be ranked together."
            )
    return np.stack([_times_right(np.asarray(correct_by_ticket[ticket], dtype=bool)) for ticket in tickets])


def _seeds_p(a: ArrayLike, b: ArrayLike) -> float:
    """Two-sided p of the paired Student's test that two tickets are equal over seeds; 0 where there is one seed."""
    gaps = np.asarray(a, dtype=np.float64) - np.asarray(b, dtype=np.float64)
    if gaps.size < 2:
        return 0.0
    error = float(stats.sem(gaps))
    if error == 0:
        return 0.0 if gaps[0] else 1.0
    return float(2 * stats.t.sf(abs(gaps.mean()) / error, gaps.size - 1))


def _range_p(gap: float, error: float, tickets: int) -> float:
    """How likely a gap this large, with this standard error, is somewhere among so many tickets that are all equal."""
    if gap <= 0:
        return 1.0
    if error == 0:
        return 0.0
    return float(np.clip(stats.studentized_range.sf(gap / error * np.sqrt(2), tickets, np.inf), 0, 1))
