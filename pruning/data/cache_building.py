"""Decodes images into a cache, chunk by chunk, by several threads.

While it is built, the cache is called NAME.part and has a journal of the chunks that are done, so that a build that was
killed goes on; the last step is a renaming.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock, Timeout

from pruning.data.decoding import LEVELS, Decoded, Unreadable, decode, refuse, threads
from pruning.data.image_cache import IMAGES, INDEX, Index, digest_of, stamp_of
from pruning.data.preprocessing import Preprocessing
from pruning.errors import UserError
from pruning.files import LOCK, append_line, cannot_write, write_atomically
from pruning.progress import Progress, duration

JOURNAL, ABOUT, PART = "journal.jsonl", "about.json", ".part"
CHUNK = 8 * 2**20
"""Bytes of a chunk, about."""
MARGIN = 64 * 2**20
"""Bytes of the disk that are left free."""
GB = 10**9


class Spot(NamedTuple):
    """Where a cache may lie.

    Attributes:
        place: a folder of caches. key: names this one there, by all that decides its content.
        kind: the same but for the state of the image files, so that caches of one kind replace each other.
    """

    place: Path
    key: str
    kind: str

    @property
    def cache(self) -> Path:
        """The folder that the cache is."""
        return self.place / self.key


@dataclass(frozen=True)
class Wanted:
    """What a cache is to hold.

    Attributes:
        of: the folder that the images are from, absolute.
        files: for training and for testing. shape: (channels, height, width) of each image.
    """

    of: str
    parts: tuple[Sequence[str], Sequence[str]]
    shape: tuple[int, int, int]
    preprocessing: Preprocessing

    @property
    def bytes(self) -> int:
        """How many all pixels take."""
        return sum(map(len, self.parts)) * prod(self.shape)

    def chunks(self) -> list[range]:
        """The rows of each chunk; none has images of both parts."""
        step, train = max(1, CHUNK // prod(self.shape)), len(self.parts[0])
        ends = ((0, train), (train, train + len(self.parts[1])))
        return [range(at, min(at + step, end)) for begin, end in ends for at in range(begin, end, step)]


def build(wanted: Wanted, spots: Sequence[Spot], progress: Progress) -> Spot:
    """Decode images into a cache in the first of some spots that can be written, unless it is there; return that.

    Another process that builds it is waited for.

    Raises:
        UserError: images cannot be read, the disk has no room, or no place can be written.
    """
    spot = _writable(spots, wanted)
    with _alone(_lock_of(spot.cache), progress):
        if not spot.cache.is_dir():
            try:
                _build(wanted, spot, progress)
            except OSError as error:
                raise _no_room(wanted, spot.place, error) from error
    return spot


def _writable(spots: Sequence[Spot], wanted: Wanted) -> Spot:
    for spot in spots:
        with suppress(OSError):
            spot.place.mkdir(parents=True, exist_ok=True)
            if os.access(spot.place, os.W_OK):
                return spot
    raise UserError(
        f"The images in {wanted.of} take {wanted.bytes / GB:.1f} GB and are kept on the disk once decoded, but "
        f"{' and '.join(str(spot.place) for spot in spots)} cannot be written; name a folder by the environment "
        "variable PRUNING_CACHE."
    )


def _no_room(wanted: Wanted, place: Path, error: OSError) -> UserError:
    return UserError(f"The decoded images of {wanted.of} were not kept. {cannot_write(place, error)}")


@contextmanager
def _alone(lock: Path, progress: Progress) -> Iterator[None]:
    held = FileLock(lock)
    while True:
        try:
            held.acquire(timeout=0.5)
            break
        except Timeout:
            progress(0.0, "waiting for another process, which decodes these images")
        except OSError as error:
            raise cannot_write(lock, error) from error
    try:
        yield
    finally:
        held.release()


def _lock_of(cache: Path) -> Path:
    """What a process holds that makes or removes a cache, or its part."""
    return cache.with_name(cache.name.removesuffix(PART) + LOCK)


def _build(wanted: Wanted, spot: Spot, progress: Progress) -> None:
    part = spot.place / (spot.key + PART)
    part.mkdir(exist_ok=True)
    done = _resumed(wanted, part)
    try:
        about = {"of": wanted.of, "how": wanted.preprocessing.key, "kind": spot.kind}
        write_atomically(part / ABOUT, json.dumps(about))
        _check_room(wanted, part, sum(len(rows) for rows, *_ in done.values()) * prod(wanted.shape))
        _decode_rest(wanted, part, done, progress)
    except (UserError, OSError):  # a disk that is full is not left so, and damaged images are mended by others
        shutil.rmtree(part, ignore_errors=True)
        raise
    train, chunks = len(wanted.parts[0]), wanted.chunks()
    told = [done[place] for place in range(len(chunks))]
    levels = np.zeros((wanted.shape[0], LEVELS), dtype=np.int64)
    for rows, _, found in told:
        levels += np.array(found) if rows.start < train else 0
    index = Index(
        wanted.of,
        wanted.preprocessing.key,
        [sum(map(len, wanted.parts)), *wanted.shape],
        train,
        levels.tolist(),
        [rows.stop for rows in chunks],
        [digest for _, digest, _ in told],
        stamp_of(part / IMAGES),
        kind=spot.kind,
    )
    index.write(part)
    for name in (JOURNAL, ABOUT):
        (part / name).unlink()
    os.replace(part, spot.cache)


Done = tuple[range, str, list[list[int]]]
"""The rows of a chunk, its digest, and how often it has each level."""


def _resumed(wanted: Wanted, part: Path) -> dict[int, Done]:
    """The chunks that an earlier build left, those alone that are what its journal says."""
    done: dict[int, Done] = {}
    chunks, width = wanted.chunks(), prod(wanted.shape)
    with suppress(FileNotFoundError), open(part / IMAGES, "rb") as file:
        for line in (part / JOURNAL).read_text().splitlines():
            with suppress(ValueError, KeyError, IndexError, TypeError):  # the last line may be half written
                said = json.loads(line)
                rows = chunks[said["chunk"]]
                file.seek(rows.start * width)
                if digest_of(file.read(len(rows) * width)) == said["digest"]:
                    done[said["chunk"]] = (rows, said["digest"], said["levels"])
    return done


def _check_room(wanted: Wanted, part: Path, there: int) -> None:
    free = shutil.disk_usage(part).free
    if wanted.bytes - there + MARGIN > free:
        raise UserError(
            f"The {sum(map(len, wanted.parts)):,} images in {wanted.of} take {wanted.bytes / GB:.1f} GB once decoded, "
            f"and {part.parent} has {free / GB:.1f} GB free; make room, or name another folder by the environment "
            "variable PRUNING_CACHE."
        )


def _decode_rest(wanted: Wanted, part: Path, done: dict[int, Done], progress: Progress) -> None:
    """Decode the chunks that are not done, by several threads; one writes."""
    files, chunks, width = [*wanted.parts[0], *wanted.parts[1]], wanted.chunks(), prod(wanted.shape)
    left = iter([place for place in range(len(chunks)) if place not in done])
    clock = _Clock(len(files), sum(len(rows) for rows, *_ in done.values()), wanted.bytes, progress)
    unreadable: list[Unreadable] = []
    stopped = threading.Event()

    def work(rows: range) -> tuple[Decoded | list[Unreadable], str]:
        if stopped.is_set():
            return [], ""
        found = decode(files[rows.start : rows.stop], wanted.shape, wanted.preprocessing)
        return found, digest_of(found.pixels) if isinstance(found, Decoded) else ""

    with (
        open(part / IMAGES, "r+b" if (part / IMAGES).exists() else "w+b") as file,
        ThreadPoolExecutor(threads()) as pool,
    ):
        going: dict[Future[Any], int] = {}
        try:
            while True:
                while len(going) < 2 * threads() and (place := next(left, None)) is not None:
                    going[pool.submit(work, chunks[place])] = place
                if not going:
                    break
                for future in wait(going, return_when=FIRST_COMPLETED).done:
                    place, (found, digest) = going.pop(future), future.result()
                    rows = chunks[place]
                    if not isinstance(found, Decoded):
                        unreadable += found
                    elif not unreadable:
                        file.seek(rows.start * width)
                        file.write(found.pixels.data)
                        file.flush()
                        levels = found.levels.tolist()
                        append_line(part / JOURNAL, {"chunk": place, "digest": digest, "levels": levels})
                        done[place] = (rows, digest, levels)
                    clock.tell(len(rows))
        finally:
            stopped.set()
        refuse(unreadable)
        os.fsync(file.fileno())


class _Clock:
    """Tells how many images are decoded, and about how long the rest takes."""

    def __init__(self, images: int, before: int, size: int, progress: Progress) -> None:
        self.images, self.before, self.size, self.progress = images, before, size, progress
        self.done, self.began = before, time.monotonic()

    def tell(self, more: int) -> None:
        self.done += more
        left = (time.monotonic() - self.began) * (self.images - self.done) / max(1, self.done - self.before)
        text = f"decoded {self.done:,} of {self.images:,} images ({self.size / GB:.2g} GB), {duration(left)} left"
        self.progress(self.done / self.images, text)


def remove_stale(spot: Spot) -> None:
    """Remove what the same folder gave when its files were others, and nothing that another process makes."""
    for other in spot.place.iterdir():
        if other.name.removesuffix(PART) != spot.key and other.is_dir() and _kind_of(other) == spot.kind:
            remove(other)


def _kind_of(cache: Path) -> str:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return str(json.loads((cache / (ABOUT if cache.name.endswith(PART) else INDEX)).read_bytes())["kind"])
    return ""


def remove(cache: Path) -> bool:
    """Delete a cache, or the part of one, unless another process makes it; whether it is gone.

    A process that has it open keeps it until its end.
    """
    with suppress(Timeout, OSError), ExitStack() as locks:
        # A loader's images are written under a lock within
        within = [cache / LOCK] if (cache / LOCK).is_file() else []
        for lock in (_lock_of(cache), *within):
            locks.enter_context(FileLock(lock, timeout=0))
        shutil.rmtree(cache, ignore_errors=True)
        _lock_of(cache).unlink()
    return not cache.exists()
