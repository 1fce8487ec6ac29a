"""Who turns and who shortens, and which class suffers: mean moves of tickets and of classes, with their uncertainty.

A ticket with several trainings is spoken of as a method: errors take in the trainings and the images, and two tickets
are compared training by training and image by image. One training speaks of these networks, on other images.
Intervals of one question are one family (Holm), so that the largest of them may be picked out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd

from analysis.comparisons.local_geometry import moves
from analysis.statistics.distributions import student_quantile
from analysis.statistics.moderation import moderated
from analysis.statistics.repeated import Repeated, gaps, ratio
from analysis.statistics.verdicts import DIFFERS, judge

LEVEL = 0.95
TURN, STRETCH = 360.0, 100.0
"""By what degrees, and shares of a length, are divided so that `judge` takes them for shares."""

MEASURED = ["x_before", "x_move", "y_before", "y_move", "y_after"]


def moves_of_trainings(
    before: pd.DataFrame, after: pd.DataFrame, x: str, y: str, trainings: pd.DataFrame, reference: str = ""
) -> pd.DataFrame:
    """How the images move in every training of tickets: `local_geometry.moves`, with key and seed.

    Args:
        before: a row a training (ticket_id) and image.
        after: the same, under another condition.
        x: a column across.
        y: one upwards.
        trainings: ticket_id, key and seed of them.
        reference: the key of a ticket that the others are compared with, seed by seed; without, each is with itself.
    """
    named = trainings[["ticket_id", "key", "seed"]].drop_duplicates(["key", "seed"])
    if not reference:
        return moves(before, after, x, y).merge(named, on="ticket_id")
    found = []
    for _, own in named.groupby("seed"):
        base = own.loc[own["key"] == reference, "ticket_id"]
        if len(base):
            here = after[after["ticket_id"].isin(own["ticket_id"])]
            found.append(moves(before, here, x, y, base.iloc[0]).merge(own, on="ticket_id"))
    return pd.concat(found, ignore_index=True) if found else moves(before, after[:0], x, y).assign(key="", seed=0)


def ticket_changes(moved: pd.DataFrame) -> pd.DataFrame:
    """The mean change of the measure upwards (the gap, in degrees), and of the mean length, of each ticket.

    Args:
        moved: rows of `moves_of_trainings`, whose x is a length and y an angle or a gap.

    Returns a row a ticket: key, seeds (trainings), n (images), before and after (mean y), turn (mean change of y),
    turn_low, turn_high, turns (whether that is shown), length (mean x after by that before, less 1), length_low,
    length_high, stretches.
    """
    runs = _trainings(moved)
    turns = [Repeated.mean(own["y_move"]) for own in runs.values()]
    lengths = [Repeated.of(*ratio(own["x_move"], own["x_before"])) for own in runs.values()]
    told = judge([*gaps(turns, len(runs), TURN), *gaps(lengths, len(runs), STRETCH)], level=LEVEL)
    table = pd.DataFrame(
        {
            "key": list(runs),
            "seeds": [own.count for own in runs.values()],
            "n": [own.images for own in runs.values()],
            "before": [own["y_before"].mean() for own in runs.values()],
            "after": [own["y_after"].mean() for own in runs.values()],
        }
    )
    for at, name, unit, shown in ((0, "turn", TURN, "turns"), (1, "length", STRETCH, "stretches")):
        own = told.iloc[at * len(runs) : (at + 1) * len(runs)].reset_index(drop=True)
        table[name], table[f"{name}_low"], table[f"{name}_high"] = (
            own[column] * unit for column in ("difference", "low", "high")
        )
        table[shown] = own["verdict"] == DIFFERS
    return table


def told_apart(moved: pd.DataFrame) -> pd.DataFrame:
    """Which tickets' changes differ, paired by seed and by image.

    Two tickets without a seed in common are compared by their means over trainings, as one network each.

    Args:
        moved: as in `ticket_changes`.

    Returns a row a pair of tickets: a, b (keys), turn (difference of their mean changes of y, a minus b, over the
    images that both have), turns (whether they are told apart), length, stretches (the same of the relative changes of
    length), seeds (pairs of trainings).
    """
    runs, pairs = _trainings(moved), []
    turns, lengths = list[Repeated](), list[Repeated]()
    for a, b in combinations(runs, 2):
        both = runs[a].paired(runs[b])
        if both is None:
            continue
        one, other = both
        pairs.append((a, b))
        turns.append(Repeated.mean(one["y_move"] - other["y_move"]))
        (first, own), (second, others) = (ratio(each["x_move"], each["x_before"]) for each in both)
        lengths.append(Repeated.of(first - second, own - others))
    independent = max(len(runs) - 1, 1)
    told = judge([*gaps(turns, independent, TURN), *gaps(lengths, independent, STRETCH)], level=LEVEL)
    turn, length = told.iloc[: len(pairs)], told.iloc[len(pairs) :]
    return pd.DataFrame(
        {
            "a": [a for a, _ in pairs],
            "b": [b for _, b in pairs],
            "turn": turn["difference"].to_numpy(float) * TURN,
            "turns": (turn["verdict"] == DIFFERS).to_numpy(bool),
            "length": length["difference"].to_numpy(float) * STRETCH,
            "stretches": (length["verdict"] == DIFFERS).to_numpy(bool),
            "seeds": turn["seeds"].to_numpy(int),
        }
    )


def class_changes(moved: pd.DataFrame) -> pd.DataFrame:
    """The mean change of y of each class's images, ticket by ticket.

    Args:
        moved: as in `ticket_changes`.

    Returns a row a ticket and class with two images or more: key, label, seeds, n (images), change, low, high (one
    family over all rows), after (mean y), after_low, after_high (another family), below (whether `after` is shown to be
    below 0).
    """
    found = [(key, own.count, label, at, own) for key, own in _trainings(moved).items() for label, at in own.classes()]
    table = pd.DataFrame(
        {
            "key": [key for key, *_ in found],
            "label": np.array([label for _, _, label, *_ in found], dtype=int),
            "seeds": np.array([seeds for _, seeds, *_ in found], dtype=int),
            "n": np.array([len(at) for *_, at, _ in found], dtype=int),
        }
    )
    independent = table["label"].nunique()
    for name, measure, prefix in (("change", "y_move", ""), ("after", "y_after", "after_")):
        means = [Repeated.mean(own[measure][:, at]) for *_, at, own in found]
        told = judge(gaps(means, independent, TURN), level=LEVEL)
        table[name], table[f"{prefix}low"], table[f"{prefix}high"] = (
            told[column].to_numpy(float) * TURN for column in ("difference", "low", "high")
        )
    return table.assign(below=table["after_high"] < 0)


def worst_classes(moved: pd.DataFrame, classes: pd.DataFrame) -> pd.DataFrame:
    """The class whose mean y falls most, of those of each ticket that are shown to fall.

    Args:
        moved: as in `ticket_changes`.
        classes: what `class_changes` makes of it.

    Returns a row a ticket in which a class is shown to fall: key, label, change, low, high, and others: a tuple of the
    classes that are not told apart from it. As it is picked out, the tests count all pairs of classes of all tickets
    (Bonferroni).
    """
    sizes = classes.groupby("key").size()
    tests = max(1, int((sizes * (sizes - 1) / 2).sum()))
    rows = []
    for key, own in _trainings(moved).items():
        of = classes[classes["key"] == key].reset_index(drop=True)
        falls = of.loc[of["high"] < 0, "change"]  # a small class may fall further and not be shown to
        if falls.empty:
            continue
        at = int(falls.idxmin())
        worst = of.iloc[at]
        near = _near([Repeated.mean(own["y_move"][:, places]) for _, places in own.classes()], at, tests)
        others = tuple(of.loc[near].sort_values("change")["label"].astype(int))
        rows.append((key, int(worst["label"]), worst["change"], worst["low"], worst["high"], others))
    return pd.DataFrame(rows, columns=["key", "label", "change", "low", "high", "others"])


def _near(means: Sequence[Repeated], at: int, tests: int) -> np.ndarray:
    """Which groups of images have a mean that is not told apart from that of one of them, bool [K].

    The groups are of other images but of the same trainings, so they are paired by these.
    """
    runs = np.stack([mean.runs for mean in means])
    errors, images = np.array([mean.error for mean in means]), np.array([mean.images for mean in means])
    error = errors**2 + errors[at] ** 2
    freedom = (images + images[at] - 2).astype(float)
    seeds = runs.shape[1]
    if seeds > 1:
        first, second = np.triu_indices(len(runs), 1)
        spread = (runs[first] - runs[second]).var(axis=1, ddof=1)
        variances, own = moderated(spread, seeds - 1, max(len(runs) - 1, 1) * (seeds - 1))
        square = np.zeros((len(runs), len(runs)))
        square[first, second] = square[second, first] = variances
        error, freedom = error + square[at] / seeds, np.minimum(freedom, own)
    values = runs.mean(axis=1)
    near: np.ndarray = values - values[at] <= -student_quantile((1 - LEVEL) / (2 * tests), freedom) * np.sqrt(error)
    near[at] = False
    return near


@dataclass(frozen=True)
class _Trainings:
    """What the trainings of a ticket make of the images that are finite in all of them: measure -> [S, N]."""

    seeds: tuple[int, ...]
    samples: np.ndarray
    labels: np.ndarray
    values: dict[str, np.ndarray]

    def __getitem__(self, measure: str) -> np.ndarray:
        """Of each training; of one alone where all are the same network, as imported weights are."""
        return self.values[measure][: self.count]

    @cached_property
    def repeated(self) -> bool:
        """Whether they are several networks."""
        return any((own != own[:1]).any() for own in self.values.values())

    @property
    def count(self) -> int:
        """The number of trainings, of different networks."""
        return len(self.seeds) if self.repeated else 1

    @property
    def images(self) -> int:
        """Their number."""
        return len(self.samples)

    def classes(self) -> Iterator[tuple[int, np.ndarray]]:
        """Each class with two images or more, and their places."""
        for label in np.unique(self.labels):
            at = np.flatnonzero(self.labels == label)
            if len(at) > 1:
                yield int(label), at

    def paired(self, other: _Trainings) -> tuple[_Trainings, _Trainings] | None:
        """Both on the seeds and images that they have in common; None without two images."""
        samples, at, there = np.intersect1d(self.samples, other.samples, return_indices=True)
        if len(samples) < 2:
            return None
        seeds = [seed for seed in self.seeds if seed in other.seeds]
        seeds = seeds if self.repeated or other.repeated else seeds[:1]
        return self._on(seeds, at), other._on(seeds, there)

    def _on(self, seeds: Sequence[int], at: np.ndarray) -> _Trainings:
        rows = [self.seeds.index(seed) for seed in seeds]
        values = {
            name: own[rows][:, at] if rows else own[:, at].mean(axis=0)[None] for name, own in self.values.items()
        }
        return _Trainings(tuple(seeds), self.samples[at], self.labels[at], values)


def _trainings(moved: pd.DataFrame) -> dict[str, _Trainings]:
    """Key -> its trainings, of each ticket with images."""
    moved = moved.dropna(subset=["x_before", "x_after", "y_before", "y_after"])
    ticket, keys = pd.factorize(moved["key"])
    seed, sample, label = (moved[name].to_numpy(int) for name in ("seed", "sample", "label"))
    measured = {name: moved[name].to_numpy(float) for name in MEASURED}
    in_order, found = np.lexsort((sample, seed, ticket)), {}
    for place, key in enumerate(keys):
        own = in_order[ticket[in_order] == place]
        seeds = np.unique(seed[own])
        samples, where, counts = np.unique(sample[own], return_inverse=True, return_counts=True)
        own = own[counts[where] == len(seeds)]
        samples = samples[counts == len(seeds)]
        if len(samples):
            values = {name: of_all[own].reshape(len(seeds), -1) for name, of_all in measured.items()}
            found[str(key)] = _Trainings(tuple(seeds.tolist()), samples, label[own[: len(samples)]], values)
    return found
