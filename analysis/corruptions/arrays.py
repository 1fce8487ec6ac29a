"""Corrupted images that are there already, such as the published CIFAR-10-C, read where they lie.

A folder holds `labels.npy` and, for each corruption, NAME.npy: bytes [5 N, H, W, C], the N test images at severity 1,
then the same at severity 2, and so on, as published, or [N, H, W, C], severity 1 alone; without C the images are grey.
The labels are those of the test images, N or 5 N of them, and show that the order is the same.

Files are mapped into memory, so that of 2.7 GB no more is read than is shown, and never unpickled.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from analysis.corruptions.conditions import Condition
from analysis.corruptions.corruption import SEVERITIES, check_usable
from analysis.corruptions.families import NAMES
from pruning.errors import UserError, nearest
from pruning.files import user_path

LABELS = "labels"
SUFFIX = ".npy"


@dataclass(frozen=True)
class Images:
    """The images of one condition, on the disk until asked for: `images[start:stop]` is uint8 [n, C, H, W].

    Attributes:
        pixels: uint8 [M, H, W, C], mapped.
        rows: int64 [N], which of them these are; None for all.
    """

    pixels: np.ndarray
    rows: np.ndarray | None = None
    dtype = torch.uint8

    @property
    def shape(self) -> torch.Size:
        """(N, C, H, W)."""
        _, height, width, channels = self.pixels.shape
        return torch.Size((len(self), channels, height, width))

    def __len__(self) -> int:
        return len(self.pixels) if self.rows is None else len(self.rows)

    def __getitem__(self, part: slice) -> Tensor:
        return torch.from_numpy(np.array(self._pixels(part).transpose(0, 3, 1, 2), order="C"))

    def __iter__(self) -> Iterator[np.ndarray]:
        """The pixels of one image after another, uint8 [H, W, C]."""
        return (self._pixels(slice(row, row + 1))[0] for row in range(len(self)))

    def only(self, rows: slice | Tensor) -> Self:
        """Those of some rows."""
        return replace(self, rows=np.arange(len(self))[rows])

    def _pixels(self, part: slice) -> np.ndarray:
        return self.pixels[part if self.rows is None else self.rows[part]]


class Arrays(Mapping[Condition, Images]):
    """The corrupted images of a folder, by (corruption, severity)."""

    def __init__(self, folder: Path, found: dict[Condition, Images]) -> None:
        self.folder, self._found = folder, found

    @classmethod
    def open(cls, folder: str | Path, images_shape: Sequence[int], labels: Tensor) -> Self:
        """The arrays of a folder, after a look at the shape of each.

        Args:
            folder: holds labels.npy and NAME.npy, see above.
            images_shape: (N, C, H, W) of all test images.
            labels: int64 [N], theirs.

        Raises UserError when the folder is not there or holds no array, when a file is cut short or no array of bytes
        of the right shape, when no corruption can have its name, and when the labels are missing or others than the
        test images'.
        """
        folder = user_path(folder)
        if not folder.is_dir():
            raise UserError(f"There is no folder {folder} to take corrupted images from.")
        _check_labels(folder / f"{LABELS}{SUFFIX}", labels.cpu().numpy())
        files = {file.stem: file for file in sorted(folder.glob(f"*{SUFFIX}")) if file.stem != LABELS}
        if not files:
            raise UserError(f"The folder {folder} holds no corrupted images: there is no file like fog{SUFFIX}.")
        found: dict[Condition, Images] = {}
        for name in _ordered(files):
            check_usable(name, f"The corruption of {files[name]}")
            for severity, pixels in enumerate(_severities(files[name], tuple(images_shape)), start=1):
                found[name, severity] = Images(pixels)
        return cls(folder, found)

    @property
    def names(self) -> tuple[str, ...]:
        """The corruptions: those of CIFAR-10-C first, in its order, then the others by name."""
        return tuple(dict.fromkeys(name for name, _ in self._found))

    def severities(self, name: str) -> tuple[int, ...]:
        """The severities that there are of a corruption. Raises UserError when there is none of it."""
        if name not in self.names:
            guess = nearest(name, self.names)
            hint = f" Did you mean '{guess}'?" if guess else ""
            raise UserError(f"The folder {self.folder} has no {name}{SUFFIX}.{hint} It has: {', '.join(self.names)}.")
        return tuple(severity for found, severity in self._found if found == name)

    def __getitem__(self, condition: Condition) -> Images:
        """The images of a condition. Raises KeyError, as mappings do, when there are none; see `require`."""
        return self._found[condition]

    def require(self, condition: Condition) -> Images:
        """The images of a condition. Raises UserError when there are none."""
        name, severity = condition
        there = self.severities(name)
        if severity not in there:
            raise UserError(
                f"The file {self.folder / name}{SUFFIX} has no severity {severity!r}: it has "
                f"{'severity 1 alone' if len(there) == 1 else f'severities {there[0]} to {there[-1]}'}."
            )
        return self._found[condition]

    def __iter__(self) -> Iterator[Condition]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def _ordered(files: Mapping[str, Path]) -> list[str]:
    return [name for name in NAMES if name in files] + [name for name in files if name not in NAMES]


def _check_labels(file: Path, labels: np.ndarray) -> None:
    if not file.is_file():
        raise UserError(
            f"There is no {file}: it must hold the labels of the test images, to show that the order is theirs."
        )
    given = _mapped(file)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise UserError(f"The labels {file} must be whole numbers [N], not {given.dtype} {list(given.shape)}.")
    count = len(labels)
    if len(given) not in (count, len(SEVERITIES) * count):
        raise UserError(
            f"The labels {file} are {len(given)}, which is neither the {count} of the test images nor five times that; "
            "arrays and data set must be of the same images."
        )
    wrong = np.flatnonzero(given != np.resize(labels, len(given)))
    if len(wrong):
        first = int(wrong[0])
        raise UserError(
            f"The labels {file} are others than those of the test images, in {len(wrong)} of {len(given)} places: "
            f"first at {first}, where it has {given[first]} and the data set {labels[first % count]}; arrays and data "
            "set must be of the same images, in the same order."
        )


def _severities(file: Path, images_shape: tuple[int, ...]) -> list[np.ndarray]:
    """The file's arrays [N, H, W, C], one for each severity."""
    count, channels, height, width = images_shape
    pixels = _mapped(file)
    if pixels.dtype != np.uint8:
        raise UserError(f"The images {file} must be bytes (uint8, 0 to 255), not {pixels.dtype}.")
    if pixels.ndim == 3 and channels == 1:
        pixels = pixels[..., None]
    if pixels.ndim != 4 or pixels.shape[1:] != (height, width, channels):
        raise UserError(
            f"The images {file} must be [images, {height}, {width}, {channels}] (rows, columns, channels) as those of "
            f"the data set, not {list(pixels.shape)}."
        )
    if len(pixels) not in (count, len(SEVERITIES) * count):
        raise UserError(
            f"The images {file} are {len(pixels)}, which is neither the {count} of the test set nor five times that."
        )
    return [pixels[start : start + count] for start in range(0, len(pixels), count)]


def _mapped(file: Path) -> np.ndarray:
    """An array on the disk."""
    try:
        # Unlike np.load, this takes one format alone, and Python objects in no case.
        return np.lib.format.open_memmap(file, mode="r")
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        raise UserError(
            f"The file {file} is not a whole NumPy array ({_reason(file, error)}); copy it anew."
        ) from error


def _reason(file: Path, error: Exception) -> str:
    if "pickle" in str(error) or "Python objects" in str(error):
        return "it holds Python objects, which are never loaded"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    if "mmap length" in str(error) or isinstance(error, EOFError) or file.stat().st_size == 0:
        return "it is cut short"
    return "it is damaged, cut short, or of another kind"
