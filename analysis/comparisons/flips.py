"""Prediction flips: on how many images a prediction changes, whether or not the accuracy does.

Two tickets of the same accuracy may be right on different images. How many predictions change against a baseline is the
churn (Milani Fard et al. 2016); among them, what was right and is now wrong are the negative flips (Yan et al. 2021).
Two trainings of the baseline itself differ as well, and only what goes beyond that is due to pruning.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from analysis.comparisons.outcomes import MEAN, Outcomes, same_seeds
from analysis.comparisons.predictions import Predictions
from analysis.corruptions.conditions import CLEAN
from analysis.statistics.multiple_testing import holm
from analysis.statistics.replication import repeated, share
from analysis.statistics.verdicts import judge, paired_gap
from pruning.errors import UserError

COLUMNS = ["key", "corruption", "severity", "flipped", "low", "high", "lost", "gained", "moved", "seeds"]


def flips_from_clean(predictions: Predictions) -> pd.DataFrame:
    """How often a ticket's prediction for the corrupted image differs from its own for the clean one.

    Args:
        predictions: tickets under conditions, ("clean", 0) among them.

    Returns a row a ticket and condition (but the clean one) and, as corruption "mean", for each severity the mean over
    the corruptions that count:
        key, corruption, severity.
        flipped, low, high: share of images whose prediction differs, 0 to 1, the mean over seeds, with its 95 %
        interval (over seeds where there are several, else over images).
        lost, gained, moved: the parts of it that were right and are wrong, were wrong and are right, and were wrong
        and are wrong in another way.
        seeds: how many were averaged.

    Raises UserError when the clean images are not among the conditions.
    """
    if CLEAN not in predictions.conditions:
        raise UserError("Flips need the predictions for the clean images; measure these too.")
    place = predictions.conditions.index(CLEAN)
    others = predictions.chosen([condition for condition in predictions.conditions if condition != CLEAN])
    found = [
        row
        for name, given in others.predicted.items()
        for row in _rows(name, given, predictions.predicted[name][:, [place]], others)
    ]
    return pd.DataFrame(found, columns=COLUMNS)


def flips_from_baseline(predictions: Predictions, baseline: str) -> pd.DataFrame:
    """How often a ticket predicts otherwise than the baseline does for the same image under the same condition.

    Args:
        predictions: tickets under conditions.
        baseline: one of the tickets. Seeds are paired by their numbers, those that both have; a ticket that has none in
            common with it is held against each of its seeds, and counts as one network.

    Returns the columns of `flips_from_clean`, for every ticket but the baseline and every condition, the clean one
    too, and:
        by_chance: on what share of images these seeds of the baseline differ from its other seeds. p: of the ticket
        and chance flipping equally often, paired by seed and image as `statistics.verdicts.paired_gap` does. p_holm:
        after Holm's correction over the table. within_noise: bool, nothing shows that the ticket flips more than
        another seed does (p_holm >= .05, or it flips less). With a single seed of the baseline nothing tells what
        chance does, nor do several that are one network: by_chance, p and p_holm are NaN, within_noise is True.

    Raises UserError when the baseline has no predictions.
    """
    if baseline not in predictions.predicted:
        raise UserError("The baseline has no results on corrupted images; measure it, or choose another.")
    reference = predictions.predicted[baseline]
    several = repeated(reference)
    chance = _by_chance(reference)
    found: list[tuple[object, ...]] = []
    tests: list[tuple[float, float]] = []
    for name, given in predictions.predicted.items():
        if name == baseline:
            continue
        pairs = same_seeds(predictions.numbers(name), predictions.numbers(baseline))
        every = pairs or list(product(range(len(given)), range(len(reference))))
        own, others = (list(places) for places in zip(*every, strict=True))
        found += _rows(name, given[own], reference[others], predictions, bool(pairs))
        both = given[own] != reference[others], chance[others]
        differ, usual = both if pairs else (each.mean(axis=0, keepdims=True) for each in both)
        tests += _tests(differ, usual, predictions) if several else [(np.nan, np.nan)] * (len(found) - len(tests))
    table = pd.DataFrame(found, columns=COLUMNS)
    table[["by_chance", "p"]] = np.array(tests, dtype=np.float64).reshape(-1, 2)
    table["p_holm"] = holm(table["p"]) if several else np.nan
    beyond = (table["p_holm"] < 0.05) & (table["flipped"] > table["by_chance"])
    return table.assign(within_noise=~beyond)


def _rows(
    name: str, given: np.ndarray, before: np.ndarray, predictions: Predictions, repeats: bool = True
) -> list[tuple[object, ...]]:
    """`COLUMNS` for each condition and mean; `given` [seeds, conditions, N], and `before` the same or broadcast.

    Where these are no repetitions, but every seed against every other, they are averaged to one.
    """
    differ, was, now = given != before, before == predictions.labels, given == predictions.labels
    parts = [was & ~now, ~was & now, differ & ~was & ~now]
    if not repeats:
        differ, *parts = (each.mean(axis=0, keepdims=True) for each in (differ, *parts))
    flipped = [share(each) for each in _with_means(differ, predictions)]
    columns = [np.concatenate([getattr(each, part) for each in flipped]) for part in ("value", "low", "high")]
    columns += [np.concatenate([each.mean(axis=(0, 2)) for each in _with_means(part, predictions)]) for part in parts]
    numbers = np.stack(columns, axis=1).tolist()
    places = [*predictions.conditions, *((MEAN, severity) for severity in _counted(predictions))]
    return [(name, *place, *row, len(differ)) for place, row in zip(places, numbers, strict=True)]


def _counted(predictions: Predictions) -> dict[int, list[int]]:
    return Outcomes(predictions.conditions, {}).counted


def _with_means(each: np.ndarray, predictions: Predictions) -> list[np.ndarray]:
    """What is given of [seeds, conditions, N], and its means over what counts at each severity, where there are any."""
    means = [each[:, places].mean(axis=1) for places in _counted(predictions).values()]
    return [each, np.stack(means, axis=1)] if means else [each]


def _by_chance(reference: np.ndarray) -> np.ndarray:
    """For each of several seeds [seeds, conditions, N]: on what share of the others' predictions an image differs."""
    others = max(len(reference) - 1, 1)
    return np.stack([(reference != one).sum(axis=0) / others for one in reference])


def _tests(differ: np.ndarray, chance: np.ndarray, predictions: Predictions) -> list[tuple[float, float]]:
    """Share by chance and p for each condition and mean, from pairs of seeds."""
    usual = _with_means(chance, predictions)
    gaps = [paired_gap(*pair) for pair in zip(_with_means(differ, predictions), usual, strict=True)]
    shares = np.concatenate([each.mean(axis=(0, 2)) for each in usual])
    return list(zip(shares.tolist(), judge(gaps)["p"].tolist(), strict=True))
