"""What is redundant in a benchmark of corruptions.

The fewest corruptions that rank the tickets as all of them do, and the groups of corruptions that stay together on
other images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from analysis.comparisons.correlations import by_image, counted_by_image
from analysis.comparisons.outcomes import Outcomes, same_seeds
from analysis.statistics.bootstrap import resampled_means
from analysis.statistics.clusters import CORRELATED, cluster
from analysis.statistics.correlation import Correlation, describe, resampled_correlations
from analysis.statistics.replication import repeated
from pruning.errors import UserError

FEWEST = 4
"""Tickets below which their ranking says little."""
RESAMPLES = 40  # of the images, for whether groups stay together: to the nearest few per cent
PERMUTATIONS = 2000
SAME = 1e-9  # means that differ by less are equal but for rounding


@dataclass(frozen=True)
class Redundancy:
    """How few corruptions rank the tickets as all of them do.

    `steps`: a row a size: size (from 1 to all), corruption (the one added), tau, low, high (Kendall's tau-b between the
    ranking by the first `size` corruptions and by all, -1 to 1, and its 95 % bootstrap interval over images).
    `kept`: the first corruptions with tau at least `threshold`.
    `itself`: (tau, low, high) between the ranking by all on these images and on resampled ones: how well the whole
    benchmark agrees with itself. A subset that agrees as well loses nothing that could be seen.
    `seeds`: (W, p): Kendall's concordance, 0 to 1, of the rankings by all that the seeds give which every ticket has,
    and how likely one as large is where the methods are all equal; None where these are fewer than two. Unless p is
    small there is no ranking of methods that could be kept.
    """

    steps: pd.DataFrame
    kept: list[str]
    threshold: float
    itself: tuple[float, float, float]
    seeds: tuple[float, float] | None = None

    @property
    def ranked(self) -> bool:
        """Whether the seeds show that there is a ranking; of one seed it is that of these networks."""
        return self.seeds is None or self.seeds[1] < 0.05

    @property
    def agreement(self) -> tuple[float, float, float]:
        """(tau, low, high) between the ranking by what is kept and by all."""
        tau, low, high = self.steps.iloc[len(self.kept) - 1][["tau", "low", "high"]]
        return float(tau), float(low), float(high)


def redundant(outcomes: Outcomes, threshold: float = 0.95, resamples: int = 1000, seed: int = 0) -> Redundancy:
    """Add corruption after corruption, each time the one that brings the ranking nearest to that by all.

    Tickets are ranked by their mean accuracy over corruptions, each the mean over its severities and all seeds. Of
    corruptions that bring tau equally far the one with the nearest means is taken. The search is greedy, so a smaller
    set may exist, and it sees the same images as the result: the interval says how steady the agreement is for this
    set, not how often another search would find it. Resampling adds noise of its own, which is why an interval may lie
    below its tau.

    Args:
        outcomes: the tickets under the corruptions to choose among; the clean images are left out.
        threshold: tau that is enough, in (0, 1].
        resamples: bootstrap samples.
        seed: same seed, same interval.

    Returns `Redundancy`.

    Raises UserError when there are fewer than `FEWEST` tickets, no corruption, or all tickets are equally accurate.
    """
    count = len(outcomes.right)
    if count < FEWEST:
        verb = "is" if count == 1 else "are"
        raise UserError(f"A ranking needs at least {FEWEST} tickets, and {count} {verb} chosen; choose more.")
    names, values = _by_ticket(outcomes)
    tickets, corruptions, n = values.shape
    accuracy = values.mean(axis=2)
    whole = accuracy.mean(axis=1)
    if np.ptp(whole) < SAME:
        raise UserError("All tickets are equally accurate under corruption, so there is no ranking to keep.")
    order = _greedy(accuracy)
    drawn = resampled_means(values.reshape(-1, n), resamples, seed).reshape(tickets, corruptions, resamples).T
    rows = []
    for size in range(1, corruptions + 1):
        chosen = order[:size]
        low, high = _interval(kendall(drawn[:, chosen].mean(axis=1), drawn.mean(axis=1)))
        rows.append((size, names[order[size - 1]], float(kendall(accuracy[:, chosen].mean(axis=1), whole)), low, high))
    steps = pd.DataFrame(rows, columns=["size", "corruption", "tau", "low", "high"])
    enough = int(np.argmax(steps["tau"].to_numpy() >= threshold - SAME)) + 1
    itself = kendall(whole, drawn.mean(axis=1))
    kept = steps["corruption"].tolist()[:enough]
    each = _each_seed(outcomes)
    found = concordance(each, seed=seed) if len(each) > 1 and repeated(each) else None
    return Redundancy(steps, kept, threshold, (float(itself.mean()), *_interval(itself)), found)


def correlated_groups(
    outcomes: Outcomes, correlation: Correlation, r: float = CORRELATED, resamples: int = RESAMPLES
) -> pd.DataFrame:
    """Which corruptions make the same images wrong, and whether they would on other images.

    Args:
        outcomes: the tickets and corruptions.
        correlation: `corruptions_over_samples` of them.
        r: correlation, -1 to 1, by which the members of a group are joined.
        resamples: bootstrap samples of the images.

    Returns:
        a row a group, the largest first: members (list of names), size, r (mean inside the group, NaN for a single
        member), together (share of the resamples, 0 to 1, in which the whole group comes out as one).
    """
    groups = cluster(correlation).groups(r)
    stable = group_stability(outcomes, groups, r, correlation.beyond_clean, resamples)
    rows = []
    for members, together in zip(groups, stable, strict=True):
        at = [correlation.names.index(member) for member in members]
        inside = correlation.matrix[np.ix_(at, at)][np.triu_indices(len(at), 1)]
        rows.append((members, len(members), float(inside.mean()) if len(inside) else np.nan, together))
    table = pd.DataFrame(rows, columns=["members", "size", "r", "together"])
    return table.sort_values("size", ascending=False, ignore_index=True, kind="stable")


def group_stability(
    outcomes: Outcomes,
    groups: Sequence[Sequence[str]],
    r: float = CORRELATED,
    beyond_clean: bool = False,
    resamples: int = 100,
    seed: int = 0,
) -> list[float]:
    """Whether groups of corruptions that go together over samples stay together on other images.

    Args:
        outcomes: the tickets and corruptions.
        groups: of `cluster(corruptions_over_samples(...)).groups(r)`.
        r: as the groups were made.
        beyond_clean: as the groups were made.
        resamples: bootstrap samples of the images.
        seed: same seed, same result.

    Returns for each group the share of resamples, 0 to 1, in which all its members are in one group; 1 for a single
    member. What does not vary in a resample is in no group there.
    """
    names, counts, of = counted_by_image(outcomes, clean=beyond_clean)
    n, rng = counts.shape[-1], np.random.default_rng(seed)
    weights = np.stack([np.bincount(rng.integers(n, size=n), minlength=n) for _ in range(resamples)])
    together = np.zeros(len(groups))
    for matrix in resampled_correlations(counts, weights, of, beyond_clean):
        drawn = cluster(describe(names, matrix, n, "images", beyond_clean)).groups(r)
        place = {name: number for number, group in enumerate(drawn) for name in group}
        together += [len(group) == 1 or len({place.get(name, name) for name in group}) == 1 for group in groups]
    return [float(share) for share in together / resamples]


def kendall(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Kendall's tau-b (Kendall 1945) of x and y [..., T], broadcast against each other: [...], in [-1, 1].

    Values nearer than 1e-9 are tied. 0 where all x or all y are, for then they order nothing.
    """
    first, second = np.triu_indices(x.shape[-1], 1)
    signs = []
    for values in (x, y):
        gap = values[..., first] - values[..., second]
        signs.append(np.where(np.abs(gap) < SAME, 0.0, np.sign(gap)))
    pairs = np.sqrt((signs[0] ** 2).sum(axis=-1) * (signs[1] ** 2).sum(axis=-1))
    return np.asarray((signs[0] * signs[1]).sum(axis=-1) / np.maximum(pairs, 1))


