"""Masks two at a time: what they share by layer and beside chance, which are closest, which are the same."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.metrics import overlap
from analysis.metrics.overlap import Counts
from analysis.statistics.moderation import moderated
from analysis.statistics.replication import SHARE, bands
from analysis.statistics.verdicts import COLUMNS as OF_A_PAIR
from analysis.statistics.verdicts import Gap, judge

NEITHER, ONLY_A, ONLY_B, BOTH = range(4)
STATES = ("kept by neither", "kept by A only", "kept by B only", "kept by both")
EXCESS = ["a", "b", "overlap", "chance", *OF_A_PAIR]
PAIRS = ["a", "b", "overlap", "low", "high", "chance_layers", "chance_global", "seeds"]


def by_chance(counts: Counts) -> Counts:
    """The counts that independent masks of the same layer-wise sparsities would have on average."""
    both = counts.expected()
    diagonal = np.arange(len(counts.names))
    both[:, diagonal, diagonal] = counts.kept
    return Counts(counts.names, counts.layers, counts.sizes, both)


def layers_of_pair(counts: Counts, metric: str) -> pd.DataFrame:
    """Compare the first two tickets in `counts` layer by layer: layer, value, chance, both, kept_a, kept_b, total."""
    frame = overlap.by_layer(counts, metric)[["layer", "value"]]
    frame["chance"] = overlap.by_layer(by_chance(counts), metric)["value"]
    frame["both"] = counts.both[:, 0, 1]
    frame["kept_a"], frame["kept_b"] = counts.kept[:, 0], counts.kept[:, 1]
    frame["total"] = counts.sizes
    return frame


def closest(counts: Counts) -> tuple[int, int]:
    """The places of the two tickets whose masks have most in common beyond chance without being the same.

    Dense ones count only when there is nothing else. There must be at least two.
    """
    values = overlap.pairwise(counts, "adjusted").to_numpy(dtype=float, copy=True)
    same = overlap.pairwise(counts, "hamming").to_numpy() == 0
    values[same | ~np.isfinite(values)] = -np.inf
    first, second = np.unravel_index(int(np.argmax(np.triu(values + 2, 1))), values.shape)
    return (0, 1) if first == second else (int(first), int(second))


def agreement(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Weight by weight who keeps it: int8 of the masks' shape, NEITHER, ONLY_A, ONLY_B or BOTH."""
    return (a.astype(np.int8) + 2 * b.astype(np.int8)).astype(np.int8)


def twins(counts: Sequence[Counts]) -> dict[str, str]:
    """Tickets with the same mask: key -> that of an earlier ticket which keeps the very same weights.

    Args:
        counts: of each seed. Two tickets are twins when they are alike at every seed that has both.
    """
    alike: dict[tuple[str, str], bool] = {}
    for each in counts:
        same = overlap.pairwise(each, "hamming") == 0
        for one, other in combinations(each.names, 2):
            alike[one, other] = alike.get((one, other), True) and bool(same.at[one, other])
    found: dict[str, str] = {}
    for (one, other), same_always in alike.items():
        if same_always and one not in found:
            found.setdefault(other, one)
    return found


