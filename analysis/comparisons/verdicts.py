"""Which tickets differ, which are equivalent, and of which one cannot tell: the one table that every page asks.

A question is: these tickets, on these images. All of its pairs are one family of tests, so the answer to it is the same
wherever it is asked, as a matrix, as a ranking, or against a baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from analysis.comparisons import scores
from analysis.comparisons.outcomes import PerImage
from analysis.comparisons.scores import Scores
from analysis.statistics.replication import repeated
from analysis.statistics.verdicts import COLUMNS as OF_A_PAIR
from analysis.statistics.verdicts import EQUIVALENCE, LEVEL, Gap, judge, paired_gaps

COLUMNS = ["a", "b", *OF_A_PAIR]
Told = PerImage | Scores
"""What tells tickets apart: who is right on each image, or, of tasks that are no share of images, scores by seed."""


def verdicts(
    outcomes: Told,
    keys: Sequence[str] | None = None,
    baseline: str | None = None,
    equivalence: float = EQUIVALENCE,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Each pair of tickets: the difference in accuracy, and what may be said of it.

    Args:
        outcomes: of all tickets, on the images that are asked about (`outcomes.per_image`, `Outcomes.per_image`), or
            their scores (`scores.of_tickets`), whose differences `scores.judged` explains.
        keys: the tickets compared, all by default; those without outcomes are left out. Their pairs are the family, so
            the more there are the more each must show.
        baseline: a ticket that is compared with them as well.
        equivalence: the difference that does not matter, a fraction above 0.
        level: see `statistics.verdicts.judge`.

    Returns a row a pair, in the order of the tickets: a, b (keys) and the columns of `statistics.verdicts.judge`, the
    difference being the accuracy of a minus that of b. Seeds are paired by their number; two tickets that have none in
    common are compared as one network each, over images, by their means over seeds. So are two that are the same
    network under every seed, as imported weights are: nothing was repeated. `seeds` counts those in common, of which
    there are none in the one case and may be several in the other.
    """
    wanted = [*(outcomes if keys is None else keys), *([] if baseline is None else [baseline])]
    there = [key for key in dict.fromkeys(wanted) if outcomes.get(key)]
    return of_pairs(outcomes, list(combinations(there, 2)), equivalence, level)


def of_pairs(
    outcomes: Told, pairs: Sequence[tuple[str, str]], equivalence: float = EQUIVALENCE, level: float = LEVEL
) -> pd.DataFrame:
    """As `verdicts`, of these pairs alone, which are the family; those without the same images are left out."""
    if isinstance(outcomes, Scores):
        told, table = scores.judged(outcomes, pairs, equivalence, level)
    else:
        gaps = gaps_of(outcomes, pairs)
        told, table = list(gaps), judge(list(gaps.values()), equivalence, level)
        table["seeds"] = [len(_common(outcomes[a], outcomes[b])) for a, b in told]
    table.insert(0, "a", [a for a, _ in told])
    table.insert(1, "b", [b for _, b in told])
    return table


def gaps_of(outcomes: PerImage, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Gap]:
    """The difference of each pair that was shown the same images, first minus second, in the order of the pairs."""
    pairs = [(a, b) for a, b in pairs if _images(outcomes.get(a)) & _images(outcomes.get(b))]
    found = {pair: gap for group, gap in _gaps(outcomes, pairs) for pair, gap in _split(group, gap)}
    return {pair: found[pair] for pair in pairs}


def both_ways(table: pd.DataFrame) -> pd.DataFrame:
    """The rows and each of them the other way round, b minus a: the cells of a matrix of tickets."""
    turned = table.rename(columns={"a": "b", "b": "a", "low": "high", "high": "low"})
    turned[["difference", "low", "high"]] *= -1
    return pd.concat([table, turned[table.columns]], ignore_index=True)


def against(table: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """The rows of each other ticket (a) against the baseline (b), turned round where they stand the other way."""
    rows = both_ways(table)
    return rows[rows["b"] == baseline].reset_index(drop=True)


def _gaps(outcomes: PerImage, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[list[tuple[str, str]], Gap]]:
    """Pairs that have the same seeds in common, and their gaps; a pair without any is compared by the means over seeds.

    Pairs of a group are computed together, as their differences follow from the products of all tickets.
    """
    several = {key: repeated(outcomes[key].values()) for key in dict.fromkeys(key for pair in pairs for key in pair)}
    groups: dict[tuple[tuple[int, ...], int], list[tuple[str, str]]] = {}
    for a, b in pairs:
        one, other = outcomes[a], outcomes[b]
        seeds = _common(one, other)
        seeds = seeds if several[a] or several[b] else seeds[:1]
        images = one[seeds[0]].size if seeds else max(_images(one) & _images(other))
        groups.setdefault((seeds, images), []).append((a, b))
    for (seeds, images), group in groups.items():
        members = {key: place for place, key in enumerate(dict.fromkeys(key for pair in group for key in pair))}
        own = np.stack([each for key in members for each in _compared(outcomes[key], seeds, images)])
        every = paired_gaps(own.reshape(len(members), -1, images))
        first, second = ([members[pair[side]] for pair in group] for side in (0, 1))
        at = (first, second)
        yield group, _at(every, at)


def _common(one: Mapping[int, np.ndarray], other: Mapping[int, np.ndarray]) -> tuple[int, ...]:
    """The seeds of both that were shown the same images."""
    return tuple(sorted(seed for seed in one if seed in other and one[seed].size == other[seed].size))


def _compared(own: Mapping[int, np.ndarray], seeds: Sequence[int], images: int) -> list[np.ndarray]:
    """What is compared of a ticket: its seeds, or without any the mean over those that were shown so many images."""
    if seeds:
        return [own[seed] for seed in seeds]
    return [np.mean([each for each in own.values() if each.size == images], axis=0)]


def _images(own: Mapping[int, np.ndarray] | None) -> set[int]:
    """On how many images the seeds were measured."""
    return {each.size for each in (own or {}).values()}


def _split(pairs: Sequence[tuple[str, str]], gap: Gap) -> Iterator[tuple[tuple[str, str], Gap]]:
    for place, pair in enumerate(pairs):
        yield pair, _at(gap, place)


def _at(gap: Gap, place: Any) -> Gap:
    return replace(gap, difference=gap.difference[place], centre=gap.centre[place], error=gap.error[place])
