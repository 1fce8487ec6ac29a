"""Conditions on a training curve: `test accuracy > 0.95 for 3 points`, `test accuracy > 0.95 then 50 points`."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pruning.errors import UserError
from pruning.training.history import Epoch

QUANTITIES: dict[str, Callable[[Epoch], float]] = {
    "loss": lambda point: point.loss,
    "train accuracy": lambda point: point.train_accuracy,
    "test loss": lambda point: point.test_loss,
    "test accuracy": lambda point: point.test_accuracy,
    "test score": lambda point: point.test_accuracy,
}
_FORM = re.compile(
    r"(?P<quantity>[a-z ]+?) *(?P<sign>[<>]) *(?P<bound>[-+.\deE]+)"
    r"(?: +for +(?P<points>\d+) +points?)?(?: +then +(?P<then>\d+) +points?)?"
)


@dataclass(frozen=True)
class Until:
    """A condition that holds once a quantity has been beyond a bound at so many points of the curve in a row.

    With `then` it holds so many points later, whatever the quantity is by then.
    """

    quantity: str
    above: bool
    bound: float
    points: int = 1
    then: int = 0

    @classmethod
    def read(cls, text: str) -> "Until":
        """Read a condition as a user writes it.

        Raises:
            UserError: it is not one; the sentence has an example and the quantities.
        """
        found = _FORM.fullmatch(" ".join(text.split()))
        try:
            if found is None or found["quantity"] not in QUANTITIES:
                raise ValueError
            counts = int(found["points"] or 1), int(found["then"] or 0)
            until = cls(found["quantity"], found["sign"] == ">", float(found["bound"]), *counts)
        except ValueError:
            until = None
        if until is None or until.points < 1 or until.bound != until.bound:
            raise UserError(
                f"'{text}' is no condition on a training curve; write one such as 'test accuracy > 0.95 for 3 points', "
                f"of {', '.join(QUANTITIES)}."
            )
        return until

    def __str__(self) -> str:
        """The condition in the one form that recipes have."""
        ending = f" for {self.points} points" if self.points > 1 else ""
        then = f" then {self.then} point{'s' * (self.then > 1)}" if self.then else ""
        return f"{self.quantity} {'>' if self.above else '<'} {self.bound:g}{ending}{then}"

    def is_met(self, history: Sequence[Epoch]) -> bool:
        """Whether it holds at the end of a curve."""
        last = history[: max(0, len(history) - self.then)][-self.points :]
        return len(last) == self.points and all(self._beyond(point) for point in last)

    def first(self, history: Sequence[Epoch]) -> Epoch | None:
        """The first point of a curve at which it holds, None where it never does."""
        return next((history[end - 1] for end in range(1, len(history) + 1) if self.is_met(history[:end])), None)

    def _beyond(self, point: Epoch) -> bool:
        value = QUANTITIES[self.quantity](point)
        return value > self.bound if self.above else value < self.bound
