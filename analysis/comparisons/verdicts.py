"""Which tickets differ, which are equivalent, and of which one cannot tell: the one table that every page asks.

A question is: these tickets, on these images. All of its pairs are one family of tests, so the answer to it is the same
wherever it is asked, as a matrix, as a ranking, or against a baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import PerImage
from analysis.statistics.verdicts import COLUMNS as OF_A_PAIR
from analysis.statistics.verdicts import EQUIVALENCE, LEVEL, Gap, judge, paired_gaps

COLUMNS = ["a", "b", *OF_A_PAIR]


def verdicts(
    outcomes: PerImage,
    keys: Sequence[str] | None = None,
    baseline: str | None = None,
    equivalence: float = EQUIVALENCE,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Each pair of tickets: the difference in accuracy, and what may be said of it.

    Args:
        outcomes: of all tickets, on the images that are asked about (`outcomes.per_image`, `Outcomes.per_image`).
        keys: the tickets compared, all by default; those without outcomes are left out. Their pairs are the family, so
            the more there are the more each must show.
        baseline: a ticket that is compared with them as well.
        equivalence: the difference that does not matter, a fraction above 0.
        level: see `statistics.verdicts.judge`.

    Returns a row a pair, in the order of the tickets: a, b (keys) and the columns of `statistics.verdicts.judge`, the
    difference being the accuracy of a minus that of b. Seeds are paired by their number; two tickets that have none in
    common are compared as one network each, over images, by their means over seeds.
    """
    wanted = [*(outcomes if keys is None else keys), *([] if baseline is None else [baseline])]
    there = [key for key in dict.fromkeys(wanted) if outcomes.get(key)]
    gaps = {pair: gap for pairs, gap in _gaps(outcomes, there) for pair, gap in _split(pairs, gap)}
    pairs = list(combinations(there, 2))
    if not pairs:
        return pd.DataFrame(columns=COLUMNS)
    table = judge([gaps[pair] for pair in pairs], equivalence, level)
    table.insert(0, "a", [a for a, _ in pairs])
    table.insert(1, "b", [b for _, b in pairs])
    return table


def both_ways(table: pd.DataFrame) -> pd.DataFrame:
    """The rows and each of them the other way round, b minus a: the cells of a matrix of tickets."""
    turned = table.rename(columns={"a": "b", "b": "a", "low": "high", "high": "low"})
    turned[["difference", "low", "high"]] *= -1
    return pd.concat([table, turned[table.columns]], ignore_index=True)


def against(table: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """The rows of each other ticket (a) against the baseline (b), turned round where they stand the other way."""
    rows = both_ways(table)
    return rows[rows["b"] == baseline].reset_index(drop=True)


def _gaps(outcomes: PerImage, keys: Sequence[str]) -> Iterator[tuple[list[tuple[str, str]], Gap]]:
    """Pairs that have the same seeds in common, and their gaps; a pair without any is compared by the means over seeds.

    Pairs of a group are computed together, as their differences follow from the products of all tickets.
    """
    groups: dict[tuple[int, ...], list[tuple[str, str]]] = {}
    for a, b in combinations(keys, 2):
        groups.setdefault(tuple(seed for seed in outcomes[a] if seed in outcomes[b]), []).append((a, b))
    for seeds, pairs in groups.items():
        members = {key: place for place, key in enumerate(dict.fromkeys(key for pair in pairs for key in pair))}
        own = [
            np.stack([outcomes[key][seed] for seed in seeds])
            if seeds
            else np.mean(list(outcomes[key].values()), axis=0)[None]
            for key in members
        ]
        every = paired_gaps(np.stack(own))
        first, second = ([members[pair[side]] for pair in pairs] for side in (0, 1))
        at = (first, second)
        yield pairs, Gap(every.difference[at], every.centre[at], every.error[at], every.seeds)


def _split(pairs: Sequence[tuple[str, str]], gap: Gap) -> Iterator[tuple[tuple[str, str], Gap]]:
    for place, pair in enumerate(pairs):
        yield pair, Gap(gap.difference[place], gap.centre[place], gap.error[place], gap.seeds)
