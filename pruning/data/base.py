"""What a data set is to the rest of the project: uint8 images, labels, names of the classes, and a normalisation."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

LEVELS = 256
PARTIAL = ".fetching-"
"""Begins the name of a folder into which a download goes."""


# Compared by identity: a comparison field by field would compare whole tensors.
@dataclass(frozen=True, eq=False)
class Split:
    """Images uint8 [N, C, H, W] and labels int64 [N], each in 0 .. number of classes - 1."""

    images: Tensor
    labels: Tensor


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set in memory.

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
        """What `make` gives."""
        return self.make()


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
    """A data set normalised by the statistics of its training images."""
    mean, std = channel_statistics(train.images)
    return Dataset(name, tuple(classes), train, test, mean, std)


def channel_statistics(images: Tensor) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel of uint8 [N, C, H, W] on the scale 0-1, to six decimals.

    Taken from counts of the 256 levels, so that no rounding depends on the number of images or of threads. A channel
    that is everywhere the same gets a deviation of 1.
    """
    levels = np.arange(LEVELS) / (LEVELS - 1)
    means, deviations = [], []
    for channel in range(images.shape[1]):
        counts = torch.bincount(images[:, channel].reshape(-1), minlength=LEVELS).numpy()
        mean = float(np.average(levels, weights=counts))
        deviation = float(np.sqrt(np.average((levels - mean) ** 2, weights=counts)))
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
