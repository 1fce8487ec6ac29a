"""Which layer minds being pruned alone: what each costs at each sparsity, and which costs most.

All of it is about the dense networks as they are after a layer was cut, not trained again, and about shares of a
layer's own weights: a small layer that costs much may still be cheap to keep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.corruptions.conditions import CLEAN, Condition
from analysis.results.offsets import unpack_bits
from analysis.statistics.verdicts import DIFFERS, EQUIVALENCE, LEVEL, SEEDS, Gap, gap_from_sums, judge, paired_gaps
from pruning.errors import few


@dataclass(frozen=True)
class Scanned:
    """One criterion's scan of S dense networks on N images under C conditions.

    Attributes:
        layers: L groups of layers that can be pruned, coupled ones with " + " between; weights, macs: of each.
        sparsities: P fractions of a group's weights. removed: float64 [L, P], what went of them; nan where nothing did.
        conditions: the clean images first.
        whole: bool [S, C, N], who is right unpruned. right: bool [L, P, S, C, N], pruned.
        loss: float64 [L, P, C], by how much the mean cross-entropy rises, mean over seeds; nan where nothing went.
        unable: what cannot be pruned -> why.
        total: weights that are prunable at all, and their multiply-adds.
    """

    layers: list[str]
    weights: np.ndarray
    macs: np.ndarray
    sparsities: list[float]
    removed: np.ndarray
    conditions: list[Condition]
    whole: np.ndarray
    right: np.ndarray
    loss: np.ndarray
    unable: dict[str, str]
    total: tuple[float, float]

    @property
    def corrupted(self) -> list[int]:
        """Places of the corruptions among the conditions."""
        return [place for place, condition in enumerate(self.conditions) if condition != CLEAN]


def scanned(rows: pd.DataFrame, criterion: str, seeds: Mapping[str, int]) -> Scanned | None:
    """Put the rows of the table `sensitivity` in order; None where the criterion was not used.

    Args:
        rows: of some dense networks.
        criterion: by name.
        seeds: ticket id -> seed; those of other seeds are left out, as are conditions that not all of them have.
    """
    own = rows[(rows["kind"] == criterion) & rows["ticket_id"].isin(list(seeds))]
    tickets = sorted(own["ticket_id"].unique(), key=lambda each: seeds[each])
    if not tickets:
        return None
    shown = own.groupby(["corruption", "severity"], sort=False)["ticket_id"].nunique()
    kept = [(str(name), int(severity)) for (name, severity), count in shown.items() if count == len(tickets)]
    conditions = sorted(kept, key=lambda condition: condition != CLEAN)
    cells = {(row.ticket_id, row.layers, row.sparsity, (row.corruption, row.severity)): row for row in own.itertuples()}
    facts = own.drop_duplicates("layers").set_index("layers")
    able = own[(own["n"] > 0) & (own["layers"] != "")]
    layers = [str(each) for each in able["layers"].unique()]
    sparsities = sorted(float(each) for each in able["sparsity"].unique())
    unable = {str(row.layers): str(row.why) for row in own[own["n"] == 0].itertuples() if row.layers not in layers}
    n = int(own["n"].max())

    def bits(ticket: str, name: str, sparsity: float, condition: Condition) -> np.ndarray:
        row = cells[ticket, name, sparsity, condition]
        return unpack_bits(row.right, n) if row.n else np.zeros(n, bool)

    def mean_loss(name: str, sparsity: float, condition: Condition) -> float:
        rises = [cells[each, name, sparsity, condition].loss - cells[each, "", 0.0, condition].loss for each in tickets]
        return float(np.mean(rises))

    whole = np.array([[bits(each, "", 0.0, condition) for condition in conditions] for each in tickets])
    right = [
        [[[bits(each, name, level, condition) for condition in conditions] for each in tickets] for level in sparsities]
        for name in layers
    ]
    loss = [
        [[mean_loss(name, level, condition) for condition in conditions] for level in sparsities] for name in layers
    ]
    removed = [[cells[tickets[0], name, level, conditions[0]].removed for level in sparsities] for name in layers]
    prunable = own[own["sparsity"] > 0].drop_duplicates("layers")
    return Scanned(
        layers=layers,
        weights=facts["weights"].reindex(layers).to_numpy(np.float64),
        macs=facts["macs"].reindex(layers).to_numpy(np.float64),
        sparsities=sparsities,
        removed=np.array(removed, dtype=np.float64).reshape(len(layers), len(sparsities)),
        conditions=conditions,
        whole=whole,
        right=np.array(right, dtype=bool).reshape(len(layers), len(sparsities), *whole.shape),
        loss=np.array(loss, dtype=np.float64).reshape(len(layers), len(sparsities), len(conditions)),
        unable=unable,
        total=(float(prunable["weights"].sum()), float(prunable["macs"].sum())),
    )


def costs(
    scan: Scanned, places: Sequence[int], sparsity: float, equivalence: float = EQUIVALENCE, level: float = LEVEL
) -> pd.DataFrame:
    """What cutting each group costs in accuracy at one sparsity, the mean over conditions: one family of tests.

    Returns a row a group that could be cut: layers, sparsity, removed, and the columns of `statistics.verdicts.judge`,
    the difference being the accuracy of the whole network minus that of the pruned one, in [-1, 1].
    """
    there, gap = _gaps(scan, places, sparsity)
    table = judge([gap] if gap is not None else [], equivalence, level)
    table.insert(0, "layers", [scan.layers[each] for each in there])
    table.insert(1, "sparsity", sparsity)
    table.insert(2, "removed", scan.removed[there, scan.sparsities.index(sparsity)])
    return table


def curves(scan: Scanned, places: Sequence[int], equivalence: float = EQUIVALENCE) -> pd.DataFrame:
    """`costs` at every sparsity, each of which is a question, and a family, of its own."""
    return pd.concat([costs(scan, places, each, equivalence) for each in scan.sparsities], ignore_index=True)


def spared(
    scan: Scanned, places: Sequence[int], equivalence: float = EQUIVALENCE, level: float = LEVEL
) -> dict[str, float]:
    """Group -> the sparsity up to which it is shown to cost less than the equivalence; 0 where it is for none.

    A group is asked from the lowest sparsity up until it fails once, so that its sparsities share one level; the groups
    share the level between them (Bonferroni): that any of the claims is false has a chance of 1 minus `level` at most.
    Of one network the error is not taken to be smaller than where the cost is the equivalence and no image is gained:
    few lost images would make it look too small.
    """
    least = np.sqrt(equivalence * (1 - equivalence) / scan.whole.shape[-1]) if len(scan.whole) == 1 else 0.0
    found, stopped = dict.fromkeys(scan.layers, 0.0), set()
    for sparsity in scan.sparsities:
        there, gap = _gaps(scan, places, sparsity)
        for row, place in enumerate(there):
            assert gap is not None
            own = replace(
                gap, difference=gap.difference[row], centre=gap.centre[row], error=np.maximum(gap.error[row], least)
            )
            within = judge([own], equivalence, 1 - (1 - level) / len(scan.layers))["within"].item()
            if not within:
                stopped.add(place)
            elif place not in stopped:
                found[scan.layers[place]] = sparsity
    return found


def _gaps(scan: Scanned, places: Sequence[int], sparsity: float) -> tuple[list[int], Gap | None]:
    """The groups that were cut at a sparsity, and whole minus cut of each."""
    at = scan.sparsities.index(sparsity)
    there = [place for place in range(len(scan.layers)) if np.isfinite(scan.removed[place, at])]
    if not there:
        return [], None
    gaps = scan.whole[None, :, places].mean(axis=2) - scan.right[there, at][:, :, places].mean(axis=2)
    squares = (gaps.mean(axis=1) ** 2).sum(axis=-1)
    return there, gap_from_sums(gaps.sum(axis=-1).T, squares, gaps.shape[-1], True)


@dataclass(frozen=True)
class Extreme:
    """The groups that cost most at one sparsity.

    Attributes:
        layers: the one with the largest cost, and those that cannot be told from it. cost, low, high: of that one.
        others: how many cost less than it, as far as can be told. shown: those that are shown to cost any accuracy.
        over: what the verdicts speak of.
    """

    layers: list[str]
    cost: float
    low: float
    high: float
    others: int
    shown: list[str]
    over: str

    @property
    def alone(self) -> bool:
        """Whether one group costs more than every other."""
        return len(self.layers) == 1 and self.others > 0


def costliest(
    scan: Scanned, places: Sequence[int], sparsity: float, level: float = LEVEL, these: bool = False
) -> Extreme | None:
    """The groups that cost most at a sparsity, told apart by all pairs, which are one family; None where there is none.

    Args:
        scan: of one criterion.
        places: of the conditions, over which the mean is taken.
        sparsity: one of those of the scan.
        level: see `statistics.verdicts.judge`.
        these: whether it is asked of these networks together and not of others trained alike: over images alone.
    """
    if these:
        one = replace(scan, whole=_mean(scan.whole, 0), right=_mean(scan.right, 2))
        return costliest(one, places, sparsity, level)
    there, _ = _gaps(scan, places, sparsity)
    if not there:
        return None
    own = costs(scan, places, sparsity, level=level).set_index("layers")
    outcomes = scan.right[there, scan.sparsities.index(sparsity)][:, :, places].mean(axis=2)
    worst = int(np.argmin(outcomes.mean(axis=(1, 2))))
    alike, names = [scan.layers[there[worst]]], [scan.layers[each] for each in there]
    for (a, b), verdict in _told_apart(outcomes, level).items():
        if worst in (a, b) and verdict != DIFFERS:
            alike.append(names[b if a == worst else a])
    row = own.loc[alike[0]]
    shown = [str(name) for name in own.index[own["low"] > 0]]
    return Extreme(alike, row["difference"], row["low"], row["high"], len(there) - len(alike), shown, str(row["over"]))


def _mean(outcomes: np.ndarray, axis: int) -> np.ndarray:
    """The mean over seeds, as of one network."""
    mean: np.ndarray = outcomes.mean(axis=axis, keepdims=True)
    return mean


def _told_apart(outcomes: np.ndarray, level: float) -> dict[tuple[int, int], str]:
    """Each pair of L networks' verdict; outcomes [L, S, N]."""
    pairs = list(combinations(range(len(outcomes)), 2))
    if not pairs:
        return {}
    every: Gap = paired_gaps(outcomes)
    at = tuple(list(each) for each in zip(*pairs, strict=True))
    gap = replace(every, difference=every.difference[at], centre=every.centre[at], error=every.error[at])
    return dict(zip(pairs, judge([gap], level=level)["verdict"], strict=True))


