"""torchvision's data sets from a local root; downloaded only by `download`, which only a user's wish calls.

torchvision takes seconds to import, so that it is imported when a data set is read or fetched.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pruning.data.base import PARTIAL, Dataset, DownloadableData, Split, make_dataset
from pruning.errors import UserError
from pruning.files import alone_in

DIGITS = tuple("0123456789")
IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
Content = tuple[Sequence[str], Split, Split]
"""Names of the classes, training and test images."""


@dataclass(frozen=True)
class TorchvisionData(DownloadableData):
    """How a data set lies on the disk.

    Attributes:
        maker: the name of torchvision's class.
        files: what lies below the root.
        decode: reads them.
        classes: their names; torchvision's class says them where there are none.
    """

    name: str
    maker: str
    files: tuple[str, ...]
    decode: Callable[["TorchvisionData", Path], Content]
    megabytes: float
    unpacked: float
    classes: tuple[str, ...] = DIGITS

    @property
    def torch_class(self) -> Any:
        """The class of torchvision."""
        import torchvision

        return getattr(torchvision.datasets, self.maker)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where torchvision fetches the files from, as its class says."""
        made = self.torch_class
        if hasattr(made, "resources"):
            return tuple(f"{made.mirrors[0]}{file}" for file, _ in made.resources)
        if hasattr(made, "split_list"):
            return tuple(made.split_list[part][0] for part in ("train", "test"))
        return (made.url,)

    def is_there(self, root: Path) -> bool:
        """Whether the files lie below `root`."""
        return all((root / file).exists() for file in self.files)

    def read(self, root: Path) -> Dataset:
        """The data set below `root`; UserError when it is not there or damaged."""
        if not self.is_there(root):
            raise UserError(
                f"The data set '{self.name}' is not in {root}; add --download to fetch it, or name the folder that "
                "holds it in the environment variable PRUNING_DATA."
            )
        try:
            classes, train, test = self.decode(self, root)
        except (OSError, EOFError, RuntimeError, ValueError, AssertionError, KeyError, IndexError) as error:
            raise UserError(
                f"The data set '{self.name}' in {root} is damaged or incomplete; remove {root / self.files[0]} and add "
                "--download to fetch it again."
            ) from error
        return make_dataset(self.name, classes, train, test)

    def download(self, root: Path, folder: Path | None = None) -> None:
        """Fetch the data set into `root` by torchvision, which checks the files' MD5.

        The files go into `folder` first (one below `root` that is made and removed, if None) and are moved when all
        are there, so a failure or a kill leaves nothing half-written. The archive is not kept.

        Raises:
            UserError: the download failed.
        """
        try:
            root.mkdir(parents=True, exist_ok=True)
            if folder is not None:
                self._fetch(root, folder)
                return
            with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=root) as made, alone_in(Path(made), "in use"):
                self._fetch(root, Path(made))
        except (OSError, EOFError, RuntimeError, ValueError) as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
            raise UserError(
                f"The data set '{self.name}' could not be downloaded to {root} ({reason}); check the network, or put "
                "the files there yourself."
            ) from error

    def _fetch(self, root: Path, folder: Path) -> None:
        for part in self.parts:
            self.torch_class(folder, **part, download=True)
        for file in self.files:
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            os.replace(folder / file, root / file)

    @property
    def parts(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """How torchvision's class is asked for training and for test images."""
        if self.maker == "SVHN":
            return {"split": "train"}, {"split": "test"}
        return {"train": True}, {"train": False}


def _decode_idx(source: TorchvisionData, root: Path) -> Content:
    """MNIST's format, read file by file: torchvision's class would also unpickle an old `processed` folder."""
    from torchvision.datasets.mnist import read_image_file, read_label_file

    paths = [str(root / file) for file in source.files]
    train, test = (Split(read_image_file(paths[i])[:, None], read_label_file(paths[i + 1])) for i in (0, 2))
    if len(train.images) != len(train.labels) or len(test.images) != len(test.labels):
        raise ValueError("images and labels differ in number")
    return source.classes or source.torch_class.classes, train, test


def _decode_cifar(source: TorchvisionData, root: Path) -> Content:
    """CIFAR's files are pickles; torchvision opens them only when their MD5 is that of the published ones."""
    found = [source.torch_class(root, **part) for part in source.parts]
    train, test = (_split(np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)), part.targets) for part in found)
    return found[0].classes, train, test


def _decode_svhn(source: TorchvisionData, root: Path) -> Content:
    train, test = (source.torch_class(root, **part) for part in source.parts)
    return source.classes, _split(train.data, train.labels), _split(test.data, test.labels)


def _split(images: np.ndarray, labels: Any) -> Split:
    return Split(torch.from_numpy(np.ascontiguousarray(images)), torch.as_tensor(labels, dtype=torch.int64))


DATA = [
    TorchvisionData("mnist", "MNIST", tuple(f"MNIST/raw/{file}" for file in IDX), _decode_idx, 11.6, 54.9),
    TorchvisionData(
        "fashion-mnist",
        "FashionMNIST",
        tuple(f"FashionMNIST/raw/{file}" for file in IDX),
        _decode_idx,
        30.9,
        54.9,
        classes=(),
    ),
    TorchvisionData("cifar10", "CIFAR10", ("cifar-10-batches-py",), _decode_cifar, 170.5, 186.2),
    TorchvisionData("cifar100", "CIFAR100", ("cifar-100-python",), _decode_cifar, 169.0, 186.2),
    TorchvisionData("svhn", "SVHN", ("train_32x32.mat", "test_32x32.mat"), _decode_svhn, 246.3, 246.3),
]
