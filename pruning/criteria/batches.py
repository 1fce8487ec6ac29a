"""The batches of labelled images that criteria look at."""

from collections.abc import Iterator, Sequence
from typing import overload

import torch
from torch import Tensor

from pruning.data import Dataset, normalise

Batch = tuple[Tensor, Tensor]
Batches = Sequence[Batch]


class TrainingBatches(Batches):
    """Training images of a data set, each batch normalised when it is asked for, so that one is in memory at a time.

    `rows` are those of the images in each batch. Batches are as in `Context`.
    """

    def __init__(self, data: Dataset, rows: Sequence[Tensor], device: torch.device) -> None:
        self.data, self.rows, self.device = data, rows, device

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Batch: ...
    @overload
    def __getitem__(self, place: slice) -> Batches: ...
    def __getitem__(self, place: int | slice) -> Batch | Batches:
        if isinstance(place, slice):
            return TrainingBatches(self.data, self.rows[place], self.device)
        rows, data = self.rows[place], self.data
        images = normalise(data.train.images[rows], data.mean, data.std)
        return images.to(self.device), data.train.labels[rows].to(self.device)


def count_images(batches: Batches) -> int:
    """How many images there are in all batches."""
    parts = batches.rows if isinstance(batches, TrainingBatches) else [labels for _, labels in batches]
    return sum(map(len, parts))


def without_single(batches: Batches) -> Iterator[Batch]:
    """The batches with a last batch of one image joined to the one before: one image has no batch statistics."""
    last = len(batches) - 1
    alone = last > 0 and len(batches[last][1]) == 1
    for place in range(last - 1 if alone else last + 1):
        yield batches[place]
    if alone:
        (images, labels), (image, label) = batches[last - 1], batches[last]
        yield torch.cat([images, image]), torch.cat([labels, label])
