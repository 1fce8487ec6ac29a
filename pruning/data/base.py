"""What a data set is to the rest of the project: uint8 images, labels, names of the classes, and a normalisation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pruning.data.arrays import Layout, class_numbers, image_bytes, split_by_content
from pruning.data.gathering import gathered
from pruning.errors import UserError
from pruning.registry import Registry, of_plugin

LEVELS = 256
COUNTED = 500  # images whose levels are counted at once
PARTIAL = ".fetching-"
"""Begins the name of a folder into which a download goes."""


# Compared by identity: a comparison field by field would compare whole tensors.
@dataclass(frozen=True, eq=False)
class Split:
    """Images uint8 [N, C, H, W] and labels int64 [N], each in 0 .. number of classes - 1.

    The images may lie on the disk (`pruning.data.lazy.LazyImages`); take batches of rows of them.
    """

    images: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, in memory or, where it is large, on the disk.

    Attributes:
        name: what it is known as.
        classes: their names.
        train, test: the two parts.
        mean, std: those of the training images, a value a channel, on the scale 0-1.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of one image."""
        channels, height, width = self.train.images.shape[1:]
        return channels, height, width

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    def normalised_by(self, mean: Iterable[float], std: Iterable[float]) -> Dataset:
        """The same images, normalised by other values than their own, such as those that a ticket's network expects."""
        return replace(self, mean=tuple(mean), std=tuple(std))

    def __repr__(self) -> str:
        size, parts = "x".join(map(str, self.shape)), (len(self.train.labels), len(self.test.labels))
        return f"<Dataset '{self.name}': {parts[0]:,} + {parts[1]:,} images of {size}, {self.num_classes} classes>"

    @classmethod
    def from_arrays(
        cls,
        images: Any,
        labels: Any,
        test_images: Any = None,
        test_labels: Any = None,
        *,
        name: str = "mine",
        classes: Sequence[str] | None = None,
        layout: Layout | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> Dataset:
        """Make a data set of arrays or tensors; recipes of this process and its workers know it by its name.

        Args:
            images: for training: whole numbers from 0 to 255 or floating in [0, 1], channels first or last or none.
            labels: of these, whole numbers from 0 or names.
            test_images: for testing; left out, a fifth of each class is, by the images' digests.
            test_labels: of these.
            name: a name stands for one content: tickets and studies know a data set by it.
            classes: the names of the classes; left out, their numbers.
            layout: of the images, where the place of the channels does not tell.
            mean: what floating images were normalised by, and what networks are to get them by; left out, networks get
                them by their own statistics.
            std: the same.

        Raises:
            UserError: they are no such images and labels, or a data set of that name ships with the project.
        """
        given = [(images, labels)] if test_images is None else [(images, labels), (test_images, test_labels)]
        shown = [image_bytes(each, layout, mean, std) for each, _ in given]
        return _at_hand(shown, [each for _, each in given], name, classes, mean, std)

    @classmethod
    def from_loader(
        cls,
        loader: Iterable[Any],
        test_loader: Iterable[Any] | None = None,
        *,
        name: str = "mine",
        classes: Sequence[str] | None = None,
        layout: Layout | None = None,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
    ) -> Dataset:
        """Make a data set of what loaders give in one pass; arguments and errors as `from_arrays`.

        Batches of more than 256 MB in all go to a file below ~/.cache/pruning, or PRUNING_CACHE, that is named by what
        is in it, so that no more than a batch is in memory. Loaders that augment give what they happen to; take one
        that does not, and `Training.augment`. What ``Normalize(mean, std)`` of torchvision did is said as `mean` and
        `std`. Names of classes are those of the loader's data set, where it has `classes`.
        """
        own = getattr(getattr(loader, "dataset", None), "classes", None)
        parts = [gathered(each, layout, mean, std) for each in (loader, test_loader) if each is not None]
        images, labels = [part[0] for part in parts], [part[1] for part in parts]
        return _at_hand(images, labels, name, classes or own, mean, std)


def _at_hand(
    images: Sequence[Tensor],
    labels: Sequence[Any],
    name: str,
    classes: Sequence[str] | None,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> Dataset:
    """A data set of images for training and for testing, or of those that are to be shared out; known by its name."""
    numbers, names = class_numbers(labels, [len(each) for each in images], classes)
    if len(images) == 1:
        rows = split_by_content(images[0].numpy(), numbers[0].numpy())
        parts = [Split(images[0][torch.from_numpy(part)], numbers[0][torch.from_numpy(part)]) for part in rows]
    else:
        parts = [Split(*each) for each in zip(images, numbers, strict=True)]
    if parts[0].images.shape[1:] != parts[1].images.shape[1:]:
        sizes = " and ".join("x".join(map(str, part.images.shape[1:])) for part in parts)
        raise UserError(f"Training and test images are of different sizes, {sizes}.")
    found = make_dataset(name, names, *parts)
    if mean is not None and std is not None:
        found = replace(found, mean=_each(mean, found.shape[0]), std=_each(std, found.shape[0]))
    DATASETS.register(EmbeddedData(name, lambda: found))
    return found


def _each(values: Sequence[float], channels: int) -> tuple[float, ...]:
    return tuple(map(float, values)) * (channels if len(values) == 1 else 1)


class DataSource(ABC):
    """Where the data set of that name comes from."""

    name: str

    @abstractmethod
    def read(self, root: Path) -> Dataset:
        """The data set; `root` is the folder of data that was fetched.

        Raises:
            UserError: it cannot be read.
        """

    def is_there(self, root: Path) -> bool:
        """Whether `read` needs no download."""
        return True


@dataclass(frozen=True)
class EmbeddedData(DataSource):
    """A data set that comes with installed packages or is made by code: `make` gives it without a download."""

    name: str
    make: Callable[[], Dataset]

    def read(self, root: Path) -> Dataset:
        """What `make` gives. Raises UserError where it fails and is a plugin's."""
        with of_plugin(f"The data set '{self.name}'"):
            return self.make()


DATASETS: Registry[DataSource] = Registry("data set", DataSource, "pruning.data")  # type: ignore[type-abstract]


class DownloadableData(DataSource):
    """A data set that `download` fetches into the folder of data, when the user wishes so.

    Attributes:
        megabytes: how much is fetched, in units of 10^6 bytes.
        unpacked: how many megabytes it then takes on the disk.
    """

    megabytes: float
    unpacked: float

    @property
    @abstractmethod
    def addresses(self) -> tuple[str, ...]:
        """Where the files are fetched from."""

    @abstractmethod
    def download(self, root: Path, folder: Path | None = None) -> None:
        """Fetch it into `root`: into `folder` below it first, so that a failure or a kill leaves nothing half-written.

        Raises:
            UserError: the download failed.
        """


def make_dataset(name: str, classes: Sequence[str], train: Split, test: Split) -> Dataset:
    """A data set normalised by the statistics of its training images. Raises UserError as `check_form`."""
    check_form(name, len(classes), train, test)
    mean, std = channel_statistics(train.images)
    return Dataset(name, tuple(classes), train, test, mean, std)


def check_form(name: str, classes: int, *parts: Split) -> None:
    """Raise UserError where images are not uint8 [N, C, H, W], or labels not int64 [N] below the number of classes."""
    for part in parts:
        images, labels = part.images, part.labels
        for what, values, kind, dimensions in (
            ("images", images, torch.uint8, "[N, C, H, W]"),
            ("labels", labels, torch.int64, "[N]"),
        ):
            if values.dtype != kind or values.ndim != dimensions.count(",") + 1 or len(values) != len(labels):
                said, wanted = (str(each).removeprefix("torch.") for each in (values.dtype, kind))
                raise UserError(
                    f"The {what} of the data set '{name}' are {said} {list(values.shape)}; they are to be {wanted} "
                    f"{dimensions}, with as many labels as images, as `Dataset.from_arrays` makes them."
                )
        if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
            raise UserError(
                f"Labels of the data set '{name}' are {int(labels.min())} to {int(labels.max())}; they are to name one "
                f"of its {classes} classes, numbered from 0."
            )


def channel_statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of uint8 [N, C, H, W] on the scale 0-1, to six decimals.

    Taken from counts of the 256 levels, so that no rounding depends on the number of images or of threads. A channel
    that is everywhere the same gets a deviation of 1.
    """
    counts = np.zeros((images.shape[1], LEVELS), dtype=np.int64)
    for part in images.split(COUNTED):
        for channel in range(len(counts)):
            counts[channel] += torch.bincount(part[:, channel].reshape(-1), minlength=LEVELS).numpy()
    return statistics_of_levels(counts)


def statistics_of_levels(counts: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """`channel_statistics` of how often each channel has each level, int64 [C, 256]."""
    levels = np.arange(LEVELS) / (LEVELS - 1)
    means, deviations = [], []
    for each in counts:
        mean = float(np.average(levels, weights=each))
        deviation = float(np.sqrt(np.average((levels - mean) ** 2, weights=each)))
        means.append(round(mean, 6))
        deviations.append(round(deviation, 6) or 1.0)
    return tuple(means), tuple(deviations)


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """A network's input: uint8 [N, C, H, W] to float32 (x / 255 - mean) / std, on the images' device."""
    values = images.to(torch.float32, copy=True).div_(LEVELS - 1)
    return values.sub_(_per_channel(mean, values)).div_(_per_channel(std, values))


def _per_channel(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor(list(values), dtype=like.dtype, device=like.device).view(1, -1, 1, 1)


def used_rows(images: int, samples: int | None) -> slice | Tensor:
    """The rows of a set of images that are used when `samples` of them are asked for, as an index: int64 or a slice.

    Evenly spaced over all of it, so that a set that is sorted by class keeps all its classes in their shares; all rows
    when no fewer are asked for than there are.
    """
    if samples is None or samples >= images:
        return slice(None)
    if images % samples == 0:
        return slice(0, images, images // samples)
    return torch.arange(samples) * images // samples
