"""torchvision's data sets from a local root; downloaded only by `download`, which only a user's wish calls."""

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

DIGITS = tuple("0123456789")
IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


@dataclass(frozen=True)
class Source:
    """How a data set lies on the disk: torchvision's class, its files below the root, and their reader."""

    maker: Callable[..., Any]
    files: tuple[str, ...]
    read: Callable[["Source", Path], tuple[Sequence[str], Split, Split]]
    classes: tuple[str, ...] = DIGITS


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


def download(name: str, root: Path) -> None:
    """Fetch the data set into `root` by torchvision, which checks the files' MD5; UserError when that fails."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        for part in _parts(SOURCES[name]):
            SOURCES[name].maker(root, **part, download=True)
    except (OSError, EOFError, RuntimeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise UserError(
            f"The data set '{name}' could not be downloaded to {root} ({reason}); check the network, or put the files "
            "there yourself."
        ) from error


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
    "mnist": Source(datasets.MNIST, tuple(f"MNIST/raw/{file}" for file in IDX), _read_idx),
    "fashion-mnist": Source(
        datasets.FashionMNIST,
        tuple(f"FashionMNIST/raw/{file}" for file in IDX),
        _read_idx,
        tuple(datasets.FashionMNIST.classes),
    ),
    "cifar10": Source(datasets.CIFAR10, ("cifar-10-batches-py",), _read_cifar),
    "cifar100": Source(datasets.CIFAR100, ("cifar-100-python",), _read_cifar),
    "svhn": Source(datasets.SVHN, ("train_32x32.mat", "test_32x32.mat"), _read_svhn),
}
