"""How often each image is classified right, clean and corrupted: what is left of outcomes once they are averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.comparisons.condition_cells import averaged
from analysis.comparisons.outcomes import Outcomes, numbers, same_seeds
from analysis.corruptions.conditions import CLEAN, Condition
from pruning.errors import UserError


@dataclass(frozen=True)
class Averages:
    """Shares of right outcomes, on the clean images and under the corruptions that count (`condition_cells.averaged`).

    Attributes:
        names: of the tickets.
        images: float64 [tickets, 2, images], clean and corrupted, means over seeds and conditions.
        seeds: by ticket float64 [seeds, 2], means over conditions and images.
        numbers: by ticket the numbers of its seeds, by which they are paired; in their order from 0 where not known.
    """

    names: list[str]
    images: np.ndarray
    seeds: list[np.ndarray]
    numbers: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def of_all(self) -> np.ndarray:
        """The means of the seeds that all tickets have: float64 [seeds, tickets, 2]."""
        known = [numbers(self.numbers, name, len(own)) for name, own in zip(self.names, self.seeds, strict=True)]
        places = np.array(same_seeds(*known), dtype=np.int64).reshape(-1, len(known))
        return np.stack([own[at] for own, at in zip(self.seeds, places.T, strict=True)], axis=1)

    @classmethod
    def of(cls, outcomes: Outcomes) -> Averages:
        """Of outcomes that are held. Raises UserError where clean or corrupted images were not measured."""
        sizes = {name: len(right) for name, right in outcomes.right.items()}
        images = next((right.shape[-1] for right in outcomes.right.values()), 0)
        count = Counting(outcomes.conditions, sizes, images)
        for name, right in outcomes.right.items():
            for seed, own in enumerate(right):
                count.add(name, seed, range(len(own)), own)
        return count.averages(outcomes.seeds)


class Counting:
    """Counts outcomes as they come, in any order.

    Raises UserError where clean or corrupted images were not measured, and there is a ticket.
    """

    def __init__(self, conditions: Sequence[Condition], seeds: Mapping[str, int], images: int) -> None:
        corrupted = averaged(Outcomes(list(conditions), {}))
        clean = [place for place, condition in enumerate(conditions) if condition == CLEAN]
        if seeds and not (clean and corrupted):
            raise UserError(
                "Effective robustness needs accuracies on clean and on corrupted images; finish measuring the study."
            )
        self._of = {place: kind for kind, places in enumerate((clean, corrupted)) for place in places}
        self._conditions = np.array([len(clean), len(corrupted)])
        self._right = {name: np.zeros((2, images), dtype=np.int64) for name in seeds}
        self._totals = {name: np.zeros((count, 2)) for name, count in seeds.items()}

    def add(self, name: str, seed: int, places: Sequence[int], right: np.ndarray) -> None:
        """Take in bool [conditions, images] of a ticket's seed under the conditions at these places, each but once."""
        kinds = np.array([self._of.get(place, -1) for place in places])
        for kind in (0, 1):
            sums = right_of(right[kinds == kind])
            self._right[name][kind] += sums
            self._totals[name][seed, kind] += sums.sum()

    def averages(self, numbers: Mapping[str, Sequence[int]]) -> Averages:
        """What they come to, given the numbers of the seeds."""
        names = list(self._right)
        images = [own / (len(self._totals[name]) * self._conditions[:, None]) for name, own in self._right.items()]
        n = images[0].shape[-1] if images else 0
        seeds = [own / (self._conditions * n) for own in self._totals.values()]
        return Averages(names, np.array(images), seeds, numbers)


def right_of(right: np.ndarray) -> np.ndarray:
    """How often each image is right: uint32 [images] of bool [conditions, images]."""
    found: np.ndarray = np.add.reduce(right.view(np.uint8), axis=0, dtype=np.uint32)
    return found
