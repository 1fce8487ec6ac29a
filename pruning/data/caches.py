"""Which decoded images there are on the disk."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pruning.data.cache_building import ABOUT, PART
from pruning.data.image_cache import IMAGES, Index
from pruning.errors import UserError

WHOLE, DAMAGED, PARTLY, GONE = "whole", "damaged", "half decoded", "the folder is gone"


@dataclass(frozen=True)
class Found:
    """A cache.

    Attributes:
        path: where it lies. of, how: the folder that its images are from, and what was done to them.
        images: how many. bytes: what they take. state: in words.
    """

    path: Path
    of: str
    how: str
    images: int
    bytes: int
    state: str


def found_in(place: Path, check: bool = False) -> Iterator[Found]:
    """The caches in a folder of caches.

    Args:
        place: the folder.
        check: whether to hold every byte against the digests.
    """
    for cache in sorted(place.iterdir()) if place.is_dir() else ():
        if cache.is_dir() and (cache / IMAGES).is_file():
            yield _looked_at(cache, check)


def _looked_at(cache: Path, check: bool) -> Found:
    size = (cache / IMAGES).stat().st_size
    if cache.name.endswith(PART):
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads((cache / ABOUT).read_bytes())
            return Found(cache, said["of"], said["how"], 0, size, PARTLY)
        return Found(cache, "?", "?", 0, size, PARTLY)
    try:
        index = Index.read(cache)
        broken = check and bool(index.wrong(cache))
    except (UserError, OSError):
        return Found(cache, "?", "?", 0, size, DAMAGED)
    gone = Path(index.of).is_absolute() and not Path(index.of).is_dir()
    state = DAMAGED if broken else GONE if gone else WHOLE
    return Found(cache, index.of, index.how, index.shape[0], size, state)
