"""Data sets that this process was sent: arrays, which all processes of a machine share."""

import warnings
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pruning.data.base import Dataset, Split
from pruning.data.lazy import LazyImages

_held: dict[str, Dataset] = {}


@dataclass(frozen=True)
class Packed:
    """A data set, and the name that it is asked for by.

    Images and labels of both parts are arrays of numpy; of images that lie on the disk only the file's name is sent.
    """

    asked: str
    name: str
    classes: tuple[str, ...]
    train: tuple[np.ndarray | LazyImages, np.ndarray]
    test: tuple[np.ndarray | LazyImages, np.ndarray]
    mean: tuple[float, ...]
    std: tuple[float, ...]


def hold(packed: Packed) -> None:
    """Let `load_data` give this data set in this process, whatever lies where it looks."""
    train, test = (Split(_tensor(images), _tensor(labels)) for images, labels in (packed.train, packed.test))
    _held[packed.asked] = Dataset(packed.name, packed.classes, train, test, packed.mean, packed.std)


def held(name: str) -> Dataset | None:
    """The data set of that name that this process was sent."""
    return _held.get(name)


def _tensor(values: np.ndarray | LazyImages) -> Tensor:
    if isinstance(values, LazyImages):
        return values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # memory that others share cannot be written, and is not
        return torch.from_numpy(values)