def pairs(counts: Sequence[Counts]) -> pd.DataFrame:
    """The overlap of every two tickets beside its chance levels, means over seeds, furthest beyond chance first.

    Args:
        counts: of each seed.

    Returns:
        `PAIRS`: the overlap coefficient with low and high, its 95 % interval over seeds (NaN: one seed), and the chance
        levels of `overlap.pairs_with_chance`.
    """
    tables = [overlap.pairs_with_chance(each) for each in counts if len(each.names) > 1]
    if not tables:
        return pd.DataFrame(columns=PAIRS)
    every = pd.concat(tables, ignore_index=True)
    found = bands(every, ["a", "b"], "overlap", SHARE).rename(columns={"mean": "overlap", "n": "seeds"})
    means = every.groupby(["a", "b"], sort=False)[["chance_layers", "chance_global"]].mean().reset_index()
    found = found.merge(means, on=["a", "b"])[PAIRS]
    excess = found["overlap"] - found["chance_layers"]
    return found.loc[excess.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def beyond_chance(counts: Sequence[Counts]) -> pd.DataFrame:
    """Whether every two tickets have more weights in common than independent masks of their layer-wise sparsities.

    Args:
        counts: of each seed. Tickets that are not in all of them are left out.

    Returns a row a pair, furthest beyond chance first: a, b, overlap (coefficient), chance (the same of independent
    masks), and the columns of `statistics.verdicts.judge`, the difference being the overlap less that of chance, as a
    fraction of the sparser ticket's weights; all pairs are one family. The error is that of the mean over seeds, with
    moderated variances, and no less than one independent pair of masks varies by: the hypergeometric distribution's.
    """
    tables = [overlap.pairs_with_chance(each).set_index(["a", "b"]) for each in counts if len(each.names) > 1]
    if not tables:
        return pd.DataFrame(columns=EXCESS)
    there = [pair for pair in tables[0].index if all(pair in table.index for table in tables)]
    shares = np.stack([table.loc[there, ["overlap", "chance_layers"]].to_numpy(float).T for table in tables])
    excess = shares[:, 0] - shares[:, 1]
    known = np.isfinite(excess).all(axis=0)
    pairs = pd.DataFrame([pair for pair, own in zip(there, known, strict=True) if own], columns=["a", "b"])
    if pairs.empty:
        return pd.DataFrame(columns=EXCESS)
    excess, shares, seeds = excess[:, known], shares[:, :, known], len(tables)
    chance = np.mean([_spread_by_chance(each, pairs) for each in counts if len(each.names) > 1], axis=0)
    error, freedom = chance, np.inf
    if seeds > 1:
        tickets = len({*pairs["a"], *pairs["b"]})
        variances, freedom = moderated(excess.var(axis=0, ddof=1), seeds - 1, max(tickets - 1, 1) * (seeds - 1))
        error = np.maximum(np.sqrt(variances / seeds), chance)
    mean = excess.mean(axis=0)
    table = judge([Gap(mean, mean, np.maximum(error, 1e-9), seeds, freedom)])
    pairs = pairs.assign(overlap=shares[:, 0].mean(axis=0), chance=shares[:, 1].mean(axis=0))
    found = pd.concat([pairs, table], axis=1)
    return found.sort_values("difference", ascending=False, kind="stable").reset_index(drop=True)


def _spread_by_chance(counts: Counts, pairs: pd.DataFrame) -> np.ndarray:
    """By how much the overlap coefficient of two independent masks varies, a standard deviation a pair."""
    place = {name: at for at, name in enumerate(counts.names)}
    one, other = (counts.kept[:, [place[name] for name in pairs[side]]].astype(float) for side in ("a", "b"))
    n = counts.sizes[:, None].astype(float)
    variance = one * other * (n - one) * (n - other) / (n**2 * np.maximum(n - 1, 1))
    return np.asarray(np.sqrt(variance.sum(axis=0)) / np.minimum(one.sum(axis=0), other.sum(axis=0)))


def between(counts: Counts, rows: Sequence[str], columns: Sequence[str]) -> pd.DataFrame:
    """Compare each ticket of one group with each of another: first, second, adjusted, jaccard, jaccard_by_chance.

    Args:
        counts: of the masks of both groups.
        rows: names of the one group in `counts`.
        columns: names of the other.
    """
    values = {
        "adjusted": overlap.pairwise(counts, "adjusted"),
        "jaccard": overlap.pairwise(counts, "jaccard"),
        "jaccard_by_chance": overlap.pairwise(by_chance(counts), "jaccard"),
    }
    return pd.DataFrame(
        {
            "first": np.repeat(np.array(rows, dtype=object), len(columns)),
            "second": np.tile(np.array(columns, dtype=object), len(rows)),
            **{name: table.loc[list(rows), list(columns)].to_numpy().ravel() for name, table in values.items()},
        }
    )


def ranked(regions: pd.DataFrame, beyond_chance: bool) -> pd.DataFrame:
    """Order the regions of several masks that hold something, or would by chance: largest first, or most beyond chance.

    Args:
        regions: as `intersections.regions` returns them, largest first.
        beyond_chance: whether those most beyond chance come first.
    """
    regions = regions[(regions["count"] > 0) | (regions["expected"] >= 0.5)]
    if beyond_chance:
        excess = regions["count"] - regions["expected"]
        regions = regions.loc[excess.sort_values(ascending=False, kind="stable").index]
    return regions.reset_index(drop=True)
