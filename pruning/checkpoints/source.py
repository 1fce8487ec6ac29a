"""The file that is read, opened so that nothing odd under its name can hang the reader, and the sentences about it."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pruning.errors import UserError, few

AGAIN = "copy or download it again"


def shown(value: object, limit: int = 120) -> str:
    """A name out of a file as part of a line: without line breaks or other control characters, and not too long."""
    text = value if isinstance(value, str) else "?"
    cut = text if len(text) <= limit else f"{text[: limit - 20]}...{text[-15:]}"
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in cut)


def listed(names: list[str], most: int = 4) -> str:
    """Names in quotation marks, the first few of them."""
    return few([*(f"'{shown(name)}'" for name in names[:most]), *names[most:]], most)


@dataclass(frozen=True)
class Source:
    """An open file: where it is, its bytes and how many they are."""

    path: Path
    file: BinaryIO
    size: int

    @property
    def name(self) -> str:
        """The path as it is shown."""
        return shown(str(self.path), 4096)

    def error(self, reason: str, advice: str) -> UserError:
        """The sentence for a file that cannot be read: why, and what to do."""
        return unreadable(self.path, reason, advice)

    def damaged(self, detail: str) -> UserError:
        """The sentence for a file that contradicts itself."""
        return self.error(f"it is cut short or damaged ({detail})", AGAIN)

    def take(self, start: int, length: int) -> bytearray:
        """Bytes of the file.

        Raises:
            UserError: they are not all there.
        """
        if not 0 <= start <= start + length <= self.size:
            raise self.damaged(f"{length} bytes are missing at {start}")
        found = bytearray(length)
        self.file.seek(start)
        view, done = memoryview(found), 0
        while done < length:
            count = self.file.readinto(view[done:])  # type: ignore[attr-defined]
            if not count:
                raise self.damaged("the file became shorter while it was read")
            done += count
        return found


def unreadable(path: Path, reason: str, advice: str) -> UserError:
    """The sentence for a file that cannot be read: why, and what to do."""
    return UserError(f"The checkpoint {shown(str(path), 4096)} cannot be read: {reason}; {advice}.")


@contextmanager
def opened(path: str | Path) -> Iterator[Source]:
    """Open a file of weights.

    Raises:
        UserError: there is no file, it is no ordinary one (a folder, a device, a pipe), cannot be read, or is empty.
    """
    path = Path(path)
    try:
        handle = _open(path)
    except FileNotFoundError:
        raise UserError(f"There is no file {shown(str(path), 4096)} to take weights from.") from None
    except PermissionError:
        raise unreadable(path, "you may not read it", "change its permissions (chmod u+r)") from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise unreadable(path, reason, "give the path of a file of weights") from None
    with open(handle, "rb") as file:
        size = os.fstat(handle).st_size
        if size == 0:
            raise unreadable(path, "it is empty", AGAIN)
        yield Source(path, file, size)


def _open(path: Path) -> int:
    # Asked before opening, as a device may act on it, and again after it, as the name may lead elsewhere by then
    _refuse_oddities(path, os.stat(path).st_mode)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _refuse_oddities(path, os.fstat(handle).st_mode)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _refuse_oddities(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise unreadable(path, "it is a folder", "give the path of the file of weights in it")
    if not stat.S_ISREG(mode):
        raise unreadable(path, "it is a device, a pipe or a socket", "give the path of a file of weights")
