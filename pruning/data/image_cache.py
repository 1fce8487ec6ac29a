"""Images decoded once into a file that is mapped into memory, with a digest of each chunk.

A cache is a folder named by what decides its content: ``images`` holds uint8 [N, C, H, W] and nothing else, those for
training first, ``index.json`` says the rest.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

from pruning.data.lazy import LazyImages
from pruning.errors import UserError
from pruning.files import user_path, write_atomically

FORMAT = 1
IMAGES, INDEX = "images", "index.json"
SHARED = "images"
"""Below the user's folder of caches."""


@dataclass(frozen=True)
class Index:
    """What `index.json` says.

    Attributes:
        of, how: the folder that the images are from, and what was done to them.
        shape: of all images. train: how many are for training.
        levels: how often these have each level, a row a channel.
        ends: the row after each chunk. digests: of each chunk. stamp: size and time of change of the file.
        kind: of all that decides the pixels but the folder's files, as `Spot` has it; "" where nobody knows.
    """

    of: str
    how: str
    shape: list[int]
    train: int
    levels: list[list[int]]
    ends: list[int]
    digests: list[str]
    stamp: list[int]
    format: int = FORMAT
    kind: str = ""

    @classmethod
    def read(cls, cache: Path) -> Index:
        """That of a cache. Raises UserError where it is none."""
        try:
            found = cls(**json.loads((cache / INDEX).read_bytes()))
            sound = found.format == FORMAT and len(found.shape) == 4 and len(found.ends) == len(found.digests)
            if not sound or (cache / IMAGES).stat().st_size != prod(found.shape):
                raise ValueError
        except (OSError, ValueError, TypeError):
            raise damaged(cache) from None
        return found

    def write(self, cache: Path) -> None:
        """Write it into the folder of a cache."""
        write_atomically(cache / INDEX, json.dumps(asdict(self)))

    def wrong(self, cache: Path) -> list[int]:
        """The chunks that are not what they were. Raises OSError where the file cannot be read."""
        width, begin, found = prod(self.shape[1:]), 0, []
        with open(cache / IMAGES, "rb") as file:
            for place, (end, digest) in enumerate(zip(self.ends, self.digests, strict=True)):
                if digest_of(file.read((end - begin) * width)) != digest:
                    found.append(place)
                begin = end
        return found


def cache_folder() -> Path | None:
    """Where decoded data is kept: the environment's PRUNING_CACHE, else ~/.cache/pruning, else nowhere."""
    if named := os.environ.get("PRUNING_CACHE"):
        return user_path(named)
    try:
        return Path.home() / ".cache" / "pruning"
    except RuntimeError:  # a user without a home folder
        return None


def damaged(cache: Path) -> UserError:
    """The error of a cache that is not what it was."""
    return UserError(f"The decoded images in {cache} are damaged; remove that folder, and they are decoded anew.")


def opened(cache: Path) -> tuple[LazyImages, Index]:
    """The images of a cache, on the disk, and its index; a file that changed since it was built is checked whole.

    Raises:
        UserError: it is damaged.
    """
    index = Index.read(cache)
    try:
        now = stamp_of(cache / IMAGES)
        if now != index.stamp:
            if index.wrong(cache):
                raise damaged(cache)
            with suppress(UserError):  # where nothing can be written, it is checked every time
                Index(**{**asdict(index), "stamp": now}).write(cache)
        content = digest_of("\n".join([*map(str, index.shape), *index.digests]).encode())
        return LazyImages.of((cache / IMAGES).resolve(), index.shape, content), index
    except OSError:
        raise damaged(cache) from None


def stamp_of(file: Path) -> list[int]:
    """Size and time of change of a file."""
    told = file.stat()
    return [told.st_size, told.st_mtime_ns]


def digest_of(content: Any) -> str:
    """16 hex digits of bytes."""
    return hashlib.blake2b(content, digest_size=8).hexdigest()
