"""What a training notes on the way."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    import pandas as pd

Record = dict[str, list[float]]
"""What a finder notes: columns of numbers, called "TABLE/COLUMN", of equal length within a table."""


class Epoch(BaseModel):
    """One row of a training curve; a test loss that is NaN was not measured."""

    model_config = ConfigDict(ser_json_inf_nan="constants")

    epoch: float
    loss: float
    train_accuracy: float
    test_accuracy: float
    test_loss: float = float("nan")


@dataclass(frozen=True, repr=False)
class Trained:
    """What training gives back beside the trained network.

    Attributes:
        history: the training curve.
        accuracy: the test accuracy at its end, in [0, 1], or the task's score; NaN where nothing was tested.
        precision: that of the forward passes.
        record: what the task noted on the way.
    """

    history: list[Epoch]
    accuracy: float
    precision: str
    record: Record = field(default_factory=dict)

    @property
    def curve(self) -> "pd.DataFrame":
        """The training curve, a row a point, with the fields of `Epoch`; NaN was not measured."""
        import pandas as pd  # half a second that training itself does not need

        return pd.DataFrame([point.model_dump() for point in self.history], columns=list(Epoch.model_fields))

    def __repr__(self) -> str:
        last = self.history[-1] if self.history else None
        if last is None:
            return "<Trained: not at all>"
        tested = "" if math.isnan(self.accuracy) else f", test accuracy {self.accuracy:.4g}"
        return f"<Trained: {last.epoch:g} epochs, loss {last.loss:.4g}{tested}>"

    def _repr_html_(self) -> str:
        table: str = self.curve.to_html(index=False, float_format="{:.4g}".format, border=0)
        return table
