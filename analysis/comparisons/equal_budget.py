"""Two methods held against each other at equal budgets: multiply-adds, bytes, training, or weights.

Operating points are what was trained: a method at a sparsity. Each point of the first method meets the nearest of the
second, if their budgets are within a tolerance. Accuracies are not interpolated: a point on a line between two networks
is no network, so that it has no predictions to be tested in pairs, and its error is unknown. For multiply-adds alone
there is something between two networks that can be had: for each image a coin says which of the two is run. Its mean
cost lies between theirs, and so does its accuracy, image by image; so where no point is near enough, the first method
meets that mixture. Nothing is extrapolated.

What a comparison of pruning methods should have is said by Blalock et al., "What is the State of Neural Network
Pruning?" (MLSys 2020); `rules` checks it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from analysis.comparisons import costs, training_cost
from analysis.comparisons.outcomes import PerImage
from analysis.comparisons.verdicts import of_pairs
from analysis.statistics.intervals import mean_interval, wilson
from analysis.statistics.verdicts import COLUMNS as OF_A_PAIR
from analysis.statistics.verdicts import EQUIVALENCE
from pruning.errors import UserError, unknown
from pruning.models.counting import spelled
from pruning.study.folder import Entry

Budget = Literal["multiply_adds", "bytes", "training", "weights"]
BUDGETS: dict[Budget, str] = {
    "multiply_adds": "multiply-adds",
    "bytes": "bytes of the ticket",
    "training": "epochs of training",
    "weights": "weights kept",
}
"""What may be equal, and what it is called."""

TOLERANCE = 0.05
"""The share by which budgets that count as equal may differ."""

FEWEST = 5
"""Operating points that a method should have (Blalock et al. 2020)."""

NEAREST, MIXED = "nearest", "mixed"
COLUMNS = [
    "budget", "a", "b", "matched", "budget_a", "budget_b", "compression_a", "compression_b", "speedup_a", "speedup_b",
    "accuracy_a", "low_a", "high_a", "accuracy_b", "low_b", "high_b", *OF_A_PAIR,
]  # fmt: skip


@dataclass(frozen=True)
class Matched:
    """A point of the first method, and what it meets of the second.

    Attributes:
        budget: what is equal.
        a: its key.
        b: keys of the second method's points: one, or two that are mixed.
        share: of the first of them, 0 to 1; 1 for one.
        budget_a, budget_b: what both spend.
    """

    budget: Budget
    a: str
    b: tuple[str, ...]
    share: float
    budget_a: float
    budget_b: float

    @property
    def name(self) -> str:
        """What the second side is called; that of its key where it is one point."""
        if len(self.b) == 1:
            return self.b[0]
        return f"{100 * self.share:.0f} % {self.b[0]}, {100 - 100 * self.share:.0f} % {self.b[1]}"


@dataclass(frozen=True)
class Compared:
    """Two methods at equal budgets.

    Attributes:
        table: `COLUMNS`, a row a budget and point of the first method that meets one: the keys, or what is mixed, how
            they were matched, what both spend, compression (all weights over those kept) and theoretical speed-up
            (multiply-adds of the dense network over those left), accuracies with 95 % intervals (over seeds, or over
            images where there is one), and what is said of the difference, a minus b, all rows one family.
        alone: sentences on the points that meet nothing.
    """

    table: pd.DataFrame
    alone: list[str]


@dataclass(frozen=True)
class Rule:
    """What a comparison should have, whether it does, and a sentence."""

    name: str
    holds: bool
    said: str


def operating_points(entries: Iterable[Entry], tickets: pd.DataFrame, efficiency: pd.DataFrame) -> pd.DataFrame:
    """What each ticket spends, means over seeds.

    Args:
        entries: the study's tickets.
        tickets: rows of `of_study.rows_of`.
        efficiency: rows of the results' table `efficiency`.

    Returns:
        a row a key: key, method, label, sparsity, seeds, total, dense (multiply-adds of the dense network), and a
        column of each of `BUDGETS`; NaN is what is not known.
    """
    trained = training_cost.cost(entries).assign(training=lambda rows: rows["epochs"] + rows["search_epochs"])
    spent = costs.by_family(tickets, efficiency).set_index("key")
    rows = tickets.merge(trained[["ticket_id", "training"]], on="ticket_id", how="left")
    found = rows.groupby("key", sort=False).agg(
        method=("method", "first"),
        label=("label", "first"),
        sparsity=("sparsity", "first"),
        seeds=("seed", "nunique"),
        total=("total", "mean"),
        weights=("kept", "mean"),
        training=("training", "mean"),
    )
    found["multiply_adds"], found["dense"] = spent["macs_kept"], spent["macs"]
    found["bytes"] = spent["bytes_ticket"].astype(float).fillna(spent["bytes_network"])
    return found.reset_index()


def points_of(points: pd.DataFrame, name: str) -> list[str]:
    """The keys of a method's operating points, or of the one ticket of that key.

    Raises:
        UserError: there is neither.
    """
    keys = points.loc[points["method"] == name, "key"].tolist() or points.loc[points["key"] == name, "key"].tolist()
    if not keys:
        raise unknown("method or ticket", name, dict.fromkeys([*points["method"], *points["key"]]))
    return [str(key) for key in keys]


def match(
    points: pd.DataFrame, a: Sequence[str], b: Sequence[str], budget: Budget, tolerance: float = TOLERANCE
) -> list[Matched]:
    """What each point of the first method meets of the second, in the order of what they spend.

    Args:
        points: of `operating_points`.
        a: keys of the first method.
        b: keys of the second.
        budget: what is to be equal.
        tolerance: the share by which it may differ.
    """
    spent = points.set_index("key")[budget].astype(float)
    others = spent[list(b)].dropna().sort_values()
    found = []
    for key, own in spent[list(a)].dropna().sort_values().items():
        if others.empty or own <= 0:
            continue
        off = (others - own).abs()
        nearest = str(off.idxmin())
        if off[nearest] <= tolerance * own:
            found.append(Matched(budget, str(key), (nearest,), 1.0, float(own), float(others[nearest])))
        elif budget == "multiply_adds" and others.iloc[0] < own < others.iloc[-1]:
            place = int(np.searchsorted(others.to_numpy(), own))
            low, high = others.iloc[place - 1], others.iloc[place]
            share = float((high - own) / (high - low))
            both = str(others.index[place - 1]), str(others.index[place])
            found.append(Matched(budget, str(key), both, share, float(own), float(own)))
    return found


def compare(
    points: pd.DataFrame,
    outcomes: PerImage,
    a: Sequence[str],
    b: Sequence[str],
    budgets: Sequence[Budget] = get_args(Budget),
    tolerance: float = TOLERANCE,
    equivalence: float = EQUIVALENCE,
) -> Compared:
    """Hold two methods against each other at equal budgets.

    Args:
        points: of `operating_points`.
        outcomes: who is right on which image, of the keys.
        a: keys of the first method.
        b: keys of the second.
        budgets: what is to be equal, one after the other; all rows are one family of tests. Multiply-adds may be
            written in any of their spellings.
        tolerance: the share by which budgets may differ.
        equivalence: the difference in accuracy that does not matter, a fraction above 0.

    Raises:
        UserError: the two share a point, or nothing of one was measured.
    """
    if set(a) & set(b):
        raise UserError(f"A method cannot be held against itself: both have {', '.join(sorted(set(a) & set(b)))}.")
    for side in (a, b):
        if not any(outcomes.get(key) for key in side):
            raise UserError(f"Nothing was measured of {', '.join(side)}: measure the study first.")
    first, second = ([key for key in side if outcomes.get(key)] for side in (a, b))
    wanted = [spelled(budget) for budget in budgets]
    matched = [each for budget in wanted for each in match(points, first, second, budget, tolerance)]
    mixed = {each.name: _mixture(outcomes, each) for each in matched if len(each.b) > 1}
    known = {**outcomes, **{name: own for name, own in mixed.items() if own}}
    matched = [each for each in matched if each.name in known]
    pairs = list(dict.fromkeys((each.a, each.name) for each in matched))
    told = of_pairs(known, pairs, equivalence).set_index(["a", "b"])
    rows = [_row(points, known, each) | told.loc[(each.a, each.name)].to_dict() for each in matched]
    return Compared(pd.DataFrame(rows, columns=COLUMNS), _alone(a, matched, wanted, tolerance))


def _mixture(outcomes: PerImage, each: Matched) -> dict[int, np.ndarray]:
    """What a coin between two networks of a seed has right of each image, in the mean: seed -> float64 [N]."""
    low, high = (outcomes[key] for key in each.b)
    return {
        seed: each.share * low[seed] + (1 - each.share) * high[seed]
        for seed in low
        if seed in high and low[seed].shape == high[seed].shape
    }


def _row(points: pd.DataFrame, outcomes: PerImage, each: Matched) -> dict[str, object]:
    of = points.set_index("key")
    mean = {"a": (each.a,), "b": each.b}
    row: dict[str, object] = {
        "budget": each.budget,
        "a": each.a,
        "b": each.name,
        "matched": NEAREST if len(each.b) == 1 else MIXED,
        "budget_a": each.budget_a,
        "budget_b": each.budget_b,
    }
    for side, keys in mean.items():
        shares = np.array([1.0] if len(keys) == 1 else [each.share, 1 - each.share])
        kept, madds = (
            float(shares @ of.loc[list(keys), name].to_numpy(float)) for name in ("weights", "multiply_adds")
        )
        row[f"compression_{side}"] = float(of.at[keys[0], "total"]) / kept if kept else np.nan
        row[f"speedup_{side}"] = float(of.at[keys[0], "dense"]) / madds if madds else np.nan
        own = outcomes[each.a if side == "a" else each.name]
        row |= dict(zip((f"accuracy_{side}", f"low_{side}", f"high_{side}"), _accuracy(own), strict=True))
    return row


def _accuracy(own: Mapping[int, np.ndarray]) -> tuple[float, float, float]:
    """The mean over seeds with Student's interval, or of one seed, or of equal ones, with Wilson's over images."""
    seeds = [float(each.mean()) for each in own.values()]
    if len(set(seeds)) > 1:
        value, low, high = mean_interval(seeds)
        return value, max(low, 0.0), min(high, 1.0)
    each = next(iter(own.values()))  # seeds that agree show no spread to go by
    low_, high_ = wilson(each.sum(), each.size)
    return seeds[0], float(low_), float(high_)


def _alone(a: Sequence[str], matched: Sequence[Matched], budgets: Sequence[Budget], tolerance: float) -> list[str]:
    """A sentence a budget on the points that meet nothing."""
    found = []
    for budget in budgets:
        lonely = [key for key in a if not any(each.a == key and each.budget == budget for each in matched)]
        if lonely:
            found.append(
                f"At equal {BUDGETS[budget]} nothing of the other method is within {100 * tolerance:g} % of "
                f"{', '.join(lonely)}; nothing is extrapolated."
            )
    return found


def rules(
    points: pd.DataFrame, names: Sequence[str], sides: Sequence[Sequence[str]], table: pd.DataFrame
) -> list[Rule]:
    """What Blalock et al. (2020) ask of a comparison, of this one.

    Args:
        points: of `operating_points`, of the whole study.
        names: what the two are called.
        sides: keys of the two.
        table: of `Compared`.
    """
    own = {name: len(set(keys)) for name, keys in zip(names, sides, strict=True)}
    counts = ", ".join(f"{name} has {count}" for name, count in own.items())
    both = table[["compression_a", "speedup_a"]].notna().all(axis=None) if len(table) else False
    lack = "Multiply-adds were not measured (table `efficiency`), so that there is no theoretical speed-up."
    lack = lack if len(table) else "No two tickets are at an equal budget, so that nothing is compared."
    dense = bool((points["sparsity"] == 0).any())
    seeds = int(points.loc[points["key"].isin([key for side in sides for key in side]), "seeds"].min())
    return [
        Rule(f"at least {FEWEST} operating points", min(own.values()) >= FEWEST, f"{counts}."),
        Rule(
            "compression and speed-up",
            bool(both),
            "Both are in the table; the speed-up is of multiply-adds, not of time." if both else lack,
        ),
        Rule("dense baseline", dense, "Dense networks are in the study." if dense else "There is no dense network."),
        Rule("several trainings", seeds >= 3, f"The fewest seeds of a point are {seeds}; three or more show a spread."),
        Rule(
            "more than one data set and network",
            False,
            "A study is one network on one data set; show the same of another one before it is said of methods.",
        ),
    ]
