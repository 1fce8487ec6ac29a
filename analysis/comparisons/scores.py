"""Scores of tasks that are no share of images: means over seeds, and what may be said of their differences.

Nothing but seeds was repeated, so that seeds alone tell tickets apart, and of one seed nothing can be told. Positive
scores of no fixed scale, such as distances and errors, move by factors and not by points; they are averaged and
compared in the logarithm, and `fractions` says how much more the one is than the other, 0.25 for 5 against 4.
Differences of shares are in these shares, those of other scores in units of the typical one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.statistics.intervals import mean_interval
from analysis.statistics.moderation import moderated
from analysis.statistics.verdicts import CANNOT_TELL, NOTHING, Gap, judge
from analysis.statistics.verdicts import COLUMNS as OF_A_PAIR
from pruning.tasks import Score

LEAST = 1e-9
"""Standard error below which rounding is all there is."""
SIZES = ["difference", "low", "high", "detectable"]


class Scores(dict[str, Mapping[int, float]]):
    """Key -> seed -> score; what is not finite is left out, and a key without any.

    Attributes:
        score: what it is. by_factors: whether scores are compared in the logarithm. typical: the median size of one.
    """

    def __init__(self, score: Score, values: Mapping[str, Mapping[int, float]]) -> None:
        finite = {key: {seed: v for seed, v in own.items() if np.isfinite(v)} for key, own in values.items()}
        super().__init__({key: own for key, own in finite.items() if own})
        every = np.array([value for own in self.values() for value in own.values()])
        self.score = score
        self.by_factors = not score.is_share and bool(every.size) and bool((every > 0).all())
        self.typical = float(np.median(np.abs(every))) or 1.0 if every.size else 1.0


def of_tickets(score: Score, tickets: pd.DataFrame, values: Mapping[str, float]) -> Scores:
    """Gather the scores.

    Args:
        score: of the task.
        tickets: ticket_id, key, seed.
        values: ticket_id -> score.
    """
    found: dict[str, dict[int, float]] = {}
    for row in tickets.itertuples():
        found.setdefault(str(row.key), {})[int(row.seed)] = values.get(str(row.ticket_id), np.nan)
    return Scores(score, found)


def by_family(scores: Scores, tickets: pd.DataFrame) -> pd.DataFrame:
    """Average over seeds, as `family_means.by_family` does where images were classified.

    Args:
        scores: of these tickets.
        tickets: key, method, method_label, label, sparsity, total, kept, seconds.

    Returns the same columns; `accuracy` is the mean score, geometric where scores are compared by factors, with
    Student's interval over seeds, NaN for one; what only classifiers have is NaN.
    """
    found = []
    for key, group in tickets.groupby("key", sort=False):
        first, own = group.iloc[0], list(scores.get(str(key), {}).values())
        row = {name: first[name] for name in ("method", "method_label", "label", "sparsity", "total")}
        row |= {name: group[name].mean() for name in ("kept", "seconds")}
        mean = mean_interval(np.log(own)) if scores.by_factors else mean_interval(own)
        ends = np.exp(mean) if scores.by_factors else np.clip(mean, 0, 1) if scores.score.is_share else mean
        row |= {"key": key, "seeds": len(own), "mean_gap": np.nan}
        row |= dict(zip(("accuracy", "accuracy_low", "accuracy_high"), ends, strict=True))
        found.append(row | dict.fromkeys(("corrupted", "corrupted_low", "corrupted_high"), np.nan))
    return pd.DataFrame(found)


def judged(
    scores: Scores, pairs: Sequence[tuple[str, str]], equivalence: float, level: float
) -> tuple[list[tuple[str, str]], pd.DataFrame]:
    """Say of each pair whether it differs, is equivalent, or cannot be told; all pairs are one family.

    Args:
        scores: of the tickets.
        pairs: keys; those without a seed in common are left out.
        equivalence: the difference that does not matter, a fraction above 0.
        level: as for `statistics.verdicts.judge`.

    Returns the pairs, and for each a row of the columns of `judge`; of scores by factors differences are logarithms.
    """
    apart = gaps_of(scores, pairs)
    if not apart:
        return [], pd.DataFrame(columns=OF_A_PAIR)
    # 5 % more is a smaller factor than 5 % less; the narrower bound is asked.
    bound = float(np.log1p(equivalence)) if scores.by_factors else equivalence
    table = judge(list(apart.values()), bound, level, 1.0 if scores.score.is_share else np.inf)
    alone = table["seeds"] == 1
    table.loc[alone, ["low", "high", "p", "p_holm", "p_equivalent", "detectable"]] = np.nan
    table.loc[alone, "over"], table.loc[alone, "verdict"] = NOTHING, CANNOT_TELL
    return list(apart), table


def gaps_of(scores: Scores, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Gap]:
    """The difference of each pair that has a seed in common; one seed has an endless error.

    Variances are moderated over every two of the tickets, also where all are held against one: pairs that have a
    ticket in common vary together, and by themselves say less of how much seeds vary than as many others would.
    """
    apart = {(a, b): _apart(scores, a, b) for a, b in pairs if a in scores and b in scores}
    apart = {pair: gaps for pair, gaps in apart.items() if gaps.size}
    tickets = list(dict.fromkeys(key for pair in apart for key in pair))
    fewest = min((gaps.size for gaps in apart.values() if gaps.size > 1), default=np.inf)
    others = [pair for pair in combinations(tickets, 2) if not {pair, pair[::-1]} & apart.keys()]
    beside = {pair: _apart(scores, *pair) for pair in others}
    every = apart | {pair: gaps for pair, gaps in beside.items() if gaps.size >= fewest}
    found = dict(zip(every, _gaps(list(every.values()), len(tickets)), strict=True))
    return {pair: found[pair] for pair in apart}


def fractions(scores: Scores, table: pd.DataFrame) -> pd.DataFrame:
    """Write the differences of a table of verdicts as fractions of the second score, where scores move by factors."""
    return table.assign(**{name: np.expm1(table[name].astype(float)) for name in SIZES}) if scores.by_factors else table


def _apart(scores: Scores, a: str, b: str) -> np.ndarray:
    """The differences of two tickets, a seed each; one, of their means, where nothing but a constant was repeated."""
    seeds = sorted(scores[a].keys() & scores[b].keys())
    one, other = (np.array([scores[key][seed] for seed in seeds]) for key in (a, b))
    gaps: np.ndarray = one - other if scores.score.is_share else (one - other) / scores.typical
    if scores.by_factors:
        gaps = np.log(one / other)
    same = len(seeds) > 1 and np.ptp(one) == 0 and np.ptp(other) == 0 and one[0] != other[0]
    return gaps[:1] if same else gaps


def _gaps(apart: Sequence[np.ndarray], tickets: int) -> list[Gap]:
    """With variances moderated over the pairs of several seeds; one seed has an endless error."""
    several = [gaps for gaps in apart if gaps.size > 1]
    fewest = min((gaps.size - 1 for gaps in several), default=1)
    freedom, pulled = float(fewest), iter(())
    if several:
        most = float((tickets - 1) * fewest)
        variances, freedom = moderated(np.array([gaps.var(ddof=1) for gaps in several]), fewest, most)
        pulled = iter(variances.tolist())
    found = []
    for gaps in apart:
        mean = np.asarray(gaps.mean())
        error = max(np.sqrt(next(pulled) / gaps.size), LEAST) if gaps.size > 1 else np.inf
        found.append(Gap(mean, mean, np.asarray(error), gaps.size, freedom if gaps.size > 1 else np.inf))
    return found
