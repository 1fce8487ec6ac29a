"""Which class each ticket gives each image under each condition, from the stored results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.condition_tables import Condition, Outcomes
from pruning.errors import UserError


@dataclass(frozen=True)
class Predictions:
    """`predicted[name]` int [seeds, conditions, images] are classes, `labels` int [images] the true ones, `conditions`
    names the middle axis. The counterpart of `Outcomes`, which only knows what is right."""

    conditions: list[Condition]
    predicted: dict[str, np.ndarray]
    labels: np.ndarray

    @property
    def outcomes(self) -> Outcomes:
        """Which of them are right."""
        return Outcomes(self.conditions, {name: given == self.labels for name, given in self.predicted.items()})

    def chosen(self, conditions: Sequence[Condition] | None = None, names: Sequence[str] | None = None) -> Predictions:
        """Only some conditions and tickets, in the order given; all where None. UserError when one is not there."""
        found = _chosen(self.conditions, self.predicted, conditions, names)
        return Predictions(*found, self.labels)


def chosen(
    outcomes: Outcomes, conditions: Sequence[Condition] | None = None, names: Sequence[str] | None = None
) -> Outcomes:
    """Outcomes of only some conditions and tickets, in the order given; all where None. Corruptions are chosen by
    their conditions, as ("fog", 3). Raises UserError when one is not there."""
    return Outcomes(*_chosen(outcomes.conditions, outcomes.right, conditions, names))


def _chosen(
    known: Sequence[Condition],
    arrays: Mapping[str, np.ndarray],
    conditions: Sequence[Condition] | None,
    names: Sequence[str] | None,
) -> tuple[list[Condition], dict[str, np.ndarray]]:
    wanted = list(known if conditions is None else conditions)
    places = {condition: place for place, condition in enumerate(known)}
    for name in names or ():
        if name not in arrays:
            raise UserError(f"Ticket {name} has no results on corrupted images yet; measure it, or choose another.")
    for corruption, severity in wanted:
        if (corruption, severity) not in places:
            raise UserError(
                f"No ticket was measured under {corruption} {severity}; measure the study, or choose another condition."
            )
    index = [places[condition] for condition in wanted]
    return wanted, {name: arrays[name][:, index] for name in (arrays if names is None else names)}
