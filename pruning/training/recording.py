"""What is recorded of a network that was trained elsewhere, and stays there."""

from typing import Self

from pydantic import BaseModel, model_validator


class Recording(BaseModel):
    """What was recorded of a network that stays elsewhere: what it made of a study's test images, and no weights.

    Attributes:
        images: the digest of the clean images and their labels.
        outputs: condition, such as "fog 3" -> the digest of logits and features, which names their file.
        layers: condition -> the digest of what its inner layers hand on, which names that file; those without are
            left out.
        without: why there are no features; "" where there are.
        macs: multiply-adds of the network for one image. weights: its prunable weights that are not zero. bytes: of
            its state dict. 0 where that is not known.
        metrics: the user's own, by name. higher: the names of those of which more is better.
        packed: whether the ticket comes from a packed study, which holds neither tensors nor recordings.
    """

    images: str
    outputs: dict[str, str]
    layers: dict[str, str] = {}
    without: str = ""
    macs: int = 0
    weights: int = 0
    bytes: int = 0
    metrics: dict[str, float] = {}
    higher: list[str] = []
    packed: bool = False

    @model_validator(mode="after")
    def _packed_before(self) -> Self:
        """What earlier versions packed is known by the images that it was recorded on: there are none."""
        self.packed = self.packed or not self.images
        return self

    def without_weights(self, label: str) -> str:
        """The sentence where masks or weights are asked for of a ticket that has a recording in their place."""
        if self.packed:
            return f"'{label}' was packed: its study has what was measured, but neither its masks nor its weights."
        return (
            f"'{label}' was recorded: the study has what it made of the images, but neither its masks nor its weights."
        )


def of_elsewhere(recording: Recording | None) -> Recording | None:
    """What was recorded of a network that was trained elsewhere; None for a ticket that was found, packed or not."""
    return recording if recording is not None and recording.images else None