def concordance(values: np.ndarray, permutations: int = PERMUTATIONS, seed: int = 0) -> tuple[float, float]:
    """Kendall's W of several rankings, and its p by permutation (Kendall & Babington Smith 1939; Friedman 1937).

    Args:
        values: [rankings, T], what each ranks by.
        permutations: orders drawn for each ranking; p is at least 1 / (permutations + 1).
        seed: same seed, same p.

    Returns (W, p). W is corrected for ties: it is 1 where all rank alike, ties among them, and 0 where none ranks
    anything.
    """
    ranks = rankdata(values, axis=1)
    drawn = np.random.default_rng(seed).permuted(np.broadcast_to(ranks, (permutations, *ranks.shape)), axis=2)
    observed, chance = ranks.sum(axis=0).var(), drawn.sum(axis=1).var(axis=1)
    most = len(ranks) * ranks.var(axis=1).sum()
    w = float(observed / most) if most > 0 else 0.0
    return w, float((1 + (chance >= observed - SAME).sum()) / (1 + permutations))


def _each_seed(outcomes: Outcomes) -> np.ndarray:
    """Mean accuracy over corruptions of each ticket, a row a seed that all have: [seeds, T]."""
    found = same_seeds(*map(outcomes.numbers, outcomes.right))
    places = np.array(found, dtype=np.int64).reshape(-1, len(outcomes.right))
    each = [by_image(Outcomes(outcomes.conditions, {name: right})) for name, right in outcomes.right.items()]
    means = [values.mean(axis=(1, 2))[at] for (_, values), at in zip(each, places.T, strict=True)]
    return np.stack(means, axis=1)


def _by_ticket(outcomes: Outcomes) -> tuple[list[str], np.ndarray]:
    """Corruptions, and outcomes averaged over severities and seeds: [tickets, corruptions, images]."""
    each = [by_image(Outcomes(outcomes.conditions, {name: right})) for name, right in outcomes.right.items()]
    return each[0][0], np.stack([values.mean(axis=0) for _, values in each])


def _greedy(accuracy: np.ndarray) -> list[int]:
    """The corruptions of accuracies [tickets, corruptions] in the order they are added."""
    whole, rest = accuracy.mean(axis=1), list(range(accuracy.shape[1]))
    chosen: list[int] = []
    while rest:
        means = np.stack([accuracy[:, [*chosen, one]].mean(axis=1) for one in rest])
        tau = np.round(kendall(means, whole), 9)
        gap = means - whole
        off = (gap - gap.mean(axis=1, keepdims=True)).std(axis=1)
        best = int(np.lexsort((off, -tau))[0])
        chosen.append(rest.pop(best))
    return chosen


def _interval(draws: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)
