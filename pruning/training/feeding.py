"""What the training loop is fed with: a data set in memory, or what gives batches of its own."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pruning.data import Dataset
from pruning.errors import UserError
from pruning.tasks import Batch, Task
from pruning.training.augmentation import draw_moves
from pruning.training.config import Training
from pruning.training.evaluation import evaluate_again
from pruning.training.inputs import Inputs
from pruning.training.seeds import generator
from pruning.training.shared import Group

Ready = tuple[int, int, Callable[[], Batch]]
"""An iteration, how many images it sees, and what gives its batch."""

Tested = Callable[[], tuple[float, float]]
"""Gives the score and the loss of a network on what it is tested on, as it is by now."""


class Feed(Protocol):
    """What a network is trained and tested on.

    Attributes:
        shape: that of one input.
        per_epoch: batches in an epoch.
        largest: more than 1 where any batch has more images.
    """

    shape: tuple[int, int, int]
    per_epoch: int
    largest: int

    def begin(self, model: nn.Module, device: torch.device, macs: int) -> None:
        """Make ready for a network that is on a device and has so many multiply-adds an image."""

    def epoch(self, epoch: int, first: int, last: int) -> Iterator[Ready]:
        """Give iterations `first` to `last` - 1, which lie in that epoch; both are counted from 0."""

    def tested(self, model: nn.Module, device: torch.device, macs: int, precision: str, task: Task) -> Tested | None:
        """Give what tests the network; None where there is nothing to test it on."""


class DatasetFeed:
    """A `Feed` of a data set: order and augmentation of an epoch depend on the seed and its number alone.

    Where several devices share batches, `group` says which part of each is this one's.
    """

    def __init__(self, data: Dataset, config: Training, seed: int, group: Group | None = None) -> None:
        self.data, self.config, self.seed, self.group = data, config, seed, group
        self.shape, self.per_epoch = data.shape, iterations_per_epoch(data, config)
        self.largest = min(config.batch_size, len(data.train.labels))

    def begin(self, model: nn.Module, device: torch.device, macs: int) -> None:
        """Put the inputs where they are needed."""
        moved = self.config.augment != "none"
        self.inputs = Inputs(self.data, self.data.train, model, device, macs, moved=moved)

    def epoch(self, epoch: int, first: int, last: int) -> Iterator[Ready]:
        """Give iterations of an epoch."""
        count, augment, moves = len(self.data.train.labels), self.config.augment, None
        if augment != "none":
            moves = draw_moves(count, self.data.shape, augment, generator(self.seed, "augment", epoch))
        for step, rows in shuffled(count, self.config.batch_size, self.seed, epoch, first, last):
            own = rows if self.group is None else self.group.part(rows)
            yield step, len(rows), partial(self.inputs.batch, own, moves)

    def tested(self, model: nn.Module, device: torch.device, macs: int, precision: str, task: Task) -> Tested:
        """Give what tests the network on the test set."""
        inputs = Inputs(self.data, self.data.test, model, device, macs)
        return partial(evaluate_again, model, inputs, precision, task)


def needs_several(model: nn.Module) -> bool:
    """Whether a network, in its mode, takes mean and variance of each batch, which one image does not give."""
    return any(isinstance(module, _BatchNorm) and module.training for module in model.modules())


def refuse_single_images(model: nn.Module) -> None:
    """Raise UserError where a network to be trained on batches of one image needs several, in the mode that it has."""
    if needs_several(model):
        raise UserError(
            "The network has batch norms, which take mean and variance over several images, and each batch of its "
            "training has one; give it a `batch_size` of 2 or more."
        )


def shuffled(count: int, batch_size: int, seed: int, epoch: int, first: int, last: int) -> Iterator[tuple[int, Tensor]]:
    """Give iterations `first` to `last` - 1 of an epoch, and the rows, int64, that each sees of so many."""
    order = torch.randperm(count, generator=generator(seed, "order", epoch))
    begin = epoch * math.ceil(count / batch_size)
    for step in range(first, last):
        offset = (step - begin) * batch_size
        yield step, order[offset : offset + batch_size]


def iterations_per_epoch(data: Dataset, config: Training) -> int:
    """Batches in an epoch, the last and smaller one included."""
    return math.ceil(len(data.train.labels) / config.batch_size)
