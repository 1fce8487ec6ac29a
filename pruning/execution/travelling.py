"""Files and calls on their way to another machine, which may or may not see the same folders.

A worker that sees the folder of a run reads and writes there. One that does not has a mirror: a folder of its own, in
which files that a task reads are put under the paths that they have at home, and from which those that it wrote are
sent back. Either way a task is given paths that hold where it is: the paths of a call below the folder of the run are
brought along as such, and made anew where it arrives.
"""

import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import cloudpickle

from pruning.files import TEMPORARY, kept_meanwhile, remove_leftovers, set_elsewhere, write_atomically

PLACE = "pruning-workers"
"""Of the system's folder for temporary files: where mirrors are, a folder a process."""


class Sent(NamedTuple):
    """A file that a task reads.

    Attributes:
        path: the absolute one at home.
        size: in bytes.
        digest: of its content, or "" where to see a file of that size below a folder that is seen is enough.
    """

    path: str
    size: int
    digest: str


@dataclass
class Mirror:
    """Where a worker keeps files of another machine.

    Attributes:
        root: the folder in which their absolute paths begin.
        known: digest and stamp of each file that is there, by its path at home.
    """

    root: Path
    known: dict[str, tuple[str, tuple[int, int]]] = field(default_factory=dict)

    @classmethod
    def new(cls) -> "Mirror":
        """A new one of this process; those that processes of this machine have left are removed."""
        place = Path(tempfile.gettempdir()) / f"{PLACE}-{os.getuid() if hasattr(os, 'getuid') else 0}"
        place.mkdir(mode=0o700, exist_ok=True)
        for folder in place.iterdir():
            if not _is_alive(folder.name.partition(".")[0]):
                shutil.rmtree(folder, ignore_errors=True)
        return cls(Path(tempfile.mkdtemp(prefix=f"{os.getpid()}.", dir=place)))

    def remove(self) -> None:
        """Delete it."""
        shutil.rmtree(self.root, ignore_errors=True)

    def place(self, path: str) -> Path:
        """Where the file of an absolute path is here."""
        return self.root / Path(path).relative_to(Path(path).anchor)

    def lacks(self, files: Sequence[Sent]) -> list[Sent]:
        """Those of the files that are not here, or are other ones."""
        return [file for file in files if self.known.get(file.path, ("",))[0] != file.digest]

    def put(self, file: Sent, content: bytes) -> None:
        """Keep the content of a file."""
        place = self.place(file.path)
        write_atomically(place, content)
        self.known[file.path] = file.digest, _stamp(place)

    def written(self, folders: Sequence[str]) -> dict[str, bytes]:
        """What is new or changed below some folders of home, by path, and known from now on."""
        found = {}
        for folder in folders:
            for file in sorted(self.place(folder).rglob("*")):
                path, stamp = self.home(file), _stamp(file)
                if file.name.startswith(".") or not file.is_file() or self.known.get(path, ("", None))[1] == stamp:
                    continue
                found[path] = file.read_bytes()
                self.known[path] = digest_of(found[path]), stamp
        return found

    def home(self, file: Path) -> str:
        """The absolute path at home of a file that is here."""
        return str(Path(os.sep) / file.relative_to(self.root))


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_mtime_ns, status.st_size


def digest_of(content: bytes) -> str:
    """Of the content of a file."""
    return blake2b(content, digest_size=16).hexdigest()


def _is_alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:
        return True
    return True


# Calls


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles paths below some folders as what they are at home."""

    def __init__(self, file: io.BytesIO, folders: Sequence[str], mirror: Mirror | None) -> None:
        super().__init__(file)
        self._folders, self._mirror = folders, mirror

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, Path):
            path = os.path.abspath(obj)
            if self._mirror is not None and is_in(path, str(self._mirror.root)):
                path = self._mirror.home(Path(path))
            if any(is_in(path, folder) for folder in self._folders):
                return _arrived, (path,)
        return super().reducer_override(obj)


def is_in(path: str, folder: str) -> bool:
    """Whether an absolute path is a folder or below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


_here: list[Mirror] = []


def _arrived(path: str) -> Path:
    return _here[-1].place(path) if _here else Path(path)


def dumps(thing: Any, folders: Sequence[str], mirror: Mirror | None = None) -> bytes:
    """Pickle a call, or in a worker what came of it, for the way; `folders` are absolute paths at home."""
    with io.BytesIO() as file:
        _Pickler(file, folders, mirror).dump(thing)
        return file.getvalue()


def loads(content: bytes) -> Any:
    """What `dumps` gave; its paths are where `within` has them."""
    return cloudpickle.loads(content)


@contextmanager
def within(mirror: Mirror | None, cwd: str) -> Iterator[None]:
    """Let paths that arrive, and names of files in the user's words, be those of a mirror; None for those at home."""
    if mirror is None:
        yield
        return
    _here.append(mirror)
    set_elsewhere(mirror.place, cwd)
    try:
        yield
    finally:
        _here.pop()
        set_elsewhere(None)


# Whether a folder is the same one


@contextmanager
def marked(folders: Sequence[str]) -> Iterator[dict[str, str]]:
    """Keep a file in each folder meanwhile, by which workers see that it is the same one: path -> what it says."""
    with ExitStack() as stack:
        marks = {}
        for folder in map(Path, folders):
            remove_leftovers(folder)
            path, text = folder / f".seen.{secrets.token_hex(8)}{TEMPORARY}", secrets.token_hex(16)
            stack.enter_context(kept_meanwhile(path, text))
            marks[str(path)] = text
        yield marks


def sees(marks: Mapping[str, str]) -> bool:
    """Whether this machine has all these files, and they say what they are to say."""
    with suppress(OSError, UnicodeDecodeError):
        return all(Path(path).read_text(encoding="utf-8") == text for path, text in marks.items())
    return False


def are_here(files: Sequence[Sent]) -> bool:
    """Whether this machine has all these files under the paths that they have at home."""
    with suppress(OSError):
        for file in files:
            if os.stat(file.path).st_size != file.size:
                return False
            if file.digest and digest_of(Path(file.path).read_bytes()) != file.digest:
                return False
        return True
    return False
