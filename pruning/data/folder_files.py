"""The files of a folder of images: which there are, of which class, and whether they are still the same."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from PIL import features

from pruning.data.preprocessing import parted
from pruning.errors import UserError
from pruning.files import user_path

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


LINKED = 2
"""Levels below a class in which links to folders are followed."""


class Listed(NamedTuple):
    """An image file and its class."""

    file: str
    label: int


Stamp = tuple[tuple[str, int, int], ...]
"""Image files, by their places below the folder, with their sizes and times of change."""


def path_of(name: str) -> Path:
    """The folder that ``folder:PATH`` names, whatever is said after it of the images' size."""
    return user_path(parted(name)[0].removeprefix(PREFIX))


def parts_of(path: Path) -> tuple[str, str]:
    """What its folders of training and of test images are called: "val" for the latter where there is no test/."""
    found = next((name for name in (TEST, *VALIDATION) if (path / name).is_dir()), TEST)
    return TRAIN, found


def is_there(path: Path) -> bool:
    """Whether the folder has its two parts."""
    return all((path / part).is_dir() for part in parts_of(path))


def stamp(path: Path) -> Stamp:
    """The image files of a folder with their sizes and times of change: another one where a file is another."""
    parts = (path / part for part in parts_of(path))
    return tuple(each for part in parts if part.is_dir() for each in stamp_of_classes(path, part))


def stamp_of_classes(path: Path, classes: Path) -> Stamp:
    """The same of what is below a folder of classes, by places below `path`."""
    images = [entry for entry in _below(classes, LINKED + 1) if _suffix(entry) in SUFFIXES]
    told = ((entry, entry.stat()) for entry in sorted(images, key=lambda entry: entry.path.split(os.sep)))
    return tuple((below(path, entry.path), stat.st_size, stat.st_mtime_ns) for entry, stat in told)


def below(path: Path, file: str) -> str:
    """The place of a file below a folder, as a stamp has it."""
    return file.removeprefix(str(path)).lstrip(os.sep).replace(os.sep, "/")  # of "." no path begins with it


def stamp_digest(files: Stamp) -> str:
    """16 hex digits of a stamp."""
    text = "\n".join(f"{name}\t{size}\t{changed}" for name, size, changed in files)
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=8).hexdigest()


@lru_cache(maxsize=16)
def content_digest(path: Path, files: Stamp) -> str:
    """16 hex digits of image files, their places and what is in them.

    Raises:
        OSError: a file cannot be read.
    """
    found = hashlib.blake2b(digest_size=8)
    for name, *_ in files:
        content = (path / name).read_bytes()
        found.update(f"{name}\n{len(content)}\n".encode(errors="surrogateescape"))
        found.update(content)
    return found.hexdigest()


def common_classes(path: Path, parts: tuple[str, str]) -> list[str]:
    """The classes of both parts, in the order of their names.

    Raises:
        UserError: there are none, they differ, or the name of one is not UTF-8.
    """
    train, test = ({entry.name for entry in _visible(path / part) if entry.is_dir()} for part in parts)
    if not train:
        raise UserError(f"The folder {path / 'train'} has no class folders; images belong in train/CLASS/.")
    for name in sorted(train | test):
        if not _is_text(name):
            part = parts[0] if name in train else parts[1]
            raise UserError(
                f"The name of the class folder {_shown(path / part / name)} is not UTF-8, so that no file can "
                "say it; rename the folder in all parts."
            )
    for name in sorted(train ^ test):
        present, absent = parts if name in train else parts[::-1]
        raise UserError(
            f"The class '{name}' is in {path / present} but not in {path / absent}; both need the same class folders."
        )
    return sorted(train)


def _is_text(name: str) -> bool:
    """Whether a name of the system's is text: Python keeps other bytes of it as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: Path) -> str:
    return os.fsencode(path).decode(errors="backslashreplace")


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def list_images(folder: Path, classes: Sequence[str]) -> list[Listed]:
    """The images of each class in the order of their paths, subfolders included.

    Raises:
        UserError: a class has none, or one in a format that is not read.
    """
    listed = []
    for label, name in enumerate(classes):
        entries = sorted(_below(folder / name, LINKED), key=lambda entry: entry.path.split(os.sep))
        files = [entry.path for entry in entries if _suffix(entry) in SUFFIXES]
        _refuse_unread([entry.path for entry in entries if _suffix(entry) in OTHERS], files)
        if not files:
            raise UserError(f"The class folder {folder / name} holds no images; add some or remove the class.")
        listed += [Listed(file, label) for file in files]
    return listed


def _below(folder: Path | str, followed: int) -> Iterator[os.DirEntry[str]]:
    """The visible files below a folder, in any order; links to folders are followed in so many levels.

    What is in a folder that is hidden, such as `.ipynb_checkpoints`, is not visible.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=followed > 0):
                yield from _below(entry.path, followed - 1)
            elif entry.is_file():
                yield entry


def _suffix(entry: os.DirEntry[str]) -> str:
    return os.path.splitext(entry.name)[1].lower()


def _refuse_unread(others: Sequence[str], files: Sequence[str]) -> None:
    """Raise UserError for images that would be left out in silence, or that this Pillow cannot decode."""
    suffixes = {os.path.splitext(file)[1].lower() for file in files}
    lacking = {each for each in suffixes if not features.check(CODECS.get(each, "zlib"))}
    unread = next(iter(others), None) or next((f for f in files if os.path.splitext(f)[1].lower() in lacking), None)
    if unread is not None:
        raise UserError(
            f"The image {unread} is in a format that is not read here ({os.path.splitext(unread)[1]}); convert or "
            "remove it."
        )
