"""Looks for what each layer is to keep with optuna: relative densities are tried, and each is judged by a number.

A trial gives each layer a relative density between `LEAST` and 1, on a logarithmic scale; a budget makes counts of
weights of them (`pruning.allocation.budget`), so that every trial spends the same. The first trials are those that are
given, such as what allocations without a search keep, so that the best is judged no lower than these.

References: tree-structured Parzen estimators (Bergstra et al. 2011), Gaussian processes, and NSGA-II (Deb et al. 2002),
which has one objective here and is an evolutionary search; all as optuna has them (Akiba et al. 2019).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
LEAST = 0.01
POPULATION = 20
"""Of the evolution: so many trials are a generation."""


@dataclass
class Searched:
    """What was tried.

    Attributes:
        best: the relative densities that were judged highest, the first of equal ones.
        values: what each trial was judged, NaN where it could not be.
    """

    best: Densities
    values: list[float] = field(default_factory=list)


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
        judge: of densities in [0.01, 1], the largest of which need not be 1; higher is better. It may raise UserError
            where they are impossible, or give what is not finite.
        trials: how many are tried, those of `begin` among them.
        sampler: how the next is chosen.
        seed: of it.
        begin: what is tried first, in any unit.
        progress: told after each trial; what it raises ends the search.

    Raises:
        UserError: optuna is not installed, or none of the densities could be judged, with the sentence of the last.
    """
    optuna = _optuna()
    from optuna.distributions import FloatDistribution
    from optuna.trial import TrialState

    space = {name: FloatDistribution(LEAST, 1.0, log=True) for name in names}
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=_sampler(sampler, seed, trials))
    for given in begin:
        study.enqueue_trial(scaled(given))
    found, highest, refused = Searched({}), -math.inf, None
    try:
        for turn in range(trials):
            progress(turn / trials, f"trial {turn + 1} of {trials}")
            trial = study.ask(space)
            try:
                value = float(judge(trial.params))
            except UserError as error:
                value, refused = math.nan, error
            found.values.append(value)
            if math.isfinite(value):
                study.tell(trial, value)
            else:
                study.tell(trial, state=TrialState.FAIL)
            if value > highest:
                highest, found.best = value, dict(trial.params)
    finally:
        optuna.logging.set_verbosity(verbosity)
    progress(1.0, f"{trials} trials")
    if not found.best:
        raise refused or UserError("No densities could be judged: all of them gave numbers that are not finite.")
    return found


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
