"""What a network is shown of a split of its data, a batch at a time."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from pruning.data import Dataset, Split, normalise
from pruning.tasks import Batch
from pruning.training.augmentation import Moves
from pruning.training.precision import as_input

KEPT = 64 * 2**20  # bytes of a split's inputs that are kept; those of more are made batch by batch
AT_ONCE = 1000  # images that are made compact at a time


@runtime_checkable
class Compact(Protocol):
    """A network that takes inputs in a shorter form too, such as the tokens of one-hot rows."""

    def compact_inputs(self, inputs: Tensor) -> Tensor | None:
        """The short form of inputs [N, C, H, W], row by row: [N, ...]; None where they have none."""


class Inputs:
    """A split's inputs and labels on the network's device.

    Inputs that no augmentation changes are made once where they are few, and in the short form where the network takes
    one. They are the same to the bit as those made batch by batch.

    Args:
        data: says how images are normalised.
        split: the images and labels.
        model: the network that they are for.
        device: where it is.
        macs: its multiply-adds an image, which decide on the memory layout.
        moved: whether batches come with `moves`.
    """

    def __init__(
        self, data: Dataset, split: Split, model: nn.Module, device: torch.device, macs: int, moved: bool = False
    ) -> None:
        self.data, self.images, self.labels = data, split.images, split.labels.to(device)
        self.device, self.macs = device, macs
        self.ready = None if moved else self._made_once(model)

    def _made_once(self, model: nn.Module) -> Tensor | None:
        short = self._compact(model) if isinstance(model, Compact) else None
        if short is not None or 4 * self.images.numel() > KEPT:
            return short
        return self._normalised(self.images).to(self.device)

    def _compact(self, model: Compact) -> Tensor | None:
        parts = []
        for images in self.images.split(AT_ONCE):
            part = model.compact_inputs(self._normalised(images))
            if part is None:
                return None
            parts.append(part)
        return torch.cat(parts).to(self.device) if parts else None

    def _normalised(self, images: Tensor) -> Tensor:
        return normalise(images, self.data.mean, self.data.std)

    def batch(self, rows: Tensor, moves: Moves | None = None) -> Batch:
        """The inputs and labels of some rows, int64 on the CPU; the images moved by `moves` first."""
        there = rows.to(self.device)
        labels = self.labels.index_select(0, there)
        if self.ready is not None and moves is None:
            inputs = self.ready.index_select(0, there)
            return (inputs if inputs.ndim != 4 else as_input(inputs, self.device, self.macs)), labels
        images = self.images.index_select(0, rows)
        if moves is not None:
            images = moves.apply(images, rows)
        return as_input(self._normalised(images), self.device, self.macs), labels
