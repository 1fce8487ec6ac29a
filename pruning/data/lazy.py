"""Images that stay on the disk: a tensor of a file's pages, of which rows are read when they are asked for.

All processes that look at the same file share the system's page cache, which is given back when memory is wanted.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from math import prod
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from pruning.errors import UserError
from pruning.files import write_atomically

Rows = range | Tensor

LARGE = 256 * 2**20
"""Bytes of chosen rows above which they are not copied into memory but noted."""
NORESERVE = getattr(mmap, "MAP_NORESERVE", 0x4000 if sys.platform == "linux" else 0)


class LazyImages(Tensor):
    """Images uint8 [N, C, H, W] of a file, or rows of them in any order.

    Whatever chooses rows (a slice, an index) gives a plain tensor where they are few and another of this kind where
    they take more than `LARGE`; `index_select` always gives a plain one, `split` notes what its parts are. Anything
    else that is done to it is done to a tensor of all its rows in memory. To another process goes the file's name.

    Attributes:
        base: all images of the file. rows: which of them, a range or int64.
        file: where they lie. content: a digest of what is in the file, "" where nobody knows.
    """

    base: Tensor
    rows: Rows
    file: Path
    content: str

    def __new__(cls, base: Tensor, rows: Rows, file: Path, content: str = "") -> Self:
        """Make a tensor of the images' shape that holds nothing itself."""
        made: Self = Tensor._make_wrapper_subclass(cls, (len(rows), *base.shape[1:]), dtype=base.dtype)
        return made

    def __init__(self, base: Tensor, rows: Rows, file: Path, content: str = "") -> None:
        self.base, self.rows, self.file, self.content = base, rows, file, content

    @classmethod
    def of(cls, file: Path, shape: Sequence[int], content: str = "", rows: Rows | None = None) -> Self:
        """The images of a file that is nothing but these. Raises OSError as `map_file`."""
        return cls(map_file(file, shape), range(shape[0]) if rows is None else rows, file, content)

    def only(self, rows: Rows) -> LazyImages:
        """These rows of the file, as they are counted there."""
        return LazyImages(self.base, rows, self.file, self.content)

    def remembered(self, what: str, of: bytes, make: Callable[[], str]) -> str:
        """Return a text that takes a pass over the images, kept beside their file once it is known.

        Args:
            what: what the text is.
            of: what else decides it.
            make: makes it.
        """
        rows = self.rows.numpy().tobytes() if isinstance(self.rows, Tensor) else repr(self.rows).encode()
        key = hashlib.blake2b(b"\n".join((what.encode(), self.content.encode(), rows, of)), digest_size=8).hexdigest()
        note = self.file.with_name(f"{what}-{key}.txt")
        if self.content and note.is_file():
            return note.read_text().strip()
        made = make()
        if self.content:
            with suppress(UserError):  # where nothing can be written, it is made every time
                write_atomically(note, made)
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:  # type: ignore[override]
        """Choose rows lazily; do everything else to rows in memory."""
        way = _WAYS.get(func)
        if way is not None and isinstance(args[0], LazyImages):
            with torch.inference_mode(False):  # what stands for a view of the images is to be as they are
                found = way(*args, **(kwargs or {}))
            if found is not None:
                return found
        return func(*tree_map(_whole, args), **tree_map(_whole, kwargs or {}))

    def __iter__(self) -> Iterator[Tensor]:
        return (self[place] for place in range(len(self)))

    def __repr__(self) -> str:  # type: ignore[override]
        return f"<LazyImages {list(self.shape)} on the disk>"

    def __deepcopy__(self, memo: object) -> LazyImages:
        return self

    def __reduce_ex__(self, protocol: object) -> Any:
        return _elsewhere, (self.file, tuple(self.base.shape), self.content, self.rows)

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The images as an array: of the file itself where these are all of it, else of a copy in memory."""
        found: np.ndarray = whole(self).numpy()
        return found


def _elsewhere(file: Path, shape: tuple[int, ...], content: str, rows: Rows) -> LazyImages:
    """The same images in another process. Raises UserError where it cannot see the file."""
    try:
        return LazyImages.of(file, shape, content, rows)
    except OSError:
        raise UserError(
            f"The decoded images are not at {file} on the machine {platform.node()}: they were removed or made anew "
            "meanwhile, in which case begin again, or are on another machine; have PRUNING_CACHE name a folder that "
            "all machines see."
        ) from None


def whole(images: Tensor) -> Tensor:
    """The same as a plain tensor: a view of the file where its rows are evenly spaced there, else a copy in memory."""
    return _taken(images.base, images.rows) if isinstance(images, LazyImages) else images


def _whole(value: Any) -> Any:
    return whole(value) if isinstance(value, LazyImages) else value


def _taken(base: Tensor, rows: Rows) -> Tensor:
    """Rows of images as a plain tensor."""
    if isinstance(rows, Tensor):
        return base.index_select(0, rows)
    return base[rows.start : rows.stop : rows.step]


def map_file(path: Path, shape: Sequence[int], offset: int = 0) -> Tensor:
    """A file's bytes from an offset on as uint8 of that shape; what is written into it never reaches the file.

    Raises:
        OSError: it cannot be opened, or is too short.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        if os.fstat(handle).st_size < offset + prod(shape):
            raise OSError(f"{path} is too short")
        pages = _mapped(handle, offset + prod(shape))
    finally:
        os.close(handle)
    return torch.frombuffer(pages, dtype=torch.uint8, offset=offset, count=prod(shape)).view(*shape)


