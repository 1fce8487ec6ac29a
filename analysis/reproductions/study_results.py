"""What claims are made of: the tickets of a study by method and sparsity, paired over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from analysis.reproductions.claims import Number
from analysis.results.store import Results
from analysis.statistics.intervals import mean_interval
from pruning.errors import UserError
from pruning.recipe import Recipe
from pruning.study.folder import Entry, Study
from pruning.ticket import Ticket

DENSE = "dense"

Measure = Callable[[Entry], float]


def accuracy(entry: Entry) -> float:
    """Accuracy on the clean test images when the ticket was found, in percent."""
    return 100 * entry.info.accuracy


class StudyResults:
    """A finished study, asked by method name and sparsity. Values come by seed, in the study's order of seeds."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.results = Results(study.path)
        self._entries: dict[tuple[str, float, int], Entry] = {}
        for entry in study.entries():
            self._entries[entry.recipe.method, round(entry.recipe.sparsity, 9), entry.recipe.seed] = entry

    @property
    def seeds(self) -> list[int]:
        """The study's seeds."""
        return self.study.config.seeds

    @cached_property
    def sparsities(self) -> list[float]:
        """The study's sparsities, rising."""
        return sorted(self.study.config.sparsities)

    @property
    def repeats(self) -> str:
        """What intervals are over."""
        return f"{len(self.seeds)} seeds"

    def entries(self, method: str, sparsity: float = 0.0) -> list[Entry]:
        """The tickets of a method, a seed each.

        Raises:
            UserError: one is not there.
        """
        keys = [(method, round(sparsity, 9), seed) for seed in self.seeds]
        for name, fraction, seed in keys:
            if (name, fraction, seed) not in self._entries:
                raise UserError(
                    f"The study {self.study.path} has no ticket of '{name}' at sparsity {fraction:g}, seed {seed}; "
                    "run the reproduction again."
                )
        return [self._entries[key] for key in keys]

    def tickets(self, method: str, sparsity: float = 0.0) -> list[Ticket]:
        """The same with their masks and weights."""
        return [self.study.load(entry.id) for entry in self.entries(method, sparsity)]

    def values(self, method: str, sparsity: float = 0.0, measure: Measure = accuracy) -> np.ndarray:
        """float64 [seeds]."""
        return np.array([measure(entry) for entry in self.entries(method, sparsity)], dtype=np.float64)

    def mean(self, method: str, sparsity: float = 0.0, measure: Measure = accuracy, unit: str = "%") -> Number:
        """The mean over seeds."""
        return self.over_seeds(self.values(method, sparsity, measure), unit)

    def gap(self, one: tuple[str, float], other: tuple[str, float], measure: Measure = accuracy) -> Number:
        """How much more `one` has than `other`, paired by seed. Each is a method and a sparsity."""
        return self.over_seeds(self.values(*one, measure) - self.values(*other, measure))

    def ratio(self, one: tuple[str, float], other: tuple[str, float], measure: Measure) -> Number:
        """How many times as much `one` has as `other`: the geometric mean of the seeds' ratios."""
        return self.times(self.values(*one, measure) / self.values(*other, measure))

    def over_seeds(self, values: Sequence[float] | np.ndarray, unit: str = "points") -> Number:
        """The mean of a value a seed, with Student's interval."""
        return Number(*mean_interval(values), self.repeats, unit, tuple(map(float, values)))

    def times(self, ratios: Sequence[float] | np.ndarray) -> Number:
        """The geometric mean of a positive ratio a seed, with Student's interval of the logarithm."""
        logs = np.log(ratios)
        value, low, high = map(math.exp, mean_interval(logs))
        return Number(value, low, high, self.repeats, "times", tuple(logs.tolist()))

    def jackknifed(self, statistic: Callable[[Sequence[int]], float], unit: str = "") -> Number:
        """A number that is of several seeds at once, such as of pairs of them, with Student's interval.

        Its values are Tukey's pseudo-values, one for each seed that is left out (Tukey 1958), since what pairs have in
        common must not count as so many draws.

        Args:
            statistic: of the places of seeds; of what has the unit "times" the logarithm.
            unit: of the number.
        """
        every = range(len(self.seeds))
        without = np.array([statistic([each for each in every if each != one]) for one in every])
        values = len(every) * statistic(every) - (len(every) - 1) * without
        return self.times(np.exp(values)) if unit == "times" else self.over_seeds(values, unit)

    def recipe(self, method: str, sparsity: float = 0.0) -> Recipe:
        """The recipe of the first seed."""
        return self.entries(method, sparsity)[0].recipe
