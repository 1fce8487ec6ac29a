"""Any folder of images, laid out as torchvision's ImageFolder: PATH/train/CLASS/*.png and PATH/test/CLASS/*.png.

Where there is no test/, val/ counts as it.
"""

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image, features

from pruning.data.base import Dataset, Split, make_dataset
from pruning.errors import UserError

PREFIX = "folder:"
TRAIN, TEST = "train", "test"
VALIDATION = ("val", "valid", "validation")
"""Folders that count as test/ where there is none, the first of them."""
SUFFIXES = frozenset(
    (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm",
     ".tga", ".jp2", ".j2k", ".jpx", ".avif")
)  # fmt: skip
CODECS = {".jp2": "jpg_2000", ".j2k": "jpg_2000", ".jpx": "jpg_2000", ".avif": "avif", ".webp": "webp"}
"""Formats that not every Pillow reads, and what it calls them."""
OTHERS = frozenset((".heic", ".heif", ".jxl", ".svg", ".dng", ".cr2", ".nef", ".exr", ".hdr", ".psd", ".npy"))
"""Files that are images to their owners and that are not read."""
GREY = ("1", "L", "LA", "La")  # Pillow's modes with one channel of at most 8 bits, and transparency
PALETTES = ("P", "PA")
DEEP = ("I", "F")  # first letters of its modes with more than 8 bits a channel


class Listed(NamedTuple):
    """An image file and its class."""

    file: Path
    label: int


def path_of(name: str) -> Path:
    """The folder that ``folder:PATH`` names."""
    return Path(name.removeprefix(PREFIX)).expanduser()


def parts_of(path: Path) -> tuple[str, str]:
    """What its folders of training and of test images are called: "val" for the latter where there is no test/."""
    found = next((name for name in (TEST, *VALIDATION) if (path / name).is_dir()), TEST)
    return TRAIN, found


def remark(name: str) -> str:
    """A sentence on what ``folder:PATH`` has for test images, where that is not its test/; else ""."""
    _, test = parts_of(path_of(name))
    return "" if test == TEST else f"The images in {path_of(name) / test} count as test images: there is no test/."


def is_there(path: Path) -> bool:
    """Whether the folder has its two parts."""
    return all((path / part).is_dir() for part in parts_of(path))


def read(name: str) -> Dataset:
    """The data set in ``folder:PATH``; grey if all images are, else RGB. Transparency is dropped.

    An image with a palette is grey if all colours of its palette are.

    Raises:
        UserError: no such folder, no train/, no test/ or val/, classes that differ between the two, a class without
            images, images of different sizes, of more than 8 bits or in a format that is not read, a file that is not
            an image, more than fits in memory.
    """
    path = path_of(name)
    if not path.is_dir():
        raise UserError(f"There is no folder {path}; give {PREFIX}PATH a folder with train/ and test/ in it.")
    parts = parts_of(path)
    for part in parts:
        if not (path / part).is_dir():
            raise UserError(f"The folder {path} has no {part}/; images belong in train/CLASS/ and test/CLASS/.")
    classes = _common_classes(path, parts)
    listed = {part: _list_images(path / part, classes) for part in parts}
    shape = _common_shape([image.file for part in parts for image in listed[part]])
    _check_memory(path, sum(map(len, listed.values())), shape)
    train, test = (_decode(listed[part], shape) for part in parts)
    return make_dataset(name, classes, train, test)


Stamp = tuple[tuple[str, int, int], ...]


def stamp(name: str) -> Stamp:
    """The image files of ``folder:PATH`` with their sizes and times of change: another one where a file is another."""
    path, found = path_of(name), []
    for part in parts_of(path):
        for file in sorted((path / part).rglob("*")):
            if _is_image(file):
                told = file.stat()
                found.append((file.relative_to(path).as_posix(), told.st_size, told.st_mtime_ns))
    return tuple(found)


def digest(name: str) -> str:
    """16 hex digits of the image files of ``folder:PATH``, their places and what is in them; "" where there are none.

    Raises:
        OSError: a file cannot be read.
    """
    files = stamp(name)
    return _digest(path_of(name), files) if files else ""


@lru_cache(maxsize=16)
def _digest(path: Path, files: Stamp) -> str:
    found = hashlib.blake2b(digest_size=8)
    for name, *_ in files:
        content = (path / name).read_bytes()
        found.update(f"{name}\n{len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


def training_files(name: str) -> list[Path]:
    """The training images of ``folder:PATH`` in the order of the data set, each as CLASS/.../FILE.

    Raises:
        UserError: as `read`, of what is wrong with its folders.
    """
    path = path_of(name)
    listed = _list_images(path / TRAIN, _common_classes(path, parts_of(path)))
    return [image.file.relative_to(path / TRAIN) for image in listed]


def _common_classes(path: Path, parts: tuple[str, str]) -> list[str]:
    train, test = ({entry.name for entry in _visible(path / part) if entry.is_dir()} for part in parts)
    if not train:
        raise UserError(f"The folder {path / 'train'} has no class folders; images belong in train/CLASS/.")
    for name in sorted(train ^ test):
        present, absent = parts if name in train else parts[::-1]
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
        _refuse_unread(folder / name, files)
        if not files:
            raise UserError(f"The class folder {folder / name} holds no images; add some or remove the class.")
        listed += [Listed(file, label) for file in files]
    return listed


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and _is_file(file)


def _is_file(file: Path) -> bool:
    return not file.name.startswith(".") and file.is_file()


def _refuse_unread(folder: Path, files: Sequence[Path]) -> None:
    """Raise UserError for images that would be left out in silence, or that this Pillow cannot decode."""
    other = next((file for file in sorted(folder.rglob("*")) if file.suffix.lower() in OTHERS and _is_file(file)), None)
    lacking = (file for file in files if not features.check(CODECS.get(file.suffix.lower(), "zlib")))
    unread = other or next(lacking, None)
    if unread is not None:
        raise UserError(
            f"The image {unread} is in a format that is not read here ({unread.suffix}); convert or remove it."
        )


def _common_shape(files: Sequence[Path]) -> tuple[int, int, int]:
    """(channels, height, width) from the files' headers."""
    grey, first = True, (0, 0)
    for file in files:
        with _opened(file) as image:
            size, mode = image.size, image.mode
            grey = grey and (mode in GREY or (mode in PALETTES and _is_grey(image)))
        if mode.startswith(DEEP):
            raise UserError(f"The image {file} has more than 8 bits a channel; convert it to 8 bits.")
        first = first if any(first) else size
        if size != first:
            raise UserError(
                f"The images differ in size: {files[0]} is {first[0]}x{first[1]} and {file} is {size[0]}x{size[1]} "
                "pixels; bring all to one size."
            )
    return 1 if grey else 3, first[1], first[0]


def _is_grey(image: Image.Image) -> bool:
    """Whether all colours of an image's palette are grey, or all that it uses."""
    colours = image.getpalette() or [0, 0, 1]
    coloured = {place for place in range(len(colours) // 3) if len({*colours[3 * place : 3 * place + 3]}) > 1}
    if not coloured or image.mode != "P":
        return not coloured
    try:
        used = image.getcolors(256) or []
    # What is wrong with the file is said when it is decoded
    except Exception:
        return False
    return coloured.isdisjoint(place for _, place in used)


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
                # A palette goes to "L" by weights of its colours that add up to less than 1 after rounding
                whole = image.convert("RGB") if image.mode in PALETTES else image
                converted = whole.getchannel(0) if channels == 1 and whole.mode == "RGB" else whole
                converted = converted.convert("L" if channels == 1 else "RGB")
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
