"""A data set in a file of its own: what a study made of arrays or a loader has its images from.

``file:PATH/NAME.DIGEST.safetensors`` names one by what is in it. Images as uint8 and labels as int64, of both parts;
names of classes, mean and standard deviation stand in the file's header.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from pruning.data.base import Dataset, DataSource, Split
from pruning.errors import UserError
from pruning.files import write_atomically

PREFIX = "file:"
FORM = f"{PREFIX}PATH"
SUFFIX = ".safetensors"
PARTS = ("train images", "train labels", "test images", "test labels")


@dataclass(frozen=True)
class StoredData(DataSource):
    """A data set in the file `path`, which studies know by `name`."""

    name: str
    path: Path

    @classmethod
    def named(cls, name: str) -> Self:
        """The data set that ``file:PATH`` names. Raises UserError where that is no such file's name."""
        path = Path(name.removeprefix(PREFIX)).expanduser()
        if path.suffix != SUFFIX or len(path.suffixes) < 2:
            raise UserError(
                f"The data set '{name}' should be {PREFIX}PATH/NAME.DIGEST{SUFFIX}, as `Study.create` writes."
            )
        return cls(name, path)

    def is_there(self, root: Path) -> bool:
        """Whether the file is."""
        return self.path.is_file()

    def read(self, root: Path) -> Dataset:
        """The data set.

        Raises:
            UserError: the file is not there, damaged, or another's.
        """
        if not self.path.is_file():
            raise UserError(f"The images of the study are not at {self.path}; put the file there, or mend `data`.")
        try:
            with safe_open(self.path, "pt") as file:
                said = json.loads((file.metadata() or {})["dataset"])
                tensors = {name: file.get_tensor(name) for name in PARTS}
            if _digest(tensors, said) != self.path.suffixes[-2][1:]:
                raise ValueError
            train, test = (
                Split(*(tensors[f"{part} {what}"] for what in ("images", "labels"))) for part in ("train", "test")
            )
            return Dataset(self.name, tuple(said["classes"]), train, test, tuple(said["mean"]), tuple(said["std"]))
        except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError):
            raise UserError(f"{self.path} is damaged, or no data set that `Study.create` wrote.") from None


def write(data: Dataset, folder: Path) -> str:
    """Write a data set into a folder, and return the name by which `load_data` gives it.

    Raises:
        WriteError: the disk will not take it.
    """
    parts = (data.train.images, data.train.labels, data.test.images, data.test.labels)
    tensors = {name: tensor.cpu().contiguous() for name, tensor in zip(PARTS, parts, strict=True)}
    said = {"classes": list(data.classes), "mean": list(data.mean), "std": list(data.std)}
    path = folder.resolve() / f"data.{_digest(tensors, said)}{SUFFIX}"
    if not path.exists():
        write_atomically(path, partial(save_file, tensors, metadata={"dataset": json.dumps(said)}))
    return f"{PREFIX}{path}"


def _digest(tensors: dict[str, Tensor], said: object) -> str:
    """16 hex digits of what is in it."""
    digest = hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=8)
    for name in PARTS:
        digest.update(f"{name} {list(tensors[name].shape)} {tensors[name].dtype}\n".encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()
