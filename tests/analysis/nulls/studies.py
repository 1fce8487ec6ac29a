"""Studies in which every ticket is the same method: simulated ones, and the shipped studies' own repetitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from analysis.comparisons.predictions import Predictions
from analysis.comparisons.stored_conditions import stored_predictions
from analysis.corruptions.conditions import CLEAN, Condition
from analysis.metrics.corruption_error import COUNTED
from analysis.results.store import Results
from pruning.procedure import FINDERS
from pruning.study.folder import Study

SAMPLES = Path(__file__).parents[3] / "sample_checkpoints"
BASELINE = "ticket 0"


@dataclass(frozen=True)
class Null:
    """How a null study is drawn.

    An image is right where a sum of normal numbers is above 0: how easy it is and how mild the condition, what every
    training does to all images (`luck`: about half a point of clean accuracy, 1 point under corruption, as between
    seeds of the shipped studies), to each condition, and to each image.
    """

    seeds: int
    images: int
    tickets: int = 8
    corruptions: int = 6
    severities: tuple[int, ...] = (1, 3)
    luck: float = 0.05
    classes: int = 10
    behind: float = 0.0
    """How much less accurate on clean images every ticket but the first is in truth, a fraction."""

    @property
    def conditions(self) -> list[Condition]:
        """Clean images first."""
        return [CLEAN, *((name, level) for name in COUNTED[: self.corruptions] for level in self.severities)]


def simulate(null: Null, rng: np.random.Generator) -> Predictions:
    """Draw what every run of every ticket predicts."""
    conditions, n = null.conditions, null.images
    mild = np.array([3.0 if condition == CLEAN else 2.2 - 0.4 * condition[1] for condition in conditions])
    easy = mild[:, None] + _normal(rng, n, scale=2) + _normal(rng, len(conditions), n, scale=0.5)
    labels = rng.integers(null.classes, size=n)
    usual = (labels + rng.integers(1, null.classes, n)) % null.classes  # what an image is mistaken for
    predicted = {}
    for place in range(null.tickets):
        runs = (null.seeds, len(conditions), n)
        luck = _normal(rng, null.seeds, 1, 1, scale=null.luck) + _normal(rng, *runs[:2], 1, scale=null.luck)
        score = easy + luck + _normal(rng, null.seeds, 1, n, scale=0.7) + _normal(rng, *runs, scale=0.7)
        if place:
            score = np.where(rng.random(runs, dtype=np.float32) < null.behind / 0.907, -1, score)
        others = np.where(rng.random(runs, dtype=np.float32) < 0.7, usual, (labels + 1) % null.classes)
        predicted[f"ticket {place}"] = np.where(score > 0, labels, others).astype(np.int16)
    return Predictions(conditions, predicted, labels)


def _normal(rng: np.random.Generator, *shape: int, scale: float) -> np.ndarray:
    return np.float32(scale) * rng.standard_normal(shape, dtype=np.float32)


def shipped_seeds(name: str) -> Iterator[Predictions]:
    """Each method of a shipped study, every seed of it a ticket of one seed."""
    predictions, _ = _shipped(name)
    for given in predictions.predicted.values():
        yield _named(predictions, [given[[seed]] for seed in range(len(given))])


def shipped_repetitions(name: str = "digits-lottery") -> Iterator[Predictions]:
    """Tickets of a shipped study beside what is the same but for the order of the data, all seeds of each."""
    predictions, same = _shipped(name)
    for members in same.values():
        if len(members) > 1:
            yield _named(predictions, [predictions.predicted[member] for member in members])


def _named(predictions: Predictions, tickets: Sequence[np.ndarray]) -> Predictions:
    named = {f"ticket {place}": given for place, given in enumerate(tickets)}
    return Predictions(predictions.conditions, named, predictions.labels)


@cache
def _shipped(name: str) -> tuple[Predictions, dict[str, list[str]]]:
    """Predictions of every ticket of a study; and for each the tickets that differ in the order of the data alone."""
    study = Study.open(SAMPLES / name)
    ids: dict[str, list[str]] = {}
    same: dict[str, list[str]] = {}
    for entry in sorted(study.entries(), key=lambda entry: entry.recipe.seed):
        recipe = entry.recipe
        again = recipe.of is not None and FINDERS[recipe.finder].reorders
        ids.setdefault(recipe.family, []).append(entry.id)
        members = same.setdefault(recipe.of.family if again and recipe.of else recipe.family, [])
        if recipe.family not in members:
            members.insert(len(members) if again else 0, recipe.family)
    classes = len(study.entries()[0].info.classes)
    return stored_predictions(Results(study.path), ids, list(COUNTED), classes), same