def _mapped(handle: int, length: int) -> mmap.mmap:
    if os.name != "posix":
        return mmap.mmap(handle, length, access=mmap.ACCESS_COPY)
    # Pages that are never written need no memory set aside, which a file larger than memory would be refused for
    return mmap.mmap(handle, length, flags=mmap.MAP_PRIVATE | NORESERVE, prot=mmap.PROT_READ | mmap.PROT_WRITE)


def _chosen(images: LazyImages, rows: Rows) -> Tensor:
    """Some rows, as they are counted in the file."""
    if len(rows) * prod(images.shape[1:]) > LARGE or len(rows) == len(images):
        return images.only(rows)
    return _taken(images.base, rows)


def _slice(images: LazyImages, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Tensor | None:
    return _chosen(images, images.rows[start:end:step]) if dim == 0 else None


def _select(images: LazyImages, dim: int, place: int) -> Tensor | None:
    return images.base[int(images.rows[place])] if dim == 0 else None


def _index(images: LazyImages, indices: Sequence[Tensor | None]) -> Tensor | None:
    if len(indices) != 1 or indices[0] is None or indices[0].ndim != 1:
        return None
    rows = indices[0]
    rows = rows.nonzero().flatten() if rows.dtype in (torch.bool, torch.uint8) else rows.to(torch.int64)
    if len(rows) and not -len(images) <= int(rows.min()) <= int(rows.max()) < len(images):
        raise IndexError(f"There are {len(images)} images.")
    return _chosen(images, _counted(images, torch.where(rows < 0, rows + len(images), rows)))


def _counted(images: LazyImages, rows: Tensor) -> Tensor:
    """The same rows as they are counted in the file."""
    own = images.rows
    return own[rows] if isinstance(own, Tensor) else own.start + own.step * rows


def _index_select(images: LazyImages, dim: int, rows: Tensor) -> Tensor | None:
    return images.base.index_select(0, _counted(images, rows)) if dim == 0 else None


def _split(images: LazyImages, size: int, dim: int = 0) -> list[Tensor] | None:
    if dim != 0:
        return None
    return [images.only(images.rows[begin : begin + size]) for begin in range(0, len(images), size)]


_WAYS: dict[Any, Any] = {
    torch.ops.aten.slice.Tensor: _slice,
    torch.ops.aten.select.int: _select,
    torch.ops.aten.index.Tensor: _index,
    torch.ops.aten.index_select.default: _index_select,
    torch.ops.aten.split.Tensor: _split,
    torch.ops.aten.detach.default: lambda images: images.only(images.rows),
}
