"""Which class is taken for which under a condition: where a ticket's errors go, and which class suffers.

Two names are asked of it. A *sink* is a class that takes more of the errors than its equal share, which is what it
would get if every misclassified image went to any of the other classes alike. A class *suffers* that has more of its
own images wrong than all images together. A class is named only where it stands out (`statistics.standing_out`) against
the chance of trainings and images, corrected for the number of classes, and by Holm's procedure for that of tickets.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import t

from analysis.comparisons.classes import class_costs
from analysis.comparisons.outcomes import Outcomes
from analysis.comparisons.predictions import Predictions
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.statistics.intervals import wilson
from analysis.statistics.multiple_testing import holm_steps
from analysis.statistics.replication import distinct
from analysis.statistics.standing_out import standing_out
from analysis.statistics.verdicts import IMAGES, LEVEL, SEEDS

COLUMNS = ["key", "class", "n", "share", "low", "high", "expected", "p", "stands_out", "over", "seeds"]

Counts = Mapping[str, np.ndarray]
"""Ticket -> how often each of its trainings takes a class for another: int [S, K, K], true class by predicted one."""


def confusions(predictions: Predictions, classes: int, condition: Condition) -> dict[str, np.ndarray]:
    """The confusion matrix of every training of every ticket under a condition, as `Counts`.

    Raises UserError when the condition was not measured.
    """
    chosen = predictions.chosen([condition])
    return {
        key: np.stack([confusion_matrix(chosen.labels, given, classes) for given in runs[:, 0]])
        for key, runs in chosen.predicted.items()
    }


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """How many images of each class (row) are taken for each (column): int64 [K, K]."""
    pairs = np.asarray(labels, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def sinks(counts: Counts) -> pd.DataFrame:
    """The share of each ticket's errors that each class takes.

    Returns a row a ticket and class: key, class, n (errors, the mean over trainings), share (the mean over trainings,
    0 to 1), low, high (95 %, over trainings where there are several that differ, then Student's, else over images,
    Wilson's), expected (the equal share), p (of the class not standing out, corrected over the classes), stands_out
    (bool: p holds over the tickets too, and the interval is above what is expected), over ("seeds": it is about the
    method; "images": about this network), seeds. Trainings without errors do not count; share is NaN without any.
    """
    return _table({key: _taken(runs) for key, runs in counts.items()})


def sufferers(predictions: Predictions, classes: int, condition: Condition) -> pd.DataFrame:
    """The share of each class's images that each ticket has wrong under a condition.

    Returns the columns of `sinks`, where n are images of the class, and expected is the share wrong of all images.
    Where a ticket has several trainings and the condition is a corruption, a class stands out whose accuracy falls from
    the clean images by more than that of the others (`comparisons.classes`), which says more than its rank among the
    classes does. Classes without images have a share of NaN.

    Raises UserError when the condition was not measured.
    """
    counts = confusions(predictions, classes, condition)
    found = _table({key: _wrong(runs) for key, runs in counts.items()})
    if condition == CLEAN or found.empty:
        return found
    falls = _falls(predictions, condition)
    several = found["over"] == SEEDS
    fallen = pd.MultiIndex.from_frame(found[["key", "class"]])
    found["p"] = np.where(several, falls["p"].reindex(fallen, fill_value=1.0).fillna(1.0), found["p"])
    hit = falls["hit"].reindex(fallen, fill_value=False).to_numpy(bool) & (found["low"] > found["expected"])
    found["stands_out"] = np.where(several, hit, found["stands_out"])
    return found


def _falls(predictions: Predictions, condition: Condition) -> pd.DataFrame:
    """By ticket and class, p that its accuracy falls as that of all does, and whether it is hit harder."""
    right = predictions.chosen([CLEAN, condition]).outcomes.right
    clean = {key: f"{key} clean" for key in right}
    both = {name: runs[:, [place]] for key, runs in right.items() for place, name in enumerate((clean[key], key))}
    costs = class_costs(Outcomes([condition], both), predictions.labels, clean).by_class
    costs["hit"] = costs["beyond_chance"] & (costs["change"] < 0)
    return costs.set_index(["key", "class"])[["p", "hit"]]


def favourites(counts: np.ndarray) -> list[tuple[int, float]]:
    """The class that takes the most of each training's errors and its share of them, for those that have any.

    `counts`: int [S, K, K], as in `Counts`.
    """
    taken, _, errors = _errors(counts)
    return [(int(own.argmax()), float(own.max() / some)) for own, some in zip(taken, errors, strict=True) if some]


def _errors(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors that go to each class [S, K], those of its own images [S, K], and all of them [S]."""
    own = np.einsum("skk->sk", counts)
    return counts.sum(axis=1) - own, counts.sum(axis=2) - own, (counts.sum(axis=2) - own).sum(axis=1)


Parts = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Of each training and class [S, K]: how many, of how many, and the share expected."""


def _taken(counts: np.ndarray) -> Parts:
    taken, missed, errors = _errors(distinct(counts))
    there = errors > 0
    taken, missed, errors = taken[there], missed[there], np.broadcast_to(errors[there, None], taken[there].shape)
    others = max(counts.shape[-1] - 1, 1)
    return taken, errors, (errors - missed) / (np.maximum(errors, 1) * others)


def _wrong(counts: np.ndarray) -> Parts:
    kept = distinct(counts)
    _, missed, errors = _errors(kept)
    images = kept.sum(axis=2)
    overall = errors / np.maximum(images.sum(axis=1), 1)
    return missed, images, np.broadcast_to(overall[:, None], missed.shape)


def _table(parts: Mapping[str, Parts]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    found = [_of_ticket(*each) for each in parts.values()]
    table = {name: np.concatenate([each[name] for each in found]) for name in found[0]}
    classes = [len(each["p"]) for each in found]
    alpha = 1 - LEVEL
    steps = np.repeat(holm_steps([each["p"].min() for each in found], alpha), classes)
    table["key"] = np.repeat(list(parts), classes)
    table["class"] = np.concatenate([np.arange(count) for count in classes])
    table["over"] = np.where(table["seeds"] > 1, SEEDS, IMAGES)
    table["stands_out"] = (table["p"] * steps < alpha) & (table["low"] > table["expected"])
    return pd.DataFrame({name: table[name] for name in COLUMNS})


def _of_ticket(hits: np.ndarray, trials: np.ndarray, expected: np.ndarray) -> dict[str, np.ndarray]:
    runs, classes = hits.shape
    seeds = np.full(classes, runs)
    if not runs:
        nothing = np.full(classes, np.nan)
        return {"n": np.zeros(classes), **dict.fromkeys(("share", "low", "high", "expected"), nothing),
                "p": np.ones(classes), "seeds": seeds}  # fmt: skip
    with np.errstate(invalid="ignore"):
        shares = hits / trials
    usual, n = expected.mean(axis=0), trials.mean(axis=0)
    share, low, high = _interval(shares, n)
    p = standing_out(np.nan_to_num(shares), usual, np.rint(n))
    return {"n": n, "share": share, "low": low, "high": high, "expected": usual, "p": p, "seeds": seeds}


def _interval(shares: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean over trainings of shares [S, K], and its interval: Student's, or Wilson's where trainings do not differ."""
    runs, mean = len(shares), shares.mean(axis=0)
    low, high = wilson(np.clip(np.nan_to_num(mean) * n, 0, n), n, LEVEL)
    if runs > 1:
        half = t.ppf(0.5 + LEVEL / 2, runs - 1) * shares.std(axis=0, ddof=1) / np.sqrt(runs)
        varied = np.ptp(shares, axis=0) > 1e-12
        low, high = np.where(varied, mean - half, low), np.where(varied, mean + half, high)
    return mean, np.clip(low, 0, 1), np.clip(high, 0, 1)
