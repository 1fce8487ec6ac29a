"""Data sets by name: embedded ones, torchvision's, some classes of one, folders of images, modular arithmetic.

`load_data` gives a data set as uint8 tensors, which lie on the disk where they are large; `normalise` makes a network's
input of a batch of them.
A new data set is a `DataSource` in a file here, or in the user's code with ``DATASETS.register(...)``.
"""

import contextlib
import os
import sys
from functools import lru_cache
from pathlib import Path

from pruning.data import folder, modular, stored, subset
from pruning.data.arrays import checked_normalisation
from pruning.data.base import (
    DATASETS,
    Dataset,
    DataSource,
    DownloadableData,
    EmbeddedData,
    Split,
    check_form,
    make_dataset,
    normalise,
)
from pruning.data.folder_files import PREFIX, is_there, path_of, stamp, stamp_digest
from pruning.data.held import held
from pruning.data.imagenet import NAME, ImageNet, is_imagenet
from pruning.data.preprocessing import preprocessing_of
from pruning.errors import UserError, unknown
from pruning.files import user_path
from pruning.progress import Progress, as_progress

__all__ = [
    "DATASETS",
    "DataSource",
    "Dataset",
    "DownloadableData",
    "EmbeddedData",
    "Split",
    "available",
    "checked_normalisation",
    "choices",
    "data_remark",
    "data_root",
    "downloadable",
    "load_data",
    "make_dataset",
    "normalise",
    "weights_shown_for",
]


def load_data(
    name: str, root: str | Path | None = None, download: bool = False, progress: Progress | bool | None = None
) -> Dataset:
    """The data set of that name: in memory, or of a large folder on the disk, decoded once.

    A second call in the same process gives the same object, of a folder while its files stay as they are.

    Args:
        name: one of `DATASETS`, ``NAME[CLASS-CLASS]`` for some classes of one, ``folder:PATH`` for images in
            PATH/train/CLASS and PATH/test/CLASS (``folder:PATH:size=224`` for some of any size, and ``imagenet`` for
            those in ROOT/imagenet), ``modular:OP:P:SHARE`` for modular arithmetic, or ``file:PATH`` for what
            `Study.create` wrote.
        root: where downloaded data sets lie; default `data_root()`. The other kinds do not use it.
        download: fetch a data set that is not there, where it can be fetched. Nothing is fetched otherwise.
        progress: told how far decoding is; True for a line on the standard error output, which None is where that is
            a terminal.

    Raises:
        UserError: unknown name, data that is not there, damaged files, a download that failed, or a folder whose
            images do not make a data set.
    """
    if (sent := held(name)) is not None:
        return sent
    source, place = source_of(name), data_root(root)
    if source is None or isinstance(source, ImageNet):
        tell = as_progress(sys.stderr.isatty() if progress is None else progress)
        folder_of = path_of(name) if source is None else source.place(place)
        return _read_folder(source or name, place, stamp_digest(stamp(folder_of)), _Untold(tell))
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
    return is_there(path_of(name)) if source is None else source.is_there(data_root(root))


def data_remark(name: str) -> str:
    """What is to be said of a data set: what is done to its images, which count as test images; "" for nothing."""
    if is_imagenet(name):
        return ImageNet(name).preprocessing.words
    return folder.remark(name) if name.startswith(PREFIX) else ""


def weights_shown_for(name: str) -> str:
    """The weights of torchvision whose `transforms()` a data set's name asks for, by name; "" for none."""
    return preprocessing_of(name).weights if name.startswith(PREFIX) or is_imagenet(name) else ""


def data_root(root: str | Path | None = None) -> Path:
    """The folder that holds downloaded data sets: `root`, else the environment's PRUNING_DATA, else ``./data``."""
    return user_path(root or os.environ.get("PRUNING_DATA") or "data")


def choices() -> tuple[str, ...]:
    """What may be given as the name of a data set, as a list for people."""
    return (*DATASETS, subset.FORM, f"{PREFIX}PATH", modular.FORM, stored.FORM)


def source_of(name: str) -> DataSource | None:
    """Where the data set of that name comes from; None for a folder of images.

    Raises:
        UserError: there is no data set of that name, which the sentence has the nearest of, or it says of the size of
            its images what cannot be done.
    """
    if name == PREFIX:
        raise UserError(f"The data set '{name}' names no folder; write {PREFIX}PATH.")
    if name.startswith(PREFIX):
        preprocessing_of(name)
        return None
    if name.startswith(modular.PREFIX):
        return modular.ModularData.named(name)
    if name.startswith(stored.PREFIX):
        return stored.StoredData.named(name)
    if is_imagenet(name) and name != NAME:
        preprocessing_of(name)
        return ImageNet(name)
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
    found = source.read(root)
    if not isinstance(found, Dataset):
        raise UserError(f"The data set '{source.name}' gives a {type(found).__name__}, not a `Dataset`.")
    check_form(source.name, found.num_classes, found.train, found.test)
    return found


class _Untold:
    """A progress that makes no difference to what is read."""

    def __init__(self, tell: Progress) -> None:
        self.tell = tell

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Untold)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4)
def _read_folder(source: ImageNet | str, root: Path, stamp: str, progress: _Untold) -> Dataset:
    """Kept while its files stay as they are."""
    if isinstance(source, ImageNet):
        return source.read_telling(root, progress.tell)
    return folder.read(source, progress.tell)
