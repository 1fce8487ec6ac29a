"""Fetches a data set in a process of its own, which can be watched and stopped; it leaves the whole or nothing.

`python -m pruning.data.fetching NAME ROOT FOLDER` is that process; it ends when its standard input does, so that it
never outlives the one who started it.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from pruning.data import DownloadableData, data_root, downloadable
from pruning.data.base import PARTIAL
from pruning.errors import UserError
from pruning.files import alone_in, cannot_write

BYTES = 10**6  # in a megabyte, as download sizes are given


@dataclass(frozen=True)
class Offer:
    """What a download would be.

    Attributes:
        name: the data set.
        addresses: where it comes from.
        megabytes: how much is fetched, in units of 10^6 bytes.
        unpacked: how many megabytes it then takes on the disk.
        root: the folder it goes into.
    """

    name: str
    addresses: tuple[str, ...]
    megabytes: float
    unpacked: float
    root: Path

    @classmethod
    def of(cls, name: str, root: str | Path | None = None) -> "Offer":
        """The offer of a data set that can be fetched, into `root` (default `data_root()`)."""
        source = _source(name)
        return cls(name, source.addresses, source.megabytes, source.unpacked, data_root(root).absolute())


@dataclass(frozen=True)
class Downloaded:
    """How far a download is: megabytes there, the share of the whole in [0, 1], seconds left (None: not known yet)."""

    megabytes: float
    share: float
    seconds_left: float | None


@dataclass(eq=False)
class Fetching:
    """A download that was started; `error` is the sentence it ended in, "" when it went well or goes on."""

    offer: Offer
    process: subprocess.Popen[str]
    folder: Path
    lock: contextlib.ExitStack
    begun: float = field(default_factory=time.monotonic)
    error: str = ""
    over: bool = False

    def check(self) -> bool:
        """Whether it goes on; when it has ended, `error` is set and nothing half-written is left."""
        if not self.over and self.process.poll() is not None:
            said = self.process.communicate()[0].strip().splitlines()
            if self.process.returncode:
                self.error = said[-1] if said else f"The data set '{self.offer.name}' could not be downloaded."
            self._clean()
        return not self.over

    def cancel(self) -> None:
        """Stop it and remove what it has fetched; nothing happens when it is over."""
        if self.over:
            return
        self.process.kill()
        self.process.communicate()
        self._clean()

    def progress(self) -> Downloaded:
        """How far it is, by what lies in its folder."""
        there, whole = _size(self.folder) / BYTES, self.offer.megabytes
        elapsed = time.monotonic() - self.begun
        left = (whole - there) * elapsed / there if 0 < there < whole else None
        return Downloaded(min(there, whole), min(there / whole, 1.0) if whole else 0.0, left)

    def _clean(self) -> None:
        self.over = True
        self.lock.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_lock = threading.Lock()
_started: dict[tuple[str, Path], Fetching] = {}


def started(offer: Offer) -> Fetching | None:
    """The download of that data set into that folder that goes on or ended last, if any."""
    return _started.get((offer.name, offer.root))


def start(offer: Offer) -> Fetching:
    """Start the download, unless it goes on already.

    Raises:
        UserError: the folder cannot be written.
    """
    with _lock:
        current = started(offer)
        if current is not None and current.check():
            return current
        lock = contextlib.ExitStack()
        folder = _folder(offer, lock)
        process = subprocess.Popen(
            command(offer, folder),
            cwd=Path(__file__).parents[2],  # where the package is found, wherever the caller works
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        _started[offer.name, offer.root] = Fetching(offer, process, folder, lock)
        return _started[offer.name, offer.root]


def forget(offer: Offer) -> None:
    """Let go of a download that is over, so that `started` knows nothing of it."""
    with _lock:
        current = started(offer)
        if current is not None and not current.check():
            del _started[offer.name, offer.root]


def _source(name: str) -> DownloadableData:
    source = downloadable(name)
    if source is None:
        raise UserError(f"There is no data set '{name}' that could be fetched.")
    return source


def command(offer: Offer, folder: Path) -> list[str]:
    """The command line of the process."""
    return [sys.executable, "-m", "pruning.data.fetching", offer.name, str(offer.root), str(folder)]


def _folder(offer: Offer, lock: contextlib.ExitStack) -> Path:
    """A new folder below the root, locked, so that the next start knows it from what a killed process left behind."""
    try:
        offer.root.mkdir(parents=True, exist_ok=True)
        for left in offer.root.glob(f"{PARTIAL}*"):
            with contextlib.suppress(UserError), alone_in(left, "in use"):
                shutil.rmtree(left, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{PARTIAL}{offer.name}-", dir=offer.root))
    except OSError as error:
        raise cannot_write(offer.root, error) from error
    lock.enter_context(alone_in(folder, "in use"))
    return folder


def _size(folder: Path) -> int:
    """Bytes in all files below a folder; files may go while they are counted."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _end_with_parent() -> None:
    def wait() -> None:
        sys.stdin.read()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def main(name: str, root: str, folder: str) -> int:
    """Fetch; 0 when the data set is there, else 1 and the sentence as the last line of standard output."""
    try:
        _source(name).download(Path(root), Path(folder))
    except UserError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    _end_with_parent()
    sys.exit(main(*sys.argv[1:]))
