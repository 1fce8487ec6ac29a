"""How weights are trained."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from pruning.training.until import Until
from pruning.validation import Frozen

Beta = Annotated[float, Field(ge=0, lt=1)]


class Training(Frozen):
    """How weights are trained. Lengths are in epochs; the rate warms up linearly, then follows the schedule."""

    epochs: Annotated[float, Field(ge=0)] = 20
    batch_size: Annotated[int, Field(ge=1)] = 128
    optimizer: Literal["sgd", "adamw"] = "sgd"
    lr: Annotated[float, Field(gt=0)] = 0.1
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 5e-4
    warmup_epochs: Annotated[float, Field(ge=0)] = 1
    schedule: Literal["cosine", "constant"] = "cosine"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0
    augment: Literal["none", "crop", "crop_flip"] = "none"
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    log_every: Annotated[float, Field(gt=0)] | None = None  # epochs between points of the training curve; None: 1
    betas: tuple[Beta, Beta] | None = None  # of AdamW; None: 0.9 and 0.999
    until: str | None = None  # training ends when this holds, such as "test accuracy > 0.95 for 3 points"
    devices: Annotated[int, Field(ge=1, le=64)] | None = None  # that share each batch (`training.shared`); None: 1

    @field_validator("until")
    @classmethod
    def _in_one_form(cls, until: str | None) -> str | None:
        return None if until is None else str(Until.read(until))

    @field_validator("devices")
    @classmethod
    def _one_is_none(cls, devices: int | None) -> int | None:
        return None if devices == 1 else devices
