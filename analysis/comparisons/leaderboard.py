"""Any number of studies side by side: each method at each sparsity, and which are the best on the same test images.

Studies that were measured on the same test images stand on one board. At one sparsity all their methods are asked one
question: every pair is one family of tests (`comparisons.verdicts`), so that nobody is called best for having been
looked at first. What was measured on other images has its numbers too, and takes no part in the question.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import CORRUPTIONS, Images, PerImage
from analysis.comparisons.ranking import grouped
from analysis.comparisons.two_studies import Described
from analysis.comparisons.verdicts import verdicts
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.metrics.corruption_error import COUNTED
from analysis.results.offsets import unpack_correct
from analysis.statistics.intervals import wilson
from analysis.statistics.replication import bands
from analysis.statistics.verdicts import EQUIVALENCE, IMAGES
from pruning.study.config import DENSE

COLUMNS = [
    "study", "key", "method", "label", "sparsity", "seeds",
    "accuracy", "accuracy_low", "accuracy_high", "corrupted", "corrupted_low", "corrupted_high",
]  # fmt: skip
PLACES = ["entry", "study", "key", "rank", "tied", "best", "verdict", "over"]
NEAR = 0.005
"""A ticket counts as pruned to a sparsity up to so far from it."""
SPREAD = 1e-12
BETWEEN = "\n"
"""Between a study's name and a ticket's key, in the name of an entry."""


@dataclass(frozen=True, eq=False)
class Member:
    """A study on the board.

    Attributes:
        name: of the study, unlike any other's. described: what decides whether it can be compared.
        tickets: ticket_id, key, method, label, sparsity, seed. measured: of the table `conditions` ticket_id,
            corruption, severity, n, accuracy.
    """

    name: str
    described: Described
    tickets: pd.DataFrame
    measured: pd.DataFrame


def apart(one: Described, other: Described) -> str:
    """Why accuracies of the other study are not of the same images, as the rest of a sentence; "" when they are."""
    if one.labels is None or other.labels is None or not (one.known and other.known):
        return "" if one.data == other.data else f"its data are {other.data}, not {one.data}"
    if len(one.labels) != len(other.labels):
        return f"it was measured on {len(other.labels):,} test images, not on {len(one.labels):,}"
    if (one.labels != other.labels).any():
        return f"its {len(other.labels):,} test images are others, as their classes show"
    return ""


def common_conditions(members: Sequence[Member]) -> list[Condition]:
    """The corruptions and severities that all have measured that have any; only those that count towards the mean."""
    found = []
    for member in members:
        rows = member.measured[member.measured["corruption"].isin(COUNTED)]
        if len(rows):
            pairs = rows[["corruption", "severity"]].drop_duplicates()
            found.append(set(zip(pairs["corruption"], pairs["severity"].astype(int), strict=True)))
    return sorted(set.intersection(*found)) if found else []


def board(members: Sequence[Member], common: Sequence[Condition]) -> pd.DataFrame:
    """Each study's methods at each sparsity: accuracy on clean images, and the mean over these conditions.

    The mean is over corruptions, each the mean over its severities. Intervals are 95 %: Student's over seeds; of one
    seed, or of seeds that agree to the last image, Wilson's over images, which is at most too wide for a mean over
    corruptions, as no mean of zeros and ones varies more over images than a single one.

    Returns a row a study and key, in their order: the columns of `COLUMNS`. `sparsity` is as asked; what was not
    measured is NaN.
    """
    found = [_of_member(member, list(common)) for member in members]
    return pd.concat(found, ignore_index=True)[COLUMNS] if found else _none(COLUMNS)


def _none(columns: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


def _of_member(member: Member, common: list[Condition]) -> pd.DataFrame:
    seeds = member.tickets.set_index("ticket_id")
    each = seeds.assign(
        accuracy=_means(member.measured, [CLEAN]),
        corrupted=_means(member.measured, common),
        n=member.measured.groupby("ticket_id")["n"].max(),
    )
    families = each.groupby("key", sort=False)
    found = families[["method", "label", "sparsity"]].first().assign(study=member.name, seeds=families.size())
    for name in ("accuracy", "corrupted"):
        found = found.join(_intervals(each, name))
    return found.reset_index()


def _means(measured: pd.DataFrame, conditions: Sequence[Condition]) -> pd.Series:
    """Of each ticket measured under all of them the mean over corruptions, each the mean over its severities."""
    wanted = pd.MultiIndex.from_tuples(list(conditions), names=["corruption", "severity"]) if conditions else None
    if wanted is None or measured.empty:
        return pd.Series(dtype=float)
    own = pd.MultiIndex.from_arrays([measured["corruption"].astype(str), measured["severity"].astype(int)])
    rows = measured[own.isin(wanted)]
    whole = rows.groupby("ticket_id")["accuracy"].transform("size") == len(wanted)
    by_corruption = rows[whole].groupby(["ticket_id", "corruption"], observed=True)["accuracy"].mean()
    return by_corruption.groupby("ticket_id").mean()


def _intervals(each: pd.DataFrame, name: str) -> pd.DataFrame:
    groups = each.dropna(subset=[name]).groupby("key", sort=False)
    found, images = bands(each, ["key"], name).set_index("key"), groups["n"].max().to_numpy(float)
    low, high = wilson(np.clip(found["mean"].to_numpy(float), 0, 1) * images, images)
    over = groups[name].max() - groups[name].min() > SPREAD  # never of one seed
    low, high = np.where(over, found["low"], low), np.where(over, found["high"], high)
    bounds = {f"{name}_low": np.clip(low, 0, 1), f"{name}_high": np.clip(high, 0, 1)}
    return found[["mean"]].rename(columns={"mean": name}).assign(**bounds)


def sparsities(table: pd.DataFrame) -> list[float]:
    """The sparsities of pruned tickets on a board, rising; what is nearer than `NEAR` to the one before is that."""
    found: list[float] = []
    for value in sorted(set(table.loc[table["method"] != DENSE, "sparsity"])):
        if not found or value - found[-1] > NEAR:
            found.append(float(value))
    return found


def at(table: pd.DataFrame, sparsity: float) -> pd.DataFrame:
    """The rows of a board at a sparsity, the nearest of each method; without the dense networks."""
    off = (table["sparsity"] - sparsity).abs()
    near = (off <= NEAR) & (table["method"] != DENSE)
    rows = table[near].assign(off=off[near])
    return rows.sort_values("off", kind="stable").drop_duplicates(["study", "method"]).sort_index().drop(columns="off")


def per_image(
    conditions: pd.DataFrame, tickets: pd.DataFrame, images: Images, common: Sequence[Condition]
) -> dict[str, dict[int, np.ndarray]]:
    """Key -> seed -> float64 [N], the share right of clean images or of these conditions, image by image.

    Args:
        conditions: rows of the table `conditions` of one study: ticket_id, corruption, severity, n, offsets.
        tickets: those asked about: ticket_id, key, seed.
        images: which images.
        common: as `common_conditions` gives it.
    """
    order = {CLEAN: 0} if images == "accuracy" else {each: place for place, each in enumerate(common)}
    own = list(zip(conditions["corruption"].astype(str), conditions["severity"].astype(int), strict=True))
    rows = conditions.assign(place=[order.get(each, -1) for each in own])
    rows = rows[(rows["place"] >= 0) & rows["ticket_id"].isin(tickets["ticket_id"])]
    rows = rows[rows.groupby("ticket_id")["place"].transform("size") == len(order)]
    right = unpack_correct(rows.sort_values(["ticket_id", "place"], kind="stable"))
    names = [name for name, _ in order]
    weights = np.array([1 / names.count(name) for name in names]) / max(1, len(set(names)))
    found: dict[str, dict[int, np.ndarray]] = {}
    for row in tickets.sort_values("seed", kind="stable").itertuples():
        if row.ticket_id in right:
            found.setdefault(str(row.key), {})[int(row.seed)] = np.clip(weights @ right[row.ticket_id], 0, 1)
    return found


def entry(study: str, key: str) -> str:
    """The name of a study's ticket among all that are compared."""
    return f"{study}{BETWEEN}{key}"


