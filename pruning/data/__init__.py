"""Data sets by name: embedded ones first, then torchvision's from a local root, then any folder of images.

`load_data` gives a whole data set as uint8 tensors in memory; `normalise` makes a network's input of a batch of them.
A new source is a file here and a line in `_read`.
"""

import os
from functools import lru_cache
from pathlib import Path

from pruning.data import embedded, folder
from pruning.data.base import Dataset, Split, normalise
from pruning.errors import UserError, unknown

__all__ = ["EMBEDDED", "TORCHVISION", "Dataset", "Split", "available", "data_root", "load_data", "normalise"]

EMBEDDED: tuple[str, ...] = tuple(embedded.READERS)
"""Data sets that come with the installed packages: always there."""
TORCHVISION: tuple[str, ...] = ("mnist", "fashion-mnist", "cifar10", "cifar100", "svhn")
"""Data sets that torchvision reads from a local root and can download. `local`, which reads them, is imported when one
is asked for: torchvision takes seconds to import."""


def load_data(name: str, root: str | Path | None = None, download: bool = False) -> Dataset:
    """The data set of that name, whole and in memory; a second call in the same process gives the same object.

    Args:
        name: one of `EMBEDDED` or `TORCHVISION`, or ``folder:PATH`` for images in PATH/train/CLASS and PATH/test/CLASS.
        root: where the data sets of torchvision lie; default `data_root()`. The other kinds do not use it.
        download: fetch a data set of torchvision that is not there. Nothing is fetched otherwise.

    Raises:
        UserError: unknown name, data that is not there, damaged files, a download that failed, or a folder whose
            images do not make a data set.
    """
    check_name(name)
    place = data_root(root)
    if download and name in TORCHVISION:
        from pruning.data import local

        if not local.is_there(name, place):
            local.download(name, place)
    return _read(name, place)


def available(name: str, root: str | Path | None = None) -> bool:
    """Whether `load_data` would find the data without a download (whether it is sound is seen when it is read).

    Raises UserError when the name is unknown.
    """
    check_name(name)
    if name in TORCHVISION:
        from pruning.data import local

        return local.is_there(name, data_root(root))
    return name in EMBEDDED or folder.is_there(folder.path_of(name))


def data_root(root: str | Path | None = None) -> Path:
    """The folder that holds torchvision's data sets: `root`, else the environment's PRUNING_DATA, else ``./data``."""
    return Path(root or os.environ.get("PRUNING_DATA") or "data").expanduser()


def check_name(name: str) -> None:
    """Raise UserError, with the nearest name, unless `name` is that of a data set."""
    if name in EMBEDDED or name in TORCHVISION:
        return
    if not name.startswith(folder.PREFIX):
        raise unknown("data set", name, (*EMBEDDED, *TORCHVISION, f"{folder.PREFIX}PATH"))
    if name == folder.PREFIX:
        raise UserError(f"The data set '{name}' names no folder; write {folder.PREFIX}PATH.")


@lru_cache(maxsize=4)
def _read(name: str, root: Path) -> Dataset:
    if name in EMBEDDED:
        return embedded.READERS[name]()
    if name in TORCHVISION:
        from pruning.data import local

        return local.read(name, root)
    return folder.read(name)
