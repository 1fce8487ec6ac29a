"""Any folder of images, laid out as torchvision's ImageFolder: PATH/train/CLASS/*.png and PATH/test/CLASS/*.png.

Where there is no test/, val/ counts as it. Few pixels are held in memory; more than `IN_MEMORY` are decoded once into a
file (`image_cache`), of which a data set reads what it is asked for.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import PIL
import torch

from pruning.data import cache_building, image_cache
from pruning.data.base import Dataset, Split, make_dataset, statistics_of_levels
from pruning.data.cache_building import Spot, Wanted
from pruning.data.decoding import Decoded, common_shape, decode, refuse
from pruning.data.folder_files import (
    PREFIX,
    TEST,
    TRAIN,
    Listed,
    Stamp,
    below,
    common_classes,
    content_digest,
    list_images,
    parts_of,
    path_of,
    stamp,
    stamp_digest,
)
from pruning.data.preprocessing import Preprocessing, no_classes, preprocessing_of
from pruning.data.subset import is_subset, whole_of
from pruning.errors import UserError
from pruning.progress import Progress, quiet

IN_MEMORY = 256 * 2**20
"""Bytes of pixels up to which a folder is held in memory."""
CACHE = Path(".cache") / "pruning"
"""Below a folder of images."""


def remark(name: str) -> str:
    """What is to be said of ``folder:PATH``: what is done to its images, and what its test images are; else ""."""
    _, test = parts_of(path_of(name))
    said = "" if test == TEST else f"The images in {path_of(name) / test} count as test images: there is no test/."
    return " ".join(filter(None, (preprocessing_of(name).words, said)))


def read(
    name: str,
    progress: Progress = quiet,
    path: Path | None = None,
    preprocessing: Preprocessing | None = None,
    classes: Sequence[str] | None = None,
) -> Dataset:
    """The data set in ``folder:PATH``; grey if all images are, else RGB. Transparency is dropped.

    An image with a palette is grey if all colours of its palette are.

    Args:
        name: the folder, with what is done to its images.
        progress: told how far decoding is.
        path: the folder, where the name is no folder's.
        preprocessing: what is done to its images, where the name does not say it.
        classes: their names in the order of their folders, where these are called otherwise.

    Raises:
        UserError: no such folder, no train/, no test/ or val/, classes that differ between the two, a class without
            images, images of different sizes, of more than 8 bits or in a format that is not read, files that are not
            images, no room on the disk.
    """
    path, preprocessing = path or path_of(name), preprocessing or preprocessing_of(name)
    parts = _parts_there(name, path)
    now = stamp(path)
    found = common_classes(path, parts)
    listed = [_listed(path, part, found, now) for part in parts]
    files = [[image.file for image in part] for part in listed]
    labels = [torch.tensor([image.label for image in part], dtype=torch.int64) for part in listed]
    spots = _spots(path, preprocessing, now)
    spot = next((spot for spot in spots if spot.cache.is_dir()), None)
    if spot is None:
        progress(0.0, f"looking at {sum(map(len, files)):,} images")
        shape = common_shape([file for part in files for file in part], preprocessing)
        if sum(map(len, files)) * prod(shape) <= IN_MEMORY:
            train, test = (
                Split(_decoded(part, shape, preprocessing), own) for part, own in zip(files, labels, strict=True)
            )
            return _as_weights_expect(make_dataset(name, classes or found, train, test), preprocessing)
        wanted = Wanted(str(path.resolve()), (files[0], files[1]), shape, preprocessing)
        spot = cache_building.build(wanted, spots, progress)
        if stamp(path) == now:  # what was decoded of a folder that changed meanwhile is not the newest
            cache_building.remove_stale(spot)
    images, index = image_cache.opened(spot.cache)
    if [index.train, index.shape[0] - index.train] != [len(part) for part in files]:
        raise image_cache.damaged(spot.cache)
    mean, std = statistics_of_levels(np.array(index.levels))
    train, test = Split(images[: index.train], labels[0]), Split(images[index.train :], labels[1])
    return _as_weights_expect(Dataset(name, tuple(classes or found), train, test, mean, std), preprocessing)


def _parts_there(name: str, path: Path) -> tuple[str, str]:
    if not path.is_dir():
        if is_subset(name) and path_of(whole_of(name)).is_dir():
            raise no_classes(name)
        raise UserError(f"There is no folder {path}; give {PREFIX}PATH a folder with train/ and test/ in it.")
    parts = parts_of(path)
    for part in parts:
        if not (path / part).is_dir():
            raise UserError(f"The folder {path} has no {part}/; images belong in train/CLASS/ and test/CLASS/.")
    return parts


def _listed(path: Path, part: str, classes: Sequence[str], now: Stamp) -> list[Listed]:
    """The images of a part, without those that came after `now` was taken."""
    known = {name for name, *_ in now}
    return [image for image in list_images(path / part, classes) if below(path, image.file) in known]


def _spots(path: Path, preprocessing: Preprocessing, now: Stamp) -> list[Spot]:
    """Where decoded images may lie, named by all that decides the pixels; the folder too, where others' lie beside."""
    said = (image_cache.FORMAT, PIL.__version__, preprocessing.key, bool(preprocessing.weights))
    spots = []
    for place in places_of(path):
        known = said if place == path.resolve() / CACHE else (*said, str(path.resolve()))
        kind, key = (image_cache.digest_of(repr(each).encode()) for each in (known, (*known, stamp_digest(now))))
        spots.append(Spot(place, key, kind))
    return spots


def places_of(path: Path) -> list[Path]:
    """Where decoded images may lie, the first that can be written: PRUNING_CACHE, beside the folder, ~/.cache."""
    shared = image_cache.cache_folder()
    own = [] if os.environ.get("PRUNING_CACHE") else [path.resolve() / CACHE]
    return own + ([] if shared is None else [shared / image_cache.SHARED])


def _decoded(files: Sequence[str], shape: tuple[int, int, int], preprocessing: Preprocessing) -> torch.Tensor:
    found = decode(files, shape, preprocessing)
    if not isinstance(found, Decoded):
        refuse(found)
        raise AssertionError("refused")
    return torch.from_numpy(found.pixels)


def _as_weights_expect(data: Dataset, preprocessing: Preprocessing) -> Dataset:
    if not preprocessing.weights:
        return data
    return replace(data, mean=preprocessing.mean, std=preprocessing.std)


def digest(name: str) -> str:
    """16 hex digits of the image files of ``folder:PATH``, their places and what is in them; "" where there are none.

    Raises:
        OSError: a file cannot be read.
    """
    files = stamp(path_of(name))
    return content_digest(path_of(name), files) if files else ""


def training_files(name: str) -> list[Path]:
    """The training images of ``folder:PATH`` in the order of the data set, each as CLASS/.../FILE.

    Raises:
        UserError: as `read`, of what is wrong with its folders.
    """
    path = path_of(name)
    listed = list_images(path / TRAIN, common_classes(path, parts_of(path)))
    return [Path(image.file).relative_to(path / TRAIN) for image in listed]
