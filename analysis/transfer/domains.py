"""The same classes in other pictures: folders of images of another domain, as PACS has photos, paintings and sketches.

A domain is a folder with a folder a class (PATH/CLASS/*.jpg); a folder of such folders (PATH/DOMAIN/CLASS/*.jpg, the
layout of PACS: Li et al., "Deeper, Broader and Artier Domain Generalization", ICCV 2017) is as many domains. Of a
folder with train/ and test/ the latter is taken.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from analysis.transfer.target import whole_bytes
from pruning.data.base import used_rows
from pruning.data.decoding import Unreadable, converted, refuse
from pruning.data.folder_files import (
    PREFIX,
    SUFFIXES,
    Listed,
    content_digest,
    is_there,
    list_images,
    parts_of,
    path_of,
    stamp_of_classes,
)
from pruning.data.preprocessing import parted, preprocessing_of
from pruning.errors import UserError, few
from pruning.models.inspection import Shape


@dataclass(frozen=True)
class Domain:
    """Images of a domain, brought to a network's input.

    Attributes:
        images: uint8 [N, C, H, W]. labels: int64 [N], places among the classes of the network.
        left_out: folders that are no class of it. absent: its classes that have no folder.
    """

    images: Tensor
    labels: Tensor
    left_out: tuple[str, ...]
    absent: tuple[str, ...]


def domains_in(name: str) -> list[str]:
    """The domains that ``folder:PATH`` names, each as such a name; what is not there is its own name."""
    path, said = path_of(name), parted(name)[0]
    more = name[len(said) :]
    if not path.is_dir():
        return [name]
    if is_there(path):
        return [f"{PREFIX}{path / parts_of(path)[1]}{more}"]
    inside = _folders(path)
    if not inside or any(_has_images(each) for each in inside):
        return [name]
    return [f"{PREFIX}{each}{more}" for each in inside]


def labels_of(names: Sequence[str]) -> dict[str, str]:
    """What domains are called: by their folders, or by as much of their paths as tells them apart."""
    parts = {name: path_of(name).parts for name in names}
    found = {}
    for name, own in parts.items():
        others = [other for each, other in parts.items() if each != name]
        size = next((n for n in range(1, len(own) + 1) if all(own[-n:] != other[-n:] for other in others)), len(own))
        found[name] = "/".join(own[-size:])
    return found


def digest(name: str) -> str:
    """16 hex digits of a domain's image files; "" where there are none. Raises OSError where one cannot be read."""
    path = path_of(name)
    files = stamp_of_classes(path, path) if path.is_dir() else ()
    return content_digest(path, files) if files else ""


def read(name: str, classes: Sequence[str], shape: Shape, most: int) -> Domain:
    """At most so many images of a domain, evenly spaced over its classes.

    Args:
        name: ``folder:PATH``, with what is done to its images, if anything, before they are brought to the shape.
        classes: of the network; folders are matched to them by name, whatever the case, spaces, "-" and "_".
        shape: (C, H, W) of its input; images are brought to it whole, bilinear.
        most: images.

    Raises:
        UserError: no such folder, none of its folders is a class, images that cannot be read.
    """
    path, preprocessing = path_of(name), preprocessing_of(name)
    if not path.is_dir():
        raise UserError(f"There is no folder {path}; give `domains` folders with a folder a class in them.")
    places = {_plain(each): place for place, each in enumerate(classes)}
    folders = [each.name for each in _folders(path)]
    own = [each for each in folders if _plain(each) in places]
    if not own:
        raise UserError(
            f"No folder in {path} is called as a class of these networks ({few(classes)}); it has "
            f"{few(folders) if folders else 'none'}. Rename the folders."
        )
    listed = list_images(path, own)
    rows = used_rows(len(listed), most)
    chosen = listed[rows] if isinstance(rows, slice) else [listed[row] for row in rows.tolist()]
    unread: list[Unreadable] = []
    images = torch.empty((len(chosen), *shape), dtype=torch.uint8)
    for place, image in enumerate(chosen):
        try:
            shown = preprocessing.apply(converted(image.file, 3))
        except Exception as error:  # decoders of damaged files raise whatever they stumble over
            unread.append(Unreadable(image.file, error))
            continue
        pixels = torch.frombuffer(bytearray(shown.tobytes()), dtype=torch.uint8).view(1, shown.height, shown.width, 3)
        images[place] = whole_bytes(pixels.permute(0, 3, 1, 2), shape)[0]
    refuse(unread)
    return Domain(images, _labels(chosen, own, places), *_unmatched(folders, classes))


def _labels(chosen: Sequence[Listed], own: Sequence[str], places: dict[str, int]) -> Tensor:
    return torch.tensor([places[_plain(own[image.label])] for image in chosen], dtype=torch.int64)


def _unmatched(folders: Sequence[str], classes: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    here, there = {_plain(each) for each in folders}, {_plain(each) for each in classes}
    left_out = tuple(each for each in folders if _plain(each) not in there)
    return left_out, tuple(each for each in classes if _plain(each) not in here)


def _plain(name: str) -> str:
    return "".join(name.casefold().replace("-", " ").replace("_", " ").split())


def _folders(path: Path) -> list[Path]:
    return sorted(each for each in path.iterdir() if each.is_dir() and not each.name.startswith("."))


def _has_images(path: Path) -> bool:
    with os.scandir(path) as entries:
        return any(os.path.splitext(entry.name)[1].lower() in SUFFIXES for entry in entries)
