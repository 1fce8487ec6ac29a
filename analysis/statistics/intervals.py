"""How sure a number is: intervals of accuracies, paired comparisons of tickets on the same images, rankings with ties.

Two kinds of chance are kept apart. `wilson`, `mcnemar` and `paired_bootstrap` take the networks as they are and ask
what other test images would have given; `mean_interval` asks what other seeds would have given; `ranked_with_ties`
asks both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats

from pruning.errors import UserError

RANKING = ["ticket", "rank", "accuracy", "group", "leader", "behind", "low", "high", "p"]
RESAMPLES = 10_000
DRAWS_AT_ONCE = 2_000_000  # images drawn in one go while resampling: bounds the memory to some tens of megabytes


def wilson(correct: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval of an accuracy (Wilson 1927).

    Args:
        correct: number of images classified right; any shape, broadcast against `n`.
        n: number of images.
        level: probability that the interval covers the true accuracy, in (0, 1).

    Returns:
        (low, high), fractions in [0, 1]; NaN where n is 0.

    Raises:
        ValueError: a count below 0 or above n.
    """
    correct, n = np.asarray(correct, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if ((correct < 0) | (correct > n)).any():
        raise ValueError("Of n images, between 0 and n can be correct.")
    z = stats.norm.ppf(0.5 + _check_level(level) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy = correct / n
        centre = (accuracy + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(accuracy * (1 - accuracy) / n + z**2 / (4 * n**2))
        # At 0 and n the bound is 0 and 1 exactly; rounding must not leave it on the other side of the accuracy.
        return np.where(correct == 0, centre * 0, centre - half), np.where(correct == n, centre * 0 + 1, centre + half)


def mean_interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
    """Mean over seeds and Student's interval of that mean.

    Args:
        values: one value a seed, taken as draws from one normal distribution.
        level: coverage, in (0, 1).

    Returns:
        (mean, low, high) in the values' unit. The bounds are NaN for a single value, which says nothing of the
        spread; all three are NaN for none.
    """
    values = np.asarray(values, dtype=np.float64).reshape(-1)
    if values.size < 2:
        return (float(values[0]) if values.size else np.nan), np.nan, np.nan
    mean = float(values.mean())
    half = float(stats.t.ppf(0.5 + _check_level(level) / 2, values.size - 1) * stats.sem(values))
    return mean, mean - half, mean + half


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> float:
    """Two-sided p-value of McNemar's test that two networks are right equally often on the same images.

    Only images on which one is right and the other wrong count. With fewer than 25 of them the binomial test is
    exact, otherwise it is the chi-squared test with Edwards' continuity correction (McNemar 1947, Edwards 1948).

    Args:
        correct_a, correct_b: whether each image is classified right; bool, the same shape.

    Returns:
        p in [0, 1]; 1 when the networks are right on just the same images.

    Raises:
        ValueError: the shapes differ.
    """
    a, b = _paired(correct_a, correct_b)
    return float(mcnemar_counts((a & ~b).sum(), (~a & b).sum()))


def mcnemar_counts(only_a: ArrayLike, only_b: ArrayLike) -> np.ndarray:
    """`mcnemar` for many pairs at once, from how many images only the one and only the other network gets right.

    Args:
        only_a, only_b: whole numbers of any one shape.

    Returns p of that shape, in [0, 1].
    """
    one, other = np.asarray(only_a), np.asarray(only_b)
    discordant = one + other
    exact = np.minimum(1, 2 * stats.binom.cdf(np.minimum(one, other), discordant, 0.5))
    gap = np.maximum(np.abs(one - other) - 1, 0)
    return np.where(discordant < 25, exact, stats.chi2.sf(gap**2 / np.maximum(discordant, 1), df=1))


def paired_bootstrap(
    a: ArrayLike, b: ArrayLike, level: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float, float]:
    """Difference in accuracy between two networks on the same images, and its bootstrap interval.

    Images are resampled, conditions (corruptions, severities) are not: the outcomes of one image under all conditions
    hang together, so they are averaged within the image first. Percentile interval (Efron & Tibshirani 1993).

    Args:
        a, b: correctness, bool, [..., N] with the N images last and conditions before; the same shape.
        level: coverage, in (0, 1).
        resamples: how many bootstrap samples are drawn.
        seed: same seed, same interval.

    Returns:
        (difference, low, high) as fractions of images, a minus b.

    Raises:
        ValueError: the shapes differ, or there is no image.
    """
    first, second = _paired(a, b)
    gap = _times_right(first) - _times_right(second)
    conditions = first.size // gap.size
    low, high = _quantiles(resampled_means(gap[None, :], resamples, seed)[0] / conditions, level)
    return float(gap.mean()) / conditions, low, high


def holm(p: ArrayLike) -> np.ndarray:
    """Holm's adjusted p-values (Holm 1979), in the order given: those below alpha are significant together at alpha."""
    p = np.asarray(p, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1)
    return adjusted


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
            [conditions, N], the same conditions and images for all (see `unpack_correct`).
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
        low, high = _quantiles(draws, level)
        accuracy = float(accuracy_by_ticket[ticket])
        rows.append(
            dict(zip(RANKING, (ticket, place + 1, accuracy, group, tickets[leader], behind, low, high, p), strict=True))
        )
    return pd.DataFrame(rows, columns=RANKING)


def unpack_correct(conditions: pd.DataFrame) -> dict[str, np.ndarray]:
    """Correctness of each ticket from rows of the results' table `conditions`.

    Arguments, order and errors as for `unpack_offsets`. Returns {ticket id: bool [conditions, n]}.
    """
    return {ticket: offsets == 0 for ticket, offsets in unpack_offsets(conditions).items()}


def unpack_offsets(conditions: pd.DataFrame) -> dict[str, np.ndarray]:
    """How far off each prediction of each ticket is, from rows of the results' table `conditions`.

    The offset is (prediction - label) mod classes: 0 is right, and the prediction is (label + offset) mod classes.

    Args:
        conditions: columns ticket_id, corruption, severity, n, offsets; choose the rows of the corruptions that are
            wanted before (the clean images are there as corruption "clean").

    Returns:
        {ticket id: uint8 [conditions, n]} (uint16 beyond 256 classes), tickets in the order they appear, conditions in
        that of the first ticket.

    Raises:
        UserError: a ticket lacks a condition that another has, the tickets saw different numbers of images, or what is
            stored does not fit that number.
    """
    found: dict[str, dict[tuple[str, int], np.ndarray]] = {}
    columns = [conditions[name] for name in ("ticket_id", "corruption", "severity", "n", "offsets")]
    for ticket, corruption, severity, n, stored in zip(*columns, strict=True):
        if len(stored) not in (n, 2 * n):
            raise UserError(
                f"The results of ticket {ticket} under {corruption} {severity} are damaged: {len(stored)} bytes for "
                f"{n} images; remove them and measure the ticket again."
            )
        kind = np.dtype("u1" if len(stored) == n else "<u2")
        found.setdefault(ticket, {})[corruption, int(severity)] = np.frombuffer(stored, dtype=kind)
    _check_conditions(found)
    order = list(next(iter(found.values()), {}))
    return {ticket: np.stack([rows[condition] for condition in order]) for ticket, rows in found.items()}


def _check_conditions(found: Mapping[str, Mapping[tuple[str, int], np.ndarray]]) -> None:
    everything = dict.fromkeys(condition for rows in found.values() for condition in rows)
    sizes = {offsets.size: ticket for ticket, rows in found.items() for offsets in rows.values()}
    if len(sizes) > 1:
        (n, one), (m, other) = list(sizes.items())[:2]
        raise UserError(
            f"Tickets {one} and {other} were measured on different test sets ({n} and {m} images), so they cannot be "
            "paired; compare tickets of one data set."
        )
    for ticket, rows in found.items():
        for corruption, severity in everything:
            if (corruption, severity) not in rows:
                raise UserError(
                    f"Ticket {ticket} has no results under {corruption} {severity} yet; finish measuring the study "
                    "with `python -m analysis run`."
                )


def _check_level(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"A level lies between 0 and 1, not at {level}.")
    return level


def _paired(a: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.asarray(a, dtype=bool), np.asarray(b, dtype=bool)
    if first.shape != second.shape or not first.size:
        raise ValueError(f"Paired outcomes have one shape and are not empty: {first.shape} and {second.shape}.")
    return first, second


def _times_right(correct: np.ndarray) -> np.ndarray:
    """Under how many conditions each image is right, float64 [N]. Whole numbers, so that sums of them are exact and
    networks that are right equally often never differ by rounding."""
    return correct.reshape(-1, correct.shape[-1]).sum(0, dtype=np.float64)


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


def resampled_means(values: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Means of `values` [T, N] over bootstrap samples of the N images, the same for each row: [T, resamples].

    Whole numbers give exact sums, so rows that are equal on all images stay equal in every sample. Same seed, same
    samples.
    """
    rng = np.random.default_rng(seed)
    n = values.shape[1]
    means = np.empty((values.shape[0], resamples))
    step = max(1, DRAWS_AT_ONCE // n)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = rng.integers(n, size=(size, n), dtype=np.int32) + (np.arange(size, dtype=np.int64) * n)[:, None]
        times = np.bincount(drawn.reshape(-1), minlength=size * n).reshape(size, n)
        means[:, start : start + size] = values @ times.T.astype(np.float64) / n
    return means


def _quantiles(draws: np.ndarray, level: float) -> tuple[float, float]:
    low, high = np.quantile(draws, [(1 - _check_level(level)) / 2, (1 + level) / 2])
    return float(low), float(high)


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
