"""What a loader gives, batch by batch: few images in memory, more in a file that is named by what is in it."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from pruning.data.arrays import Layout, image_bytes, joined, label_array
from pruning.data.image_cache import IMAGES, INDEX, SHARED, Index, cache_folder, digest_of, opened, stamp_of
from pruning.errors import UserError
from pruning.files import alone_in, cannot_write

IN_MEMORY = 256 * 2**20
"""Bytes of images that are held in memory."""
PREFIX, PART = "loader-", ".part"


def gathered(
    loader: Iterable[Any], layout: Layout | None, mean: Sequence[float] | None, std: Sequence[float] | None
) -> tuple[Tensor, np.ndarray]:
    """All images of a loader as uint8 [N, C, H, W], which may lie on the disk, and their labels: numbers or names.

    Raises:
        UserError: it gives no pairs of images and labels, images of several sizes, or more than the disk takes.
    """
    labels: list[np.ndarray] = []
    held = _Held()
    try:
        for batch in loader:
            if not isinstance(batch, (tuple, list)) or len(batch) != 2:
                raise UserError("A loader is to give pairs of images and labels, at least one.")
            images = image_bytes(batch[0], layout, mean, std)
            held.add(images.cpu())
            labels.append(label_array(batch[1], len(images)))
        if not labels:
            raise UserError("A loader is to give pairs of images and labels, at least one.")
        return held.images(), joined(labels)
    finally:
        held.close()


class _Held:
    """Images that are added to: in memory, and from some size on in a file."""

    def __init__(self) -> None:
        self.batches: list[Tensor] = []
        self.size = 0
        self.file: _File | None = None

    def add(self, images: Tensor) -> None:
        if self.batches and images.shape[1:] != self.batches[0].shape[1:]:
            sizes = " and ".join("x".join(map(str, each.shape[1:])) for each in (self.batches[0], images))
            raise UserError(f"The loader gives images of different sizes, {sizes}; have it bring them to one.")
        self.size += images.numel()
        if self.file is None and self.size > IN_MEMORY:
            self.file = _File.new(images.shape[1:])
            for each in self.batches:
                self.file.add(each)
            self.batches = self.batches[:1]
        if self.file is not None:
            self.file.add(images)
        self.batches += [images] if self.file is None or not self.batches else []

    def images(self) -> Tensor:
        return torch.cat(self.batches) if self.file is None else self.file.finished()

    def close(self) -> None:
        if self.file is not None:
            self.file.close()


class _File:
    """A cache that is written batch by batch."""

    def __init__(self, part: Path, shape: Sequence[int]) -> None:
        self.part, self.shape = part, shape
        self.ends: list[int] = []
        self.digests: list[str] = []
        self.lock = ExitStack()
        self.lock.enter_context(alone_in(part, f"{part} is in use."))
        self.file = open(part / IMAGES, "wb")  # noqa: SIM115 (closed by `close`)

    @classmethod
    def new(cls, shape: Sequence[int]) -> Self:
        shared = cache_folder()
        if shared is None:
            raise UserError("There is no place for so many images; name one by the environment variable PRUNING_CACHE.")
        place = shared / SHARED
        try:
            place.mkdir(parents=True, exist_ok=True)
            for left in place.glob(f"{PREFIX}*{PART}"):
                with suppress(UserError), alone_in(left, "in use"):
                    shutil.rmtree(left, ignore_errors=True)
            return cls(place / f"{PREFIX}{secrets.token_hex(8)}{PART}", shape)
        except OSError as error:
            raise cannot_write(place, error) from error

    def add(self, images: Tensor) -> None:
        content = images.contiguous().numpy().data
        try:
            self.file.write(content)
        except OSError as error:
            raise cannot_write(self.part, error) from error
        self.ends.append((self.ends[-1] if self.ends else 0) + len(images))
        self.digests.append(digest_of(content))

    def finished(self) -> Tensor:
        """The images, from a folder that is named by them."""
        shape = [self.ends[-1], *self.shape]
        key = digest_of("\n".join(map(str, (*shape, *self.digests))).encode())
        cache = self.part.with_name(PREFIX + key)
        try:
            self.file.flush()
            os.fsync(self.file.fileno())
            self.file.close()
            if not (cache / INDEX).is_file():
                levels: list[list[int]] = []
                stamp = stamp_of(self.part / IMAGES)
                Index("a loader", "as it gave them", shape, 0, levels, self.ends, self.digests, stamp).write(self.part)
                self.lock.close()
                os.replace(self.part, cache)
        except OSError as error:
            raise cannot_write(cache, error) from error
        return opened(cache)[0]

    def close(self) -> None:
        self.file.close()
        self.lock.close()
        shutil.rmtree(self.part, ignore_errors=True)
