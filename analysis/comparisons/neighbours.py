"""Whose neighbours change: how much of an image's neighbourhood two networks share, or a network keeps when corrupted.

The measure is the Jaccard index of an image's k nearest in one feature space and in the other
(`analysis.metrics.neighbours`), which needs no common basis. Two trainings of one network share far less than all: how
much is the scale of noise. So a ticket is held against the baseline over trainings of *different* seeds, as two
trainings of the baseline have to be; with the same seed they would share their beginning as well.

An image without neighbours, as of a network that is disconnected, has none in common: it counts as 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
import pandas as pd

from analysis.metrics.neighbours import parts
from analysis.statistics.moderation import moderated
from analysis.statistics.replication import repeated, share
from analysis.statistics.verdicts import Gap, gap_from_sums, judge

Neighbourhoods = Mapping[str, Mapping[int, np.ndarray]]
"""Ticket's key -> seed -> each image's neighbours [N, k], as `analysis.metrics.neighbours.nearest` has them."""

FEWEST_SEEDS = 3
"""Trainings below which nothing is said of methods: leaving one out must leave two."""

CLOSE = 0.05
"""A difference in the Jaccard index that does not matter, where nobody says otherwise."""


@dataclass(frozen=True)
class Retraining:
    """How much tickets share with the baseline, beside how much two trainings of the baseline share.

    Attributes:
        table: a row a ticket: key, shared (mean Jaccard index with the baseline, 0 to 1), shared_low, shared_high;
            then the columns of `statistics.verdicts.judge` for shared less what two trainings of the baseline share;
            its verdict is "" and the numbers NaN where there are fewer than `FEWEST_SEEDS` seeds.
        shared: of two trainings of the baseline, NaN where there is one; low, high: 95 % interval.
        seeds: so many trainings of the baseline there are.
    """

    table: pd.DataFrame
    shared: float
    low: float
    high: float
    seeds: int


def kept(clean: Neighbourhoods, corrupted: Neighbourhoods) -> dict[str, dict[int, np.ndarray]]:
    """How much of its clean neighbourhood each image keeps among the corrupted images.

    Neighbours of a corrupted image are other images that are corrupted alike, so a drift that all share changes
    nothing.

    Returns key -> seed -> each image's part in the mean, float64 [N]: `analysis.comparisons.verdicts.verdicts` compares
    tickets by it, and `intervals` gives the means.
    """
    return {
        key: {seed: parts(near, corrupted[key][seed]) for seed, near in own.items() if seed in corrupted[key]}
        for key, own in clean.items()
        if key in corrupted
    }


def against_retraining(spaces: Neighbourhoods, baseline: str, close: float = CLOSE) -> Retraining:
    """Whether tickets change neighbourhoods more than training the baseline again does.

    Each pair of trainings of different seeds is compared, and the difference of the two means is judged with what
    leaving out a seed changes (the jackknife, whose error is too large rather than too small: Efron & Stein 1981), and
    with the images.

    Args:
        spaces: of the tickets and the baseline, on the same images.
        baseline: its key.
        close: the difference that does not matter, above 0.

    Raises:
        KeyError: the baseline is not among them.
    """
    own = _trained(spaces[baseline])
    again = _pairs(own, own, sorted(own))
    rows, gaps = [], []
    for key, others in spaces.items():
        if key == baseline:
            continue
        seeds = sorted(set(own) & set(others))
        pairs = _pairs(others, own, seeds)
        used = pairs or {(seed, seed): parts(others[seed], own[seed]) for seed in seeds}
        rows.append({"key": key} | _interval(used, "shared"))
        gaps.append(_gap(pairs, again, seeds) if len(seeds) >= FEWEST_SEEDS else None)
    judged = judge(_moderated([gap for gap in gaps if gap is not None]), close)
    judged = judged.astype(dict.fromkeys(["difference", "low", "high"], float))
    judged.index = pd.Index([place for place, gap in enumerate(gaps) if gap is not None])
    table = pd.DataFrame(rows, columns=["key", "shared", "shared_low", "shared_high"]).join(judged)
    table["verdict"] = table["verdict"].astype(object).where(table["verdict"].notna(), "")
    found = _interval(again, "shared")
    return Retraining(table, found["shared"], found["shared_low"], found["shared_high"], len(own))


def most_changed(shared: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """The images by how little of their neighbourhood they share, the mean over tickets; the least first.

    Args:
        shared: ticket -> Jaccard index of each image, [N]; at least one ticket.

    Returns:
        sample (place of the image), shared (0 to 1), and tickets (in how many of them nothing is shared).
    """
    values = np.nan_to_num(np.stack(list(shared.values())))
    table = pd.DataFrame(
        {"sample": np.arange(values.shape[1]), "shared": values.mean(0), "tickets": (values == 0).sum(0)}
    )
    return table.sort_values(["shared", "sample"], ignore_index=True)


def intervals(shared: Mapping[str, Mapping[int, np.ndarray]]) -> pd.DataFrame:
    """key, shared (the mean over images and seeds), shared_low, shared_high: the 95 % interval over images.

    `shared` are parts of the mean, as `kept` returns them.
    """
    rows = [
        {"key": key} | _interval({(seed, seed): own for seed, own in each.items()}, "shared")
        for key, each in shared.items()
    ]
    return pd.DataFrame(rows, columns=["key", "shared", "shared_low", "shared_high"])


def _trained(own: Mapping[int, np.ndarray]) -> Mapping[int, np.ndarray]:
    """The first seed alone where all are one network, as imported weights are: nothing was trained again."""
    return own if repeated(own.values()) else dict(list(own.items())[:1])


def _pairs(
    first: Mapping[int, np.ndarray], second: Mapping[int, np.ndarray], seeds: Sequence[int]
) -> dict[tuple[int, int], np.ndarray]:
    """What is shared by each two trainings of different seeds, of the one and of the other."""
    places = combinations(seeds, 2) if first is second else product(seeds, seeds)
    return {(one, other): parts(first[one], second[other]) for one, other in places if one != other}


def _without(pairs: Mapping[tuple[int, int], np.ndarray], seed: int | None) -> np.ndarray:
    """The mean over the pairs in which a seed is not, [N]."""
    return np.asarray(np.mean([shared for pair, shared in pairs.items() if seed not in pair], axis=0))


def _gap(
    pairs: Mapping[tuple[int, int], np.ndarray], again: Mapping[tuple[int, int], np.ndarray], seeds: Sequence[int]
) -> Gap:
    again = {pair: shared for pair, shared in again.items() if set(pair) <= set(seeds)}
    gap = _without(pairs, None) - _without(again, None)
    less = np.array([(_without(pairs, seed) - _without(again, seed)).mean() for seed in seeds])
    variance = (len(seeds) - 1) / len(seeds) * ((less - less.mean()) ** 2).sum()
    over_images = gap_from_sums(gap.sum()[None], (gap**2).sum(), len(gap))
    # The jackknife's variance of a mean; `_moderated` adds it to that over images.
    return replace(over_images, seeds=len(seeds), freedom=float(variance))


def _moderated(gaps: Sequence[Gap]) -> list[Gap]:
    """With the variance over seeds, as the tickets together show it: those with equally many seeds help one another."""
    found = list(gaps)
    for seeds in {gap.seeds for gap in gaps}:
        places = [place for place, gap in enumerate(gaps) if gap.seeds == seeds]
        variances = np.array([gaps[place].freedom for place in places])
        pulled, freedom = moderated(variances, seeds - 1, len(places) * (seeds - 1))
        for place, variance in zip(places, pulled, strict=True):
            error = np.sqrt(gaps[place].error ** 2 + variance)
            found[place] = replace(gaps[place], error=error, freedom=freedom)
    return found


def _interval(pairs: Mapping[tuple[int, int], np.ndarray], name: str) -> dict[str, float]:
    """The mean, and its interval over images; pairs of trainings share networks, so they are no sample of seeds."""
    if not pairs:
        return {name: np.nan, f"{name}_low": np.nan, f"{name}_high": np.nan}
    found = share(np.mean(list(pairs.values()), axis=0)[None])
    return {name: float(found.value), f"{name}_low": float(found.low), f"{name}_high": float(found.high)}
