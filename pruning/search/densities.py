"""Looks for what each layer is to keep with optuna: relative densities are tried, and each is judged by a number.

What is tried are relative densities; a budget makes counts of weights of them (`pruning.allocation.budget`), so that
every trial spends the same. The first trials are those that are given, such as what allocations without a search keep.
The others multiply the best of these, layer by layer, with factors up to `REACH` either way, on a logarithmic scale: in
a network of twenty layers a wider space is never searched in a hundred trials.

References: tree-structured Parzen estimators (Bergstra et al. 2011), Gaussian processes, and NSGA-II (Deb et al. 2002),
which has one objective here and is an evolutionary search; all as optuna has them (Akiba et al. 2019).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Literal

from pruning.errors import UserError
from pruning.progress import Progress, quiet
from pruning.training.seeds import derived_seed

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

Densities = dict[str, float]
Sampler = Literal["tpe", "gp", "nsga2", "random"]
SAMPLERS: dict[str, str] = {
    "tpe": "tree-structured Parzen estimators",
    "gp": "a Gaussian process",
    "nsga2": "evolution (NSGA-II)",
    "random": "chance",
}
LEAST, REACH = 0.001, 3.0
POPULATION = 20
"""Of the evolution: so many trials are a generation."""


@dataclass(frozen=True)
class Searched:
    """What was tried.

    Attributes:
        best: the relative densities that were judged highest, the first of equal ones.
        values: what each trial was judged, NaN where it could not be.
    """

    best: Densities
    values: list[float]


def search_densities(
    names: Sequence[str],
    judge: Callable[[Densities], float],
    trials: int,
    sampler: Sampler = "tpe",
    seed: int = 0,
    begin: Sequence[Mapping[str, float]] = (),
    progress: Progress = quiet,
) -> Searched:
    """Find relative densities of layers that `judge` gives a high number.

    Args:
        names: of the layers.
        judge: of densities, the largest of which is 1; higher is better. It may raise UserError where they are
            impossible, or give what is not finite.
        trials: how many are tried, those of `begin` among them.
        sampler: how the next is chosen.
        seed: of it.
        begin: what is tried first, in any unit. Where there is nothing, the search is about equal densities.
        progress: told after each trial; what it raises ends the search.

    Raises:
        UserError: optuna is not installed, or none of the densities could be judged, with the sentence of the last.
    """
    optuna = _optuna()
    from optuna.distributions import FloatDistribution
    from optuna.trial import TrialState, create_trial

    space = {name: FloatDistribution(1 / REACH, REACH, log=True) for name in names}
    tried = _Tried(judge, trials, progress)
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        for given in begin[:trials]:
            tried.judged(scaled(given))
        centre = tried.best or dict.fromkeys(names, 0.1)
        study = optuna.create_study(direction="maximize", sampler=_sampler(sampler, seed, trials))
        if tried.best:
            as_it_is = dict.fromkeys(names, 1.0)
            study.add_trial(create_trial(params=as_it_is, distributions=dict(space), value=tried.highest))
        while len(tried.values) < trials:
            trial = study.ask(space)
            value = tried.judged(scaled({name: centre[name] * trial.params[name] for name in names}))
            if math.isfinite(value):
                study.tell(trial, value)
            else:
                study.tell(trial, state=TrialState.FAIL)
    finally:
        optuna.logging.set_verbosity(verbosity)
    progress(1.0, f"{trials} trials")
    if not tried.best:
        raise tried.refused or UserError("No densities could be judged: all of them gave numbers that are not finite.")
    return Searched(tried.best, tried.values)


class _Tried:
    """What was tried so far, and how far that is."""

    def __init__(self, judge: Callable[[Densities], float], trials: int, progress: Progress) -> None:
        self.judge, self.trials, self.progress = judge, trials, progress
        self.values: list[float] = []
        self.best: Densities = {}
        self.highest = -math.inf
        self.refused: UserError | None = None

    def judged(self, densities: Densities) -> float:
        """Judge densities; NaN where that cannot be."""
        self.progress(len(self.values) / self.trials, f"trial {len(self.values) + 1} of {self.trials}")
        try:
            value = float(self.judge(densities))
        except UserError as error:
            value, self.refused = math.nan, error
        self.values.append(value)
        if math.isfinite(value) and value > self.highest:
            self.highest, self.best = value, dict(densities)
        return value


def scaled(densities: Mapping[str, float]) -> Densities:
    """The same in proportion, the largest 1, none below `LEAST`."""
    most = max(densities.values())
    return {name: min(1.0, max(LEAST, value / most)) for name, value in densities.items()}


def _sampler(name: Sampler, seed: int, trials: int) -> BaseSampler:
    from optuna import samplers

    own = derived_seed(seed, "densities") % 2**31
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # several of them are said to be experimental
        if name == "tpe":
            return samplers.TPESampler(seed=own, multivariate=True)
        if name == "gp":
            return samplers.GPSampler(seed=own, deterministic_objective=True)
        if name == "nsga2":
            return samplers.NSGAIISampler(seed=own, population_size=min(POPULATION, max(2, trials // 5)))
        return samplers.RandomSampler(seed=own)


def _optuna() -> ModuleType:
    try:
        import optuna
    except ImportError:
        raise UserError(
            "Looking for densities by layer needs the package optuna, which is not installed: pip install optuna."
        ) from None
    return optuna
