"""Files that are whole or not there: written to a neighbour, flushed to the disk, then renamed."""

import errno
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pruning.errors import WriteError

TEMPORARY = ".tmp"


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then put it in its place; on any failure `path` is untouched.

    Raises:
        WriteError: the disk is full or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=TEMPORARY, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise cannot_write(path, error) from error
    temporary = Path(name)
    try:
        write(temporary)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        # mkstemp makes files private to their owner; results are as readable as any other file of the user
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def cannot_write(path: Path, error: OSError) -> WriteError:
    """The sentence for a file that could not be written."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    reason = "the disk is full" if full else (error.strerror or str(error)).lower()
    return WriteError(f"Cannot write {path}: {reason}; nothing was changed.")


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Append one JSON line; a single write call, so that lines of several processes do not mix."""
    line = json.dumps(record, separators=(",", ":")) + "\n"
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(line)
    except OSError as error:
        raise cannot_write(path, error) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that a killed process left in a folder; the caller sees to it that none is in use."""
    for path in folder.glob(f".*{TEMPORARY}"):
        path.unlink(missing_ok=True)