def places(outcomes: Mapping[str, PerImage], equivalence: float = EQUIVALENCE) -> pd.DataFrame:
    """Who is best on the same images, with ties: study -> key -> seed -> float64 [N], of one sparsity.

    Tickets are paired by seed. The seeds of a study that has none in common with another are trainings of their own,
    and are paired with the others' in their order.

    Returns a row an entry, best first: entry, study, key, rank (from 1), tied, best (bool: it is not shown to differ
    from the first), verdict (against the best of its group; "" for that one), over (of all: `IMAGES` where any pair
    rests on those alone). All pairs are one family.
    """
    told = {entry(study, key): own for study, each in _paired(outcomes).items() for key, own in each.items()}
    if not told:
        return _none(PLACES)
    means = {name: float(np.mean([values.mean() for values in own.values()])) for name, own in told.items()}
    ordered = sorted(told, key=lambda name: -means[name])
    tests = verdicts(told, equivalence=equivalence)
    over = IMAGES if tests.empty or (tests["over"] == IMAGES).any() else str(tests["over"].iloc[0])
    found = grouped(ordered, tests).rename(columns={"key": "entry"})
    study, key = zip(*(name.split(BETWEEN, 1) for name in found["entry"]), strict=True)
    return found.assign(study=study, key=key, over=over)[PLACES]


def _paired(outcomes: Mapping[str, PerImage]) -> dict[str, PerImage]:
    """The same, with the seeds of a study that has none of another's numbered as those of the others are."""
    seeds = {study: {seed for own in each.values() for seed in own} for study, each in outcomes.items()}
    alone = [study for study, own in seeds.items() if not any(own & seeds[other] for other in seeds if other != study)]
    known = sorted({seed for study, own in seeds.items() if study not in alone for seed in own})
    found = dict(outcomes)
    for study in alone:
        last = max(known, default=-1)
        numbers = [*known, *range(last + 1, last + 1 + len(seeds[study]))]
        number = dict(zip(sorted(seeds[study]), numbers, strict=False))
        found[study] = {key: {number[seed]: own[seed] for seed in own} for key, own in outcomes[study].items()}
    return found


def condition_names(images: Images, common: Sequence[Condition]) -> list[str]:
    """The values of the column `corruption` that `per_image` needs."""
    return sorted({name for name, _ in common}) if images == "corrupted" else list(CORRUPTIONS[images])
