"""Augmentation of training images: an epoch's crops and flips, drawn for every image at once."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Moves:
    """The augmentation of one epoch, drawn for every image at once so that it does not depend on the batches."""

    padding: int
    rows: Tensor
    columns: Tensor
    flips: Tensor | None

    def apply(self, images: Tensor, which: Tensor) -> Tensor:
        """Move the images [N, C, H, W], which are those numbered `which` of the training set."""
        height, width = images.shape[-2:]
        padded = F.pad(images, [self.padding] * 4)
        row = self.rows[which, None] + torch.arange(height)
        column = self.columns[which, None] + torch.arange(width)
        if self.flips is not None:
            column = torch.where(self.flips[which, None], column.flip(1), column)
        index = torch.arange(len(images))[:, None, None]
        # [N, H, W, C] by advanced indexing over the batch, then back to channels first
        return padded.permute(0, 2, 3, 1)[index, row[:, :, None], column[:, None, :]].permute(0, 3, 1, 2)


def draw_moves(n: int, shape: tuple[int, int, int], augment: str, source: torch.Generator) -> Moves | None:
    """Crops after padding by an eighth of the size (4 pixels at 32), for ``crop_flip`` mirrored half of the time."""
    if augment == "none":
        return None
    padding = max(1, round(min(shape[1:]) / 8))
    rows = torch.randint(0, 2 * padding + 1, (n,), generator=source)
    columns = torch.randint(0, 2 * padding + 1, (n,), generator=source)
    flips = torch.rand(n, generator=source) < 0.5 if augment == "crop_flip" else None
    return Moves(padding, rows, columns, flips)
