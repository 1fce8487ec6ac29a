"""What runs in a worker of Ray: one call after another, each told what it needs, each answered with what came of it.

Nothing here is raised for the driver to find: Ray would wrap it into a traceback. Answers are plain.
"""

import atexit
import os
import sys
import traceback
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import cloudpickle

from pruning import registry
from pruning.errors import UserError
from pruning.execution.base import Worker, working_in
from pruning.execution.travelling import Mirror, Sent, are_here, dumps, loads, sees, within
from pruning.progress import throttled

DONE, FAILED, LACKS = "done", "failed", "lacks"
HIDDEN = ("PRUNING_ALLOWED_CODE",)
"""What speaks of this machine's files alone: code that is sent was allowed where it came from."""


@dataclass(frozen=True)
class Outfit:
    """What all calls of one executor share.

    Attributes:
        key: the executor's.
        folders: the absolute paths, at home, of the folders in which the calls read and write.
        marks: the files by which these are known again: path -> text.
        cwd: the working directory at home.
        path: where Python finds modules at home; what is there too is added here.
        environment: variables that are set as they are at home.
        registered: what was registered at home, pickled.
    """

    key: str
    folders: tuple[str, ...]
    marks: dict[str, str]
    cwd: str
    path: tuple[str, ...]
    environment: dict[str, str]
    registered: bytes


@dataclass(frozen=True)
class Luggage:
    """What goes with one call.

    Attributes:
        threads: to set before it.
        files: what it reads.
        contents: a reference to the content of each of the files; () where they are not sent.
        parcels: the key of each, a reference to what is in it, and what unpacks it.
    """

    threads: int
    files: tuple[Sent, ...]
    contents: tuple[Any, ...]
    parcels: tuple[tuple[Hashable, Any, Any], ...]


Answer = tuple[str, bytes, dict[str, bytes]]
"""What came of a call: DONE with its value, FAILED with its error, or LACKS; and the files that it wrote, by path."""


class Ear:
    """An actor that hears how far calls are, until it is asked."""

    def __init__(self) -> None:
        self.heard: dict[int, tuple[int, float, str]] = {}

    def hear(self, number: int, fraction: float, text: str) -> None:
        """Take notice; only the last word of a call counts."""
        self.heard[number] = number, fraction, text

    def take(self) -> list[tuple[int, float, str]]:
        """What was heard since."""
        heard, self.heard = self.heard, {}
        return list(heard.values())


def spoilt(error: BaseException) -> bool:
    """Whether a process is of no use any more: a cancel cut its import of torch short, which cannot be done again."""
    return isinstance(error, ImportError) and "can only be initialized once" in str(error)


class _Place:
    """This process, for the calls of one executor."""

    def __init__(self, outfit: Outfit, ear: Any) -> None:
        self.outfit, self.problem = outfit, ""
        self.mirror: Mirror | None = None
        self.unpacked: set[Hashable] = set()
        self.worker = Worker(
            lambda number: throttled(lambda fraction, text: ear.hear.remote(number, fraction, text), seconds=0.3)
        )
        sys.path.extend(place for place in outfit.path if place not in sys.path and os.path.isdir(place))
        os.environ.update(outfit.environment)
        if os.path.isdir(outfit.cwd):
            os.chdir(outfit.cwd)

    def begin(self) -> None:
        """Know what was registered at home, once the files of plugins are here."""
        if "registered" in self.unpacked or self.problem:
            return
        try:
            registry.plugins()
            registry.add_all(cloudpickle.loads(self.outfit.registered))
        except Exception as error:
            if spoilt(error):
                os._exit(1)  # Ray takes another worker, which begins anew
            self.problem = (
                f"What was registered cannot be had in a worker of Ray ({error}); put it into a file that "
                f"{registry.PLUGINS} names, or use --on processes."
            )
        self.unpacked.add("registered")  # not after a cancel: the next call is to know it too

    def close(self) -> None:
        if self.mirror is not None:
            self.mirror.remove()


_places: list[_Place] = []


@atexit.register
def _leave() -> None:
    while _places:
        _places.pop().close()


def run_call(outfit: Outfit, call: bytes, luggage: Luggage, ear: Any) -> Answer:
    """Do a call where this is."""
    if not _places or _places[-1].outfit.key != outfit.key:
        _leave()
        _places.append(_Place(outfit, ear))
    place = _places[-1]
    seen = sees(outfit.marks) and are_here(luggage.files)
    if not seen and len(luggage.contents) < len(luggage.files):
        return LACKS, b"", {}
    mirror = None if seen else _mirror(place, luggage)
    with within(mirror, outfit.cwd):
        kind, value = _value(place, call, luggage, mirror)
    written = mirror.written(outfit.folders) if mirror is not None and kind == DONE else {}
    return kind, value, written


def _mirror(place: _Place, luggage: Luggage) -> Mirror:
    """The mirror, with the files of a call."""
    if place.mirror is None:
        place.mirror = Mirror.new()
        for name in HIDDEN:
            os.environ.pop(name, None)
    import ray  # not before `ray_cluster` has set what Ray reads when it is imported

    contents = dict(zip((file.path for file in luggage.files), luggage.contents, strict=True))
    lacking = place.mirror.lacks(luggage.files)
    for file, content in zip(lacking, ray.get([contents[file.path] for file in lacking]), strict=True):
        place.mirror.put(file, content)
    return place.mirror


def _value(place: _Place, call: bytes, luggage: Luggage, mirror: Mirror | None) -> tuple[str, bytes]:
    folders = place.outfit.folders
    try:
        place.begin()
        if place.problem:
            raise UserError(place.problem)
        for key, content, unpack in luggage.parcels:
            if key not in place.unpacked:
                _unpack(key, content, unpack)
                place.unpacked.add(key)
        function, arguments, named = loads(call)
        _set_threads(luggage.threads)
        with working_in(place.worker):
            value = function(*arguments, **named)
        return DONE, dumps(value, folders, mirror)
    except Exception as error:
        return FAILED, _sendable(error, folders, mirror)


def _unpack(key: Hashable, reference: Any, unpack: Any) -> None:
    import ray

    try:
        unpack(ray.get(reference))
    except Exception as error:
        what = " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
        raise UserError(
            f"A machine of the cluster cannot have the {what} ({error}); what lies in a decoded "
            "file has to be where all machines see it, as PRUNING_CACHE says."
        ) from error


def _set_threads(count: int) -> None:
    """Whatever Ray set, or a call before this one: last digits depend on it."""
    torch = sys.modules.get("torch")
    os.environ["OMP_NUM_THREADS"] = str(count)
    if torch is not None and count:
        torch.set_num_threads(count)


def _sendable(error: Exception, folders: Sequence[str], mirror: Mirror | None) -> bytes:
    try:
        content = dumps(error, folders, mirror)
        loads(content)
        return content
    except Exception:
        return dumps(RuntimeError("".join(traceback.format_exception(error))), folders)
