"""Any folder of images, laid out as torchvision's ImageFolder: PATH/train/CLASS/*.png and PATH/test/CLASS/*.png."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image

from pruning.data.base import Dataset, Split, make_dataset
from pruning.errors import UserError

PREFIX = "folder:"
PARTS = ("train", "test")
SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"))
GREY = ("1", "L")  # Pillow's modes with one channel of at most 8 bits
DEEP = ("I", "F")  # first letters of its modes with more than 8 bits a channel


class Listed(NamedTuple):
    """An image file and its class."""

    file: Path
    label: int


def path_of(name: str) -> Path:
    """The folder that ``folder:PATH`` names."""
    return Path(name.removeprefix(PREFIX)).expanduser()


def is_there(path: Path) -> bool:
    """Whether the folder has its two parts."""
    return all((path / part).is_dir() for part in PARTS)


def read(name: str) -> Dataset:
    """The data set in ``folder:PATH``; grey if all images are, else RGB. Transparency is dropped.

    Raises:
        UserError: no such folder, no train/ or test/, classes that differ between the two, a class without images,
            images of different sizes or of more than 8 bits, a file that is not an image, more than fits in memory.
    """
    path = path_of(name)
    if not path.is_dir():
        raise UserError(f"There is no folder {path}; give {PREFIX}PATH a folder with train/ and test/ in it.")
    for part in PARTS:
        if not (path / part).is_dir():
            raise UserError(f"The folder {path} has no {part}/; images belong in train/CLASS/ and test/CLASS/.")
    classes = _common_classes(path)
    listed = {part: _list_images(path / part, classes) for part in PARTS}
    shape = _common_shape([image.file for part in PARTS for image in listed[part]])
    _check_memory(path, sum(map(len, listed.values())), shape)
    train, test = (_decode(listed[part], shape) for part in PARTS)
    return make_dataset(name, classes, train, test)


def _common_classes(path: Path) -> list[str]:
    train, test = ({entry.name for entry in _visible(path / part) if entry.is_dir()} for part in PARTS)
    if not train:
        raise UserError(f"The folder {path / 'train'} has no class folders; images belong in train/CLASS/.")
    for name in sorted(train ^ test):
        present, absent = PARTS if name in train else PARTS[::-1]
        raise UserError(
            f"The class '{name}' is in {path / present} but not in {path / absent}; both need the same class folders."
        )
    return sorted(train)


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _list_images(folder: Path, classes: Sequence[str]) -> list[Listed]:
    """The images of each class in the order of their paths, subfolders included."""
    listed = []
    for label, name in enumerate(classes):
        files = sorted(file for file in (folder / name).rglob("*") if _is_image(file))
        if not files:
            raise UserError(f"The class folder {folder / name} holds no images; add some or remove the class.")
        listed += [Listed(file, label) for file in files]
    return listed


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()


def _common_shape(files: Sequence[Path]) -> tuple[int, int, int]:
    """(channels, height, width) from the files' headers."""
    grey, first = True, (0, 0)
    for file in files:
        with _opened(file) as image:
            size, mode = image.size, image.mode
        if mode.startswith(DEEP):
            raise UserError(f"The image {file} has more than 8 bits a channel; convert it to 8 bits.")
        first = first if any(first) else size
        if size != first:
            raise UserError(
                f"The images differ in size: {files[0]} is {first[0]}x{first[1]} and {file} is {size[0]}x{size[1]} "
                "pixels; bring all to one size."
            )
        grey = grey and mode in GREY
    return 1 if grey else 3, first[1], first[0]


def _check_memory(path: Path, count: int, shape: tuple[int, int, int]) -> None:
    if not hasattr(os, "sysconf"):  # Windows
        return
    needed = count * int(np.prod(shape))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > memory:
        raise UserError(
            f"The {count} images in {path} take {needed / 2**30:.0f} GiB and this machine has {memory / 2**30:.0f}; "
            "use fewer or smaller images."
        )


def _decode(listed: Sequence[Listed], shape: tuple[int, int, int]) -> Split:
    channels, height, width = shape
    pixels = np.empty((len(listed), height, width, channels), dtype=np.uint8)
    for row, (file, _) in enumerate(listed):
        with _opened(file) as image:
            try:
                converted = image.convert("L" if channels == 1 else "RGB")
            # Decoders of damaged files raise whatever they stumble over.
            except Exception as error:
                raise _unreadable(file, error) from error
        pixels[row] = np.asarray(converted).reshape(height, width, channels)
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    return Split(images, torch.tensor([label for _, label in listed], dtype=torch.int64))


def _opened(file: Path) -> Image.Image:
    try:
        return Image.open(file)
    except Exception as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: Exception) -> UserError:
    reason = "it is not an image" if "cannot identify" in str(error) else str(error).rstrip(".") or "it is damaged"
    return UserError(f"The image {file} cannot be read ({reason}); replace or remove it.")