def in_words(scan: Scanned, places: Sequence[int], sparsity: float, where: str = "") -> str:
    """What may be said of the groups that cost most at a sparsity: a sentence or two, in Markdown.

    Args:
        scan: of one criterion.
        places: of the conditions asked about.
        sparsity: one of those of the scan.
        where: which images these are, such as " under fog"; nothing for clean ones.
    """
    found = costliest(scan, places, sparsity)
    if found is None:
        return f"No layer can lose {100 * sparsity:g} % of its weights by itself."
    opening = f"With {100 * sparsity:g} % of a layer's weights gone{where}, "
    if found.over != SEEDS:
        return f"{opening}{ranked(found)} That is said of this one network, as there is one seed."
    text = f"{opening}{ranked(found)}"
    these = None if found.alone else costliest(scan, places, sparsity, these=True)
    if these is None or not these.shown:
        return text
    return f"{text} Other trainings may differ; of these {len(scan.whole)} networks, {ranked(these)}"


def ranked(found: Extreme) -> str:
    """Who costs most, as the end of a sentence."""
    first, rest = found.layers[0], found.layers[1:]
    low, high = 100 * found.low, 100 * found.high
    points = f"{100 * found.cost:.1f} points of accuracy (95 % interval {low:.1f} to {high:.1f})"
    if not found.shown:
        return f"no layer is shown to cost any accuracy; most is seen at {first}: {points}."
    if found.low <= 0:
        are = "is" if len(found.shown) == 1 else "are"
        return f"{few(found.shown)} {are} shown to cost accuracy; most is seen at {first}, but not shown: {points}."
    if found.alone:
        return f"**{first}** costs most: {points}, more than each of the others."
    if not found.others:
        return f"no layer is shown to cost more than another; most is seen at {first}: {points}."
    less = "1 other costs" if found.others == 1 else f"{found.others} others cost"
    return f"**{first}** costs {points}; {less} less, and {few(rest)} cannot be told from it."


def spared_in_words(found: Mapping[str, float], equivalence: float = EQUIVALENCE) -> str:
    """Up to where layers are shown to cost next to nothing: a sentence; `found` is of `spared`."""
    by_level: dict[float, list[str]] = {}
    for layers, sparsity in found.items():
        by_level.setdefault(sparsity, []).append(layers)
    said = [f"{few(own)} up to {100 * each:g} %" for each, own in sorted(by_level.items(), reverse=True) if each > 0]
    size = f"{100 * equivalence:g} point{'' if equivalence == 0.01 else 's'}"
    if not said:
        return f"No layer is shown to cost less than {size} at any sparsity tried."
    rest = f"; {few(by_level[0.0])} at none" if 0.0 in by_level else ""
    return f"Shown to cost less than {size}: {', '.join(said)}{rest}."
