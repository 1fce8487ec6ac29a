"""A visual prompt: a border, learnt around every picture, with the mapping of classes made anew on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, optim

from analysis.transfer.mapping import frequencies, greedy
from analysis.transfer.probe import rates
from analysis.transfer.target import Shape, in_channels, resized
from pruning.data.base import LEVELS, used_rows

STEPS, RATE = 150, 0.05
EVERY = 5
"""Steps between two mappings."""
BATCH = 128
"""Images a step, and at once."""
COUNTED = 500
"""Images that the mappings on the way are made from, at most; the last is made from all."""

Network = Callable[[Tensor], Tensor]
"""Images float32 [N, C, H, W] in [0, 1] to logits [N, S]; gradients reach the images."""


@dataclass(frozen=True)
class Frame:
    """Where the picture stands in a network's input of `shape`: it has the size `inner` (height, width), centred."""

    shape: Shape
    inner: tuple[int, int]

    @classmethod
    def of(cls, shape: Shape, share: float) -> Frame:
        """A picture that takes such a share of each side, rounded to whole pixels, 1 at least."""
        high, wide = (min(max(round(share * side), 1), side) for side in shape[1:])
        return cls(shape, (high, wide))

    @property
    def corner(self) -> tuple[int, int]:
        """The first row and column of the picture."""
        return (self.shape[1] - self.inner[0]) // 2, (self.shape[2] - self.inner[1]) // 2

    def border(self) -> Tensor:
        """1 where the border is, else 0: float32 [1, H, W]."""
        (top, left), (height, width) = self.corner, self.inner
        found = torch.ones(1, *self.shape[1:])
        found[:, top : top + height, left : left + width] = 0
        return found

    def fitted(self, images: Tensor) -> Tensor:
        """Images uint8 [N, C, H, W] in the network's channels and the size of the picture, uint8 as well."""
        parts = [resized(in_channels(part, self.shape[0]), *self.inner) for part in images.split(BATCH)]
        return torch.cat([(part * (LEVELS - 1)).round().to(torch.uint8) for part in parts])

    def placed(self, pictures: Tensor) -> Tensor:
        """Pictures of `fitted` in the middle, and 0 around them: float32 in [0, 1], of the network's shape."""
        (top, left), (height, width) = self.corner, self.inner
        below, right = self.shape[1] - top - height, self.shape[2] - left - width
        return F.pad(pictures.float() / (LEVELS - 1), (left, right, top, below))


@dataclass(frozen=True, eq=False)
class Prompt:
    """What was learnt.

    Attributes:
        frame: where the picture stands.
        pixels: float32 [C, H, W] in [0, 1], 0 where the picture is; all 0 where there is no border.
        mapping: int64 [T], the network's class of each of the target's.
        counts: int64 [S, T], how often the training images of each class were predicted as each of the network's.
    """

    frame: Frame
    pixels: Tensor
    mapping: Tensor
    counts: Tensor

    def logits(self, network: Network, pictures: Tensor) -> Tensor:
        """The logits of the target's classes [N, T], of pictures of `Frame.fitted`."""
        return _shown(network, self.frame, pictures, self.pixels)[:, self.mapping]


def without(network: Network, pictures: Tensor, labels: Tensor, classes: int, frame: Frame) -> Prompt:
    """The mapping alone: the picture at the same place in black, without a border.

    Args:
        network: stays as it is.
        pictures: of `Frame.fitted`.
        labels: int64 [N].
        classes: of the target; no more than of the network.
        frame: where the pictures stand.
    """
    pixels = torch.zeros(frame.shape, device=pictures.device)
    return Prompt(frame, pixels, *_mapped(network, frame, pictures, labels, classes, pixels))


def learn(
    network: Network, pictures: Tensor, labels: Tensor, classes: int, frame: Frame, draws: torch.Generator
) -> Prompt:
    """A border that lowers the cross-entropy of the mapped classes, by `STEPS` steps of Adam, from mid-grey.

    The mapping is made anew every `EVERY` steps by what the network predicts under the border of that step, and once
    more at the end, so that it is that of the border that is handed back.

    Args:
        network: stays as it is.
        pictures: of `Frame.fitted`; of more than `BATCH` a step sees so many, drawn by `draws`.
        labels: int64 [N].
        classes: of the target; no more than of the network.
        frame: where the pictures stand.
        draws: a generator on the CPU.
    """
    border = frame.border().to(pictures.device)
    raw = torch.zeros(frame.shape, device=pictures.device, requires_grad=True)
    optimiser, mapping, some = optim.Adam([raw], RATE), torch.empty(0), used_rows(len(labels), COUNTED)
    for step, rate in enumerate(rates(RATE, STEPS)):
        pixels = raw.sigmoid() * border
        if step % EVERY == 0:
            mapping, _ = _mapped(network, frame, pictures[some], labels[some], classes, pixels.detach())
        optimiser.param_groups[0]["lr"] = rate
        rows = torch.randperm(len(labels), generator=draws)[:BATCH] if len(labels) > BATCH else slice(None)
        optimiser.zero_grad()
        logits = network(frame.placed(pictures[rows]) + pixels)
        F.cross_entropy(logits[:, mapping], labels[rows]).backward()
        optimiser.step()
    pixels = raw.detach().sigmoid() * border
    return Prompt(frame, pixels, *_mapped(network, frame, pictures, labels, classes, pixels))


def _mapped(
    network: Network, frame: Frame, pictures: Tensor, labels: Tensor, classes: int, pixels: Tensor
) -> tuple[Tensor, Tensor]:
    """The mapping under a border, and the counts that it is made from."""
    counts, summed = frequencies(_shown(network, frame, pictures, pixels), labels, classes)
    return greedy(counts, summed), counts


@torch.no_grad()
def _shown(network: Network, frame: Frame, pictures: Tensor, pixels: Tensor) -> Tensor:
    return torch.cat([network(frame.placed(part) + pixels) for part in pictures.split(BATCH)])
