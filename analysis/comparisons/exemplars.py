"""Pruning Identified Exemplars: images that pruned networks agree to see otherwise than dense ones.

They are those of Hooker et al. 2019, "What Do Compressed Deep Neural Networks Forget?".

An image is one when the class that most pruned runs give it differs from the class that most dense runs give it. Runs
differ without any pruning too, so `exemplars_by_chance` asks how many there would be if the runs were told apart at
random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from analysis.comparisons.predictions import Predictions
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.statistics.intervals import wilson
from pruning.errors import UserError

SPLITS = 500


@dataclass(frozen=True)
class Exemplars:
    """The exemplars of some pruned runs against some dense ones.

    `table`: of `exemplars`. `summary`: of `summarise_exemplars`. `chance`, `p`: of `exemplars_by_chance`. `pruned`,
    `dense`: how many runs of each.
    """

    table: pd.DataFrame
    summary: pd.DataFrame
    chance: float
    p: float
    pruned: int
    dense: int

    @property
    def within_noise(self) -> bool:
        """Whether there are no more exemplars than runs told apart at random would have."""
        return self.p >= 0.05

    @property
    def images(self) -> np.ndarray:
        """Which images they are, int64, rising."""
        return np.sort(self.table.loc[self.table["pie"], "sample"].to_numpy(np.int64))


def find_exemplars(predictions: Predictions, pruned: Sequence[str], dense: Sequence[str]) -> Exemplars:
    """The exemplars on clean images over all seeds of the tickets named.

    Args:
        predictions: the tickets, with the clean images among the conditions.
        pruned: names of tickets.
        dense: names of tickets.

    Raises UserError when a kind has no ticket, or one has no predictions for clean images.
    """
    own, reference = runs(predictions, pruned), runs(predictions, dense)
    table = exemplars(own, reference, predictions.labels)
    chance, p = exemplars_by_chance(own, reference)
    return Exemplars(table, summarise_exemplars(table), chance, p, len(own), len(reference))


def runs(predictions: Predictions, names: Sequence[str], condition: Condition = CLEAN) -> np.ndarray:
    """All seeds of the tickets named, under one condition: classes, int [runs, images], for `exemplars`.

    Raises UserError when none is named, or one or the condition is not there.
    """
    if not names:
        raise UserError("Exemplars need pruned and dense tickets; choose at least one of each.")
    found = predictions.chosen([condition], names).predicted
    return np.concatenate([given[:, 0] for given in found.values()])


def exemplars(pruned: np.ndarray, dense: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """Which images are Pruning Identified Exemplars, the strongest first.

    Args:
        pruned: the classes given by the pruned runs, int [runs, images], not negative. The modal class
            is the one that most runs give; among equally frequent ones the smallest, and that is flagged. Of a single
            run it is that run's, and then what one training happens to do counts as well.
        dense: the same of the dense runs.
        labels: int [images], the true classes.

    Returns a row an image:
        sample (its index), label. pie: bool, the modal classes differ. pruned, dense: the modal classes.
        pruned_agreement, dense_agreement: share of the runs that give the modal class, above 0 to 1.
        disagreement: share of the pairs of a pruned and a dense run that give different classes, 0 to 1.
        tied: bool, a modal class was picked among equally frequent ones.
    Exemplars first, then by greater disagreement, by index where that is equal.

    Raises UserError when there is no run of a kind, or the images differ.
    """
    pruned, dense, labels = _checked(pruned, dense, labels)
    counts = _counts(pruned), _counts(dense)
    mode, agreement, tied = zip(*map(_modal, counts), strict=True)
    classes = min(count.shape[1] for count in counts)
    same = np.einsum("nk,nk->n", counts[0][:, :classes], counts[1][:, :classes], dtype=np.float64)
    frame = pd.DataFrame(
        {
            "sample": np.arange(len(labels)),
            "label": labels,
            "pie": mode[0] != mode[1],
            "pruned": mode[0],
            "dense": mode[1],
            "pruned_agreement": agreement[0],
            "dense_agreement": agreement[1],
            "disagreement": 1 - same / (len(pruned) * len(dense)),
            "tied": tied[0] | tied[1],
        }
    )
    return frame.sort_values(["pie", "disagreement", "sample"], ascending=[False, False, True], ignore_index=True)


def summarise_exemplars(table: pd.DataFrame) -> pd.DataFrame:
    """How many exemplars there are, and how accurate the modal predictions are on them and on the others.

    Args:
        table: what `exemplars` returned.

    Returns three rows, part "exemplars", "others" and "all": n (images), share, low, high (of all images, with Wilson's
    95 % interval), dense_accuracy, pruned_accuracy (of the modal classes, NaN without images), tied (share of images
    with a tied mode, NaN without images).
    """
    rows = []
    for part, chosen in (("exemplars", table["pie"]), ("others", ~table["pie"]), ("all", table["pie"] | True)):
        each = table[chosen]
        low, high = wilson(len(each), len(table))
        accuracies = [(each[kind] == each["label"]).mean() for kind in ("dense", "pruned")]
        rows.append(
            (part, len(each), len(each) / max(len(table), 1), float(low), float(high), *accuracies, each["tied"].mean())
        )
    columns = ["part", "n", "share", "low", "high", "dense_accuracy", "pruned_accuracy", "tied"]
    return pd.DataFrame(rows, columns=columns)


def exemplars_by_chance(
    pruned: np.ndarray, dense: np.ndarray, splits: int = SPLITS, seed: int = 0
) -> tuple[float, float]:
    """How many exemplars there would be if pruning changed nothing but the seed.

    All runs are divided at random into as many "pruned" and "dense" ones as there are, in every way where these are no
    more than `splits`, else in so many drawn ones and as they are.

    Args:
        pruned: as for `exemplars`.
        dense: as for `exemplars`.
        splits: at least 1.
        seed: same seed, same splits.

    Returns (share, p): the mean share of exemplars over the splits, and how often it is at least the one found, the
    actual split counted in. Few runs cannot give a small p: three of each not below 1/10, one of each not below 1.

    Raises UserError when there is no run of a kind, or the images differ.
    """
    pruned, dense, _ = _checked(pruned, dense, np.zeros(np.shape(pruned)[-1], dtype=np.int64))
    everything = np.concatenate([pruned, dense])
    n = everything.shape[1]
    everything = everything[:, (everything != everything[0]).any(axis=0)]  # where all agree no split makes an exemplar
    found = []
    for chosen in _splits(len(pruned), len(everything), splits, seed):
        modes = (_modal(_counts(everything[rows]))[0] for rows in (chosen, ~chosen))
        found.append(np.not_equal(*modes).sum() / n)
    return float(np.mean(found)), float(np.mean([share >= found[0] for share in found]))


def _checked(pruned: np.ndarray, dense: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    pruned, dense, labels = (np.asarray(each) for each in (pruned, dense, labels))
    if pruned.ndim != 2 or dense.ndim != 2 or not len(pruned) or not len(dense):
        raise UserError("Exemplars need pruned and dense tickets; choose at least one of each.")
    if not pruned.shape[1] == dense.shape[1] == len(labels):
        raise UserError(
            f"Pruned and dense tickets were measured on {pruned.shape[1]} and {dense.shape[1]} images, and there are "
            f"labels of {len(labels)}, so they cannot be compared; measure the study again."
        )
    return pruned, dense, labels


def _counts(predicted: np.ndarray) -> np.ndarray:
    """How many runs give each class: [runs, N] -> [N, K]."""
    n, classes = predicted.shape[1], int(predicted.max(initial=0)) + 1
    flat = np.arange(n) * classes + predicted
    return np.bincount(flat.reshape(-1), minlength=n * classes).reshape(n, classes)


def _modal(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """From counts [N, K] the modal class, the share of runs that give it, and whether another is as frequent."""
    most = counts.max(axis=1)
    return counts.argmax(axis=1), most / counts.sum(axis=1), (counts == most[:, None]).sum(axis=1) > 1


def _splits(chosen: int, total: int, most: int, seed: int) -> Iterator[np.ndarray]:
    """Which runs count as pruned, bool [total]; first the ones that are."""
    if comb(total, chosen) <= most:
        for rows in combinations(range(total), chosen):
            yield np.isin(np.arange(total), rows)
        return
    rng, actual = np.random.default_rng(seed), np.arange(total) < chosen
    yield actual
    for _ in range(most):
        yield rng.permutation(actual)
