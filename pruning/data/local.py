"""torchvision's data sets from a local root; downloaded only by `download`, which only a user's wish calls."""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torchvision import datasets
from torchvision.datasets.mnist import read_image_file, read_label_file

from pruning.data.base import Dataset, Split, make_dataset
from pruning.errors import UserError
from pruning.files import alone_in

DIGITS = tuple("0123456789")
IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
PARTIAL = ".fetching-"
"""Begins the name of a folder into which a download goes."""


@dataclass(frozen=True)
class Source:
    """How a data set lies on the disk: torchvision's class, its files below the root, and their reader.

    `megabytes` (of 10^6 bytes) are downloaded and `unpacked` ones stay on the disk, as the published files have them.
    """

    maker: Any
    files: tuple[str, ...]
    read: Callable[["Source", Path], tuple[Sequence[str], Split, Split]]
    classes: tuple[str, ...] = DIGITS
    megabytes: float = 0.0
    unpacked: float = 0.0

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where torchvision fetches the files from, as its class says."""
        if hasattr(self.maker, "resources"):
            return tuple(f"{self.maker.mirrors[0]}{file}" for file, _ in self.maker.resources)
        if hasattr(self.maker, "split_list"):
            return tuple(self.maker.split_list[part][0] for part in ("train", "test"))
        return (self.maker.url,)


def read(name: str, root: Path) -> Dataset:
    """The data set of that name below `root`; UserError when it is not there or damaged."""
    if not is_there(name, root):
        raise UserError(
            f"The data set '{name}' is not in {root}; add --download to fetch it, or name the folder that holds it "
            "in the environment variable PRUNING_DATA."
        )
    source = SOURCES[name]
    try:
        classes, train, test = source.read(source, root)
    except (OSError, EOFError, RuntimeError, ValueError, AssertionError, KeyError, IndexError) as error:
        raise UserError(
            f"The data set '{name}' in {root} is damaged or incomplete; remove {root / source.files[0]} and add "
            "--download to fetch it again."
        ) from error
    return make_dataset(name, classes, train, test)


def is_there(name: str, root: Path) -> bool:
    """Whether the files of the data set lie below `root`."""
    return all((root / file).exists() for file in SOURCES[name].files)


def download(name: str, root: Path, folder: Path | None = None) -> None:
    """Fetch the data set into `root` by torchvision, which checks the files' MD5.

    The files go into `folder` first (one below `root` that is made and removed, if None) and are moved when all are
    there, so a failure or a kill leaves nothing half-written. The archive is not kept.

    Raises:
        UserError: the download failed.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        if folder is not None:
            _fetch(name, root, folder)
            return
        with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=root) as made, alone_in(Path(made), "in use"):
            _fetch(name, root, Path(made))
    except (OSError, EOFError, RuntimeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise UserError(
            f"The data set '{name}' could not be downloaded to {root} ({reason}); check the network, or put the files "
            "there yourself."
        ) from error


def _fetch(name: str, root: Path, folder: Path) -> None:
    source = SOURCES[name]
    for part in _parts(source):
        source.maker(folder, **part, download=True)
    for file in source.files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        os.replace(folder / file, root / file)


def _parts(source: Source) -> tuple[dict[str, Any], dict[str, Any]]:
    if source.maker is datasets.SVHN:
        return {"split": "train"}, {"split": "test"}
    return {"train": True}, {"train": False}


def _read_idx(source: Source, root: Path) -> tuple[Sequence[str], Split, Split]:
    """MNIST's format, read file by file: torchvision's class would also unpickle an old `processed` folder."""
    images, labels = read_image_file, read_label_file
    paths = [str(root / file) for file in source.files]
    train, test = (Split(images(paths[i])[:, None], labels(paths[i + 1])) for i in (0, 2))
    if len(train.images) != len(train.labels) or len(test.images) != len(test.labels):
        raise ValueError("images and labels differ in number")
    return source.classes, train, test


def _read_cifar(source: Source, root: Path) -> tuple[Sequence[str], Split, Split]:
    """CIFAR's files are pickles; torchvision opens them only when their MD5 is that of the published ones."""
    found = [source.maker(root, **part) for part in _parts(source)]
    train, test = (_split(np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)), part.targets) for part in found)
    return found[0].classes, train, test


def _read_svhn(source: Source, root: Path) -> tuple[Sequence[str], Split, Split]:
    train, test = (source.maker(root, **part) for part in _parts(source))
    return source.classes, _split(train.data, train.labels), _split(test.data, test.labels)


def _split(images: np.ndarray, labels: Any) -> Split:
    return Split(torch.from_numpy(np.ascontiguousarray(images)), torch.as_tensor(labels, dtype=torch.int64))


SOURCES: dict[str, Source] = {
    "mnist": Source(
        datasets.MNIST, tuple(f"MNIST/raw/{file}" for file in IDX), _read_idx, megabytes=11.6, unpacked=54.9
    ),
    "fashion-mnist": Source(
        datasets.FashionMNIST,
        tuple(f"FashionMNIST/raw/{file}" for file in IDX),
        _read_idx,
        tuple(datasets.FashionMNIST.classes),
        megabytes=30.9,
        unpacked=54.9,
    ),
    "cifar10": Source(datasets.CIFAR10, ("cifar-10-batches-py",), _read_cifar, megabytes=170.5, unpacked=186.2),
    "cifar100": Source(datasets.CIFAR100, ("cifar-100-python",), _read_cifar, megabytes=169.0, unpacked=186.2),
    "svhn": Source(datasets.SVHN, ("train_32x32.mat", "test_32x32.mat"), _read_svhn, megabytes=246.3, unpacked=246.3),
}
