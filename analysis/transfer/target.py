"""The data set that networks are transferred to: few images a class, drawn by a seed, in the shape networks take."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from pruning.data import Split, load_data
from pruning.data.base import LEVELS, used_rows
from pruning.errors import UserError
from pruning.training.seeds import generator

Shape = tuple[int, int, int]
LUMA = (0.299, 0.587, 0.114)
"""How bright red, green and blue are (ITU-R BT.601)."""


@dataclass(frozen=True, eq=False)
class Target:
    """A data set's name and classes, and its images, as many as are used."""

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split

    @classmethod
    def read(cls, name: str, most: int, root: Path | None = None) -> Self:
        """At most so many images of either part, evenly spaced. Raises UserError when the data set is not there."""
        data = load_data(name, root)
        parts = []
        for part in (data.train, data.test):
            rows = used_rows(len(part.labels), most)
            parts.append(Split(part.images[rows], part.labels[rows]))
        return cls(name, data.classes, *parts)

    def draw(self, shots: int, seed: int, draw: int) -> Tensor:
        """Rows int64 of the training images that are given: so many of each class; all of them for 0.

        Of one draw the few are among the more. It is the same for all networks of a seed, so that these are paired.

        Raises:
            UserError: a class has fewer.
        """
        labels = self.train.labels
        if not shots:
            return torch.arange(len(labels))
        order = torch.randperm(len(labels), generator=generator(seed, "transfer", self.name, draw))
        parts = [order[labels[order] == label][:shots] for label in range(len(self.classes))]
        for name, rows in zip(self.classes, parts, strict=True):
            if len(rows) < shots:
                raise UserError(
                    f"The target '{self.name}' has {len(rows)} training images of class '{name}', so that {shots} a "
                    "class cannot be drawn; that budget is left out: lower it in `transfer_shots`."
                )
        return torch.cat(parts)


def in_channels(images: Tensor, channels: int) -> Tensor:
    """Images uint8 [N, C, H, W] as float32 in [0, 1] with as many channels as a network takes.

    Grey is repeated, colours become their brightness.

    Raises:
        UserError: neither of the two applies.
    """
    values = images.float() / (LEVELS - 1)
    given = values.shape[1]
    if given == channels:
        return values
    if given == 1:
        return values.expand(-1, channels, -1, -1)
    if (given, channels) == (3, 1):
        return (values * torch.tensor(LUMA, device=values.device).view(1, 3, 1, 1)).sum(1, keepdim=True)
    raise UserError(
        f"Images of {given} channels cannot be shown to a network that takes {channels}; take a target of 1 or "
        f"{channels} channels."
    )


def resized(images: Tensor, height: int, width: int) -> Tensor:
    """Images float32 [N, C, H, W] in another size, bilinear, smoothed where they shrink."""
    if tuple(images.shape[2:]) == (height, width):
        return images
    return F.interpolate(images, (height, width), mode="bilinear", antialias=True)


def whole(images: Tensor, shape: Shape) -> Tensor:
    """Images uint8 as a network of that input shape takes them, filling all of it: float32 in [0, 1]."""
    return resized(in_channels(images, shape[0]), *shape[1:])


def whole_bytes(images: Tensor, shape: Shape) -> Tensor:
    """The same as bytes, uint8; images that have the shape are as they were."""
    if tuple(images.shape[1:]) == tuple(shape):
        return images
    return whole(images, shape).mul(LEVELS - 1).round().clamp(0, LEVELS - 1).to(torch.uint8)
