"""Data sets by name: embedded ones, torchvision's, some classes of one, folders of images, modular arithmetic.

`load_data` gives a whole data set as uint8 tensors in memory; `normalise` makes a network's input of a batch of them.
A new data set is a `DataSource` in a file here, or in the user's code with ``DATASETS.register(...)``.
"""

import contextlib
import os
from functools import lru_cache
from pathlib import Path

from pruning.data import folder, modular, stored, subset
from pruning.data.base import (
    DATASETS,
    Dataset,
    DataSource,
    DownloadableData,
    EmbeddedData,
    Split,
    make_dataset,
    normalise,
)
from pruning.data.held import held
from pruning.errors import UserError, unknown

__all__ = [
    "DATASETS",
    "DataSource",
    "Dataset",
    "DownloadableData",
    "EmbeddedData",
    "Split",
    "available",
    "choices",
    "data_root",
    "downloadable",
    "load_data",
    "make_dataset",
    "normalise",
]


def load_data(name: str, root: str | Path | None = None, download: bool = False) -> Dataset:
    """The data set of that name, whole and in memory.

    A second call in the same process gives the same object, of a folder while its files stay as they are.

    Args:
        name: one of `DATASETS`, ``NAME[CLASS-CLASS]`` for some classes of one, ``folder:PATH`` for images in
            PATH/train/CLASS and PATH/test/CLASS, ``modular:OP:P:SHARE`` for modular arithmetic, or ``file:PATH`` for
            what `Study.create` wrote.
        root: where downloaded data sets lie; default `data_root()`. The other kinds do not use it.
        download: fetch a data set that is not there, where it can be fetched. Nothing is fetched otherwise.

    Raises:
        UserError: unknown name, data that is not there, damaged files, a download that failed, or a folder whose
            images do not make a data set.
    """
    if (sent := held(name)) is not None:
        return sent
    source, place = source_of(name), data_root(root)
    if source is None:
        return _read_folder(name, folder.stamp(name))
    whole = downloadable(name)
    if download and whole is not None and not whole.is_there(place):
        whole.download(place)
    return _read(source, place)


def available(name: str, root: str | Path | None = None) -> bool:
    """Whether `load_data` would find the data without a download (whether it is sound is seen when it is read).

    Raises:
        UserError: the name is unknown.
    """
    source = source_of(name)
    return folder.is_there(folder.path_of(name)) if source is None else source.is_there(data_root(root))


def data_root(root: str | Path | None = None) -> Path:
    """The folder that holds downloaded data sets: `root`, else the environment's PRUNING_DATA, else ``./data``."""
    return Path(root or os.environ.get("PRUNING_DATA") or "data").expanduser()


def choices() -> tuple[str, ...]:
    """What may be given as the name of a data set, as a list for people."""
    return (*DATASETS, subset.FORM, f"{folder.PREFIX}PATH", modular.FORM, stored.FORM)


def source_of(name: str) -> DataSource | None:
    """Where the data set of that name comes from; None for a folder of images.

    Raises:
        UserError: there is no data set of that name; the sentence has the nearest name.
    """
    if name == folder.PREFIX:
        raise UserError(f"The data set '{name}' names no folder; write {folder.PREFIX}PATH.")
    if name.startswith(folder.PREFIX):
        return None
    if name.startswith(modular.PREFIX):
        return modular.ModularData.named(name)
    if name.startswith(stored.PREFIX):
        return stored.StoredData.named(name)
    if name not in DATASETS and subset.is_subset(name) and subset.whole_of(name) in DATASETS:
        return subset.SubsetData(name, DATASETS[subset.whole_of(name)])
    if name not in DATASETS:
        raise unknown("data set", name, choices())
    return DATASETS[name]


def name_of(data: Dataset) -> str:
    """Return the name by which `load_data` gives a data set, in this process and its workers from now on.

    Raises:
        UserError: another data set of its name ships with the project.
    """
    with contextlib.suppress(UserError):
        if load_data(data.name) is data:
            return data.name
    DATASETS.register(EmbeddedData(data.name, lambda: data))
    return data.name


def downloadable(name: str) -> DownloadableData | None:
    """Where the data set of that name can be fetched from; None when there is nothing to fetch."""
    source = DATASETS.get(name) or DATASETS.get(subset.whole_of(name))
    return source if isinstance(source, DownloadableData) else None


@lru_cache(maxsize=4)
def _read(source: DataSource, root: Path) -> Dataset:
    return source.read(root)


@lru_cache(maxsize=4)
def _read_folder(name: str, stamp: folder.Stamp) -> Dataset:
    """Kept while its files stay as they are."""
    return folder.read(name)
