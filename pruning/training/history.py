"""What a training notes on the way."""

from pydantic import BaseModel, ConfigDict

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
