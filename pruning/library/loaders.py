"""Training on what gives batches of its own: a DataLoader, a list of batches, a pair of tensors."""

from collections.abc import Iterator, Sized
from functools import partial
from typing import Any

import torch
from torch import nn

from pruning.criteria.batches import Batch
from pruning.errors import UserError
from pruning.library.labelled import check_classes, checked_pair, first_batches, is_pair, labelled_batches
from pruning.models.trial import first_weight
from pruning.tasks import Task
from pruning.tasks.classification import Classification
from pruning.training.config import Training
from pruning.training.feeding import Ready, Tested, shuffled
from pruning.training.precision import as_input, autocast
from pruning.training.seeds import generator


class LoaderFeed:
    """A `pruning.training.feeding.Feed` of whatever `prune` takes as data.

    A pair of tensors is cut into batches of the training's size, in an order that the seed decides; what gives batches
    is asked for them anew in every epoch, in its own order. What can be gone through once only is kept.
    """

    def __init__(self, data: Any, validation: Any, training: Training, seed: int) -> None:
        if training.augment != "none":
            raise UserError(
                f'augment="{training.augment}" moves images of a Dataset; have your loader augment its own.'
            )
        if training.until and "test" in training.until and validation is None:
            raise UserError(f'until="{training.until}" needs data to test on; give some, as `validation=loader`.')
        self.pair = checked_pair(data) if is_pair(data) else None
        self.data, self.validation = _repeatable(data, "data"), _repeatable(validation, "validation")
        self.training, self.seed = training, seed
        images = next(first_batches(self.data, None))[0]
        self.shape: tuple[int, int, int] = tuple(images.shape[1:])  # type: ignore[assignment] # of inputs of any kind
        self.per_epoch = self._count()
        self.largest = self._largest(len(images))
        self.classes: int | None = None  # of the network, where they are known

    def _count(self) -> int:
        if self.pair is not None:
            return -(-len(self.pair[1]) // self.training.batch_size)
        if isinstance(self.data, Sized):
            try:
                return len(self.data)
            except TypeError:  # a DataLoader of what has no length
                pass
        return sum(1 for _ in self.data)

    def _largest(self, first: int) -> int:
        """Images of a batch of several, where the first one has so many and any other may; 1 where there is none."""
        if self.pair is not None:
            return min(self.training.batch_size, first)
        if first > 1 or getattr(self.data, "batch_size", None) == 1:
            return first
        return max(len(labels) for _, labels in first_batches(self.data, None))

    def begin(self, model: nn.Module, device: torch.device, macs: int) -> None:
        """Note where batches are wanted, and of what type."""
        self.device, self.macs, self.dtype = device, macs, first_weight(model).dtype
        self.going: Iterator[Batch] = iter(())

    def epoch(self, epoch: int, first: int, last: int) -> Iterator[Ready]:
        """Give iterations of an epoch, going on where the one before in the same epoch ended."""
        if self.pair is not None:
            images, labels = self.pair
            for step, rows in shuffled(len(labels), self.training.batch_size, self.seed, epoch, first, last):
                yield step, len(rows), partial(self._ready, (images[rows.to(images.device)], labels[rows]))
            return
        if first == epoch * self.per_epoch:
            self.going = first_batches(self.data, None)
        for step in range(first, last):
            batch = next(self.going, None)
            if batch is None:  # fewer than it said
                self.going = first_batches(self.data, None)
                batch = next(self.going)
            yield step, len(batch[1]), partial(self._ready, batch)

    def tested(self, model: nn.Module, device: torch.device, macs: int, precision: str, task: Task) -> Tested | None:
        """Give what tests the network on the validation data; None where there are none."""
        if self.validation is None:
            return None

        def score() -> tuple[float, float]:
            batches = map(self._ready, first_batches(self.validation, None, "validation"))
            was_training = model.training
            model.eval()
            with torch.inference_mode(), autocast(precision, device):
                found = Classification().evaluate(model, None, batches, partial(generator, 0, "evaluation"))
            model.train(was_training)
            return found

        return score

    def _ready(self, batch: Batch) -> Batch:
        images, labels = batch[0].to(self.dtype), batch[1]
        check_classes(labels, self.classes)
        there = as_input(images, self.device, self.macs) if images.ndim == 4 else images.to(self.device)
        return there, labels.to(self.device)


def _repeatable(data: Any, name: str) -> Any:
    """The same, in a form that can be gone through many times."""
    if data is None or is_pair(data) or not hasattr(data, "__next__"):
        return data
    return labelled_batches(data, None, name=name)
