"""A data set in a file of its own: what a study made of arrays or a loader has its images from.

``file:PATH/NAME.DIGEST.safetensors`` names one by what is in it. Images as uint8 and labels as int64, of both parts;
names of classes, mean and standard deviation stand in the file's header.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from pruning.data.base import Dataset, DataSource, Split
from pruning.data.lazy import whole
from pruning.errors import UserError
from pruning.files import user_path, write_atomically

PREFIX = "file:"
FORM = f"{PREFIX}PATH"
SUFFIX = ".safetensors"
AT_ONCE = 256  # images
KINDS = {torch.uint8: "U8", torch.int64: "I64"}
PARTS = ("train images", "train labels", "test images", "test labels")


@dataclass(frozen=True)
class StoredData(DataSource):
    """A data set in the file `path`, which studies know by `name`."""

    name: str
    path: Path

    @classmethod
    def named(cls, name: str) -> Self:
        """The data set that ``file:PATH`` names. Raises UserError where that is no such file's name."""
        path = user_path(name.removeprefix(PREFIX))
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
    tensors = {name: tensor.cpu() for name, tensor in zip(PARTS, parts, strict=True)}
    said = {"classes": list(data.classes), "mean": list(data.mean), "std": list(data.std)}
    path = folder.resolve() / f"data.{_digest(tensors, said)}{SUFFIX}"
    if not path.exists():
        write_atomically(path, partial(_save, tensors, {"dataset": json.dumps(said)}))
    return f"{PREFIX}{path}"


def _digest(tensors: dict[str, Tensor], said: object) -> str:
    """16 hex digits of what is in it."""
    digest = hashlib.blake2b(json.dumps(said, sort_keys=True).encode(), digest_size=8)
    for name in PARTS:
        digest.update(f"{name} {list(tensors[name].shape)} {tensors[name].dtype}\n".encode())
        for content in _contents(tensors[name]):
            digest.update(content)
    return digest.hexdigest()


def _save(tensors: Mapping[str, Tensor], metadata: dict[str, str], path: Path) -> None:
    """Write a file of safetensors, images at a time: they may be more than memory holds."""
    header: dict[str, Any] = {"__metadata__": metadata}
    begin = 0
    for name, tensor in tensors.items():
        size = tensor.numel() * tensor.element_size()
        offsets = [begin, begin + size]
        header[name] = {"dtype": KINDS[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        begin += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.writelines(_contents(tensor))


def _contents(tensor: Tensor) -> Iterator[Any]:
    """The bytes of a tensor, some images at a time."""
    for part in tensor.split(AT_ONCE) if len(tensor) else ():
        yield whole(part).contiguous().numpy().tobytes()
