"""Files that are whole or not there: written to a neighbour, flushed to the disk, then renamed."""

import errno
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from safetensors import SafetensorError

from pruning.errors import UserError, WriteError

TEMPORARY = ".tmp"
LOCK = ".lock"
SHOWN = 80
"""Characters of a name that cannot be one which are said."""

_elsewhere: list[tuple[Callable[[str], Path], str]] = []


def set_elsewhere(place: Callable[[str], Path] | None, folder: str = "") -> None:
    """Say where files of another machine are, by their absolute paths there, whose work is done here; None: nowhere.

    Relative paths begin in `folder` there.
    """
    _elsewhere[:] = [] if place is None else [(place, folder)]


def user_path(name: str | Path) -> Path:
    """The path that the user writes, which may begin at a home folder.

    Raises:
        UserError: nothing can be called so: it has a null byte, is too long, or nobody has such a home folder.
    """
    try:
        path = Path(name).expanduser()
        path.lstat()
    except (ValueError, RuntimeError) as error:
        raise _no_name(name, str(error)) from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise _no_name(name, "it is too long") from None
    return path


def _no_name(name: str | Path, why: str) -> UserError:
    text = str(name)
    shown = repr(text[:SHOWN]) + "…" * (len(text) > SHOWN)
    return UserError(f"No file or folder can be called {shown}: {why.rstrip('.')}.")


def here(name: str | Path) -> Path:
    """Where a file is that the user names; another place in a process that has it from another machine."""
    path = user_path(name)
    for place, folder in _elsewhere:
        brought = place(os.path.abspath(os.path.join(folder, path)))
        if brought.exists():
            return brought
    return path


def digest_of_named(name: str) -> str:
    """16 hexadecimal digits of the SHA-256 of a file that the user names; "" where it cannot be read here."""
    try:
        return hashlib.sha256(here(name).read_bytes()).hexdigest()[:16]
    except (OSError, UserError):
        return ""


def write_atomically(path: Path, content: bytes | str | Callable[[Path], object]) -> None:
    """Write a file so that it is there whole or not at all; on any failure `path` is untouched.

    Args:
        path: the file; its folder is made if need be.
        content: what is in it (text as UTF-8), or a function that fills the temporary file that it is given.

    Raises:
        WriteError: the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _locked(temporary):
            try:
                _fill(temporary, content)
                os.replace(temporary, path)
            finally:
                temporary.unlink(missing_ok=True)
        _flush(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error


def _fill(path: Path, content: bytes | str | Callable[[Path], object]) -> None:
    path.touch()
    mode = path.stat().st_mode
    if callable(content):
        try:
            content(path)
        except SafetensorError as error:  # no OSError, though the disk may be full
            raise _system_error(str(error)) from error
        path.chmod(mode)  # safetensors makes files that are private to their owner
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _system_error(text: str) -> OSError:
    """Return the error of the system that Rust quotes as "TEXT (os error NUMBER)"."""
    found = re.search(r"os error (\d+)", text)
    return OSError(int(found[1]), os.strerror(int(found[1]))) if found else OSError(text)


def _flush(folder: Path) -> None:
    """Have the system keep the renaming too, where a folder can be flushed."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def _locked(temporary: Path) -> Iterator[None]:
    """Mark a temporary file as in use: a lock beside it, which a process that dies lets go of by itself.

    Raises:
        Timeout: another process holds it.
    """
    lock = FileLock(f"{temporary}{LOCK}", timeout=0)
    lock.acquire()
    try:
        yield
    finally:
        lock.release()
        with suppress(OSError):
            os.unlink(lock.lock_file)


@contextmanager
def kept_meanwhile(temporary: Path, content: str) -> Iterator[None]:
    """Keep a temporary file that says something, which `remove_leftovers` takes away where this process is killed.

    Raises:
        WriteError: the folder, which is made if need be, cannot be written.
    """
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        with _locked(temporary):
            try:
                temporary.write_text(content, encoding="utf-8")
                yield
            finally:
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise cannot_write(temporary, error) from error


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that killed processes left in a folder, and none that is being written."""
    names = {str(path).removesuffix(LOCK) for end in ("", LOCK) for path in folder.glob(f".*{TEMPORARY}{end}")}
    for name in sorted(names):
        with suppress(Timeout, OSError), _locked(Path(name)):
            Path(name).unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> WriteError:
    """Return the error for a file that could not be written."""
    full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    reason = "the disk is full" if full else (error.strerror or str(error)).lower()
    return WriteError(f"Cannot write {path}: {reason}; nothing was changed.")


@contextmanager
def alone_in(folder: Path, busy: str, name: str = LOCK, patience: float = 0.0) -> Iterator[None]:
    """Hold a lock of a folder, which is made if need be; a process that dies lets go of it by itself.

    Args:
        folder: the folder.
        busy: the sentence where another holds the lock.
        name: of the lock's file.
        patience: seconds that are waited for it.

    Raises:
        UserError: another still holds it.
        WriteError: the folder cannot be written.
    """
    lock = FileLock(folder / name, timeout=patience)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise UserError(busy) from None
    except OSError as error:
        raise cannot_write(folder / name, error) from error
    try:
        yield
    finally:
        lock.release()


def leads_out(path: Path, folder: Path) -> bool:
    """Whether a file or folder, in `folder` as it seems, is a link to a place outside of it."""
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def append_line(path: Path, record: Mapping[str, object]) -> None:
    """Append one JSON line, whole or not at all, behind one that was cut off too; who appends holds a lock.

    Raises:
        WriteError: the file cannot be written, or is a link to another.
    """
    line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
    try:
        with open(path, "a+b", buffering=0, opener=_no_link) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - 1, 0))
            if file.read(1) not in (b"", b"\n"):
                line = b"\n" + line
            if file.write(line) < len(line):
                file.truncate(size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        raise cannot_write(path, error) from error


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
