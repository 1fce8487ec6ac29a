"""A network that is ready to be shown images: of a ticket, or of weights that were trained elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from pruning.checkpoints import read
from pruning.data import Dataset, checked_normalisation, normalise
from pruning.errors import UserError
from pruning.models import build_model, count_macs
from pruning.ticket import Ticket
from pruning.training.precision import as_input, pick_device, prepare, settled

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and standard deviation that most public weights for colour images were trained with."""


@dataclass(frozen=True)
class Classifier:
    """A network in evaluation mode, and the normalisation that it expects."""

    module: nn.Module
    mean: tuple[float, ...]
    std: tuple[float, ...]
    macs: int
    device: torch.device

    @classmethod
    def of_ticket(cls, path: str | Path, data: Dataset) -> Self:
        """The network of a ticket file. Raises UserError when it cannot be read or is for other images."""
        ticket = Ticket.load(path)
        if tuple(ticket.info.shape) != data.shape or len(ticket.info.classes) != data.num_classes:
            raise UserError(
                f"The ticket {path} is for {len(ticket.info.classes)} classes of images {tuple(ticket.info.shape)} "
                f"(channels, rows, columns), and the data set '{data.name}' has {data.num_classes} of {data.shape}."
            )
        return cls._of(ticket.model(), ticket.info.mean, ticket.info.std, data)

    @classmethod
    def of_weights(
        cls,
        model: str,
        path: str | Path,
        data: Dataset,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> Self:
        """A model of the given name with the weights of a file; see `pruning.checkpoints.read`.

        mean, std: what its input is normalised by, a value a channel on the scale 0 to 1. When they are not given they
        are ImageNet's for colour images, and those of the data set for grey ones.

        Raises UserError when the model is unknown, or the file cannot be read or does not fit it.
        """
        module = build_model(model, data.num_classes, data.shape, seed=0)
        try:
            module.load_state_dict(read(path).state)
        except RuntimeError as error:
            detail = str(error).splitlines()[-1].strip()
            raise UserError(f"The weights {path} do not fit the model '{model}': {detail}") from None
        usual = IMAGENET if data.shape[0] == 3 else (data.mean, data.std)
        return cls._of(module, mean or usual[0], std or usual[1], data)

    @classmethod
    def _of(cls, module: nn.Module, mean: Sequence[float], std: Sequence[float], data: Dataset) -> Self:
        ways = checked_normalisation((mean, std), data.shape[0])
        device, macs = pick_device(), count_macs(module, data.shape)
        return cls(prepare(module.eval(), device, macs), *ways, macs, device)

    @torch.inference_mode()
    def predict(self, images: Tensor) -> Tensor:
        """The classes of images, uint8 [N, C, H, W] -> int64 [N]."""
        with settled(self.macs):
            inputs = as_input(normalise(images.to(self.device), self.mean, self.std), self.device, self.macs)
            return torch.argmax(self.module(inputs), dim=1)
