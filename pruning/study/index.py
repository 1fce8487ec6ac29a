"""What is known of a study's files without reading them: an index, written by commands that write anyway.

It saves time and decides nothing: an entry counts while its file has the same time of change, size and place on the
disk, and the whole only with the seal of the user that reads it, so that an index which came with somebody else's
study, was damaged, or is missing costs the time to read the files, and no more. Reading writes nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr

from pruning.errors import WriteError
from pruning.files import leads_out, write_atomically
from pruning.study.opened import state_folder
from pruning.ticket import TicketInfo, read_header
from pruning.version import VERSION

FOLDER, TICKETS = "index", "tickets"
LEAST = 200
"""Tickets from which on a study has an index: fewer are read as fast."""
MOST = 256_000_000
"""Bytes of an index, at most."""
LATER = ("history", "record")
"""What of a ticket's file the index leaves out: by far the most of it, and of use to few."""
KEY, SEAL = "index.key", 32

Seen = tuple[int, ...]


def seen(path: Path) -> Seen:
    """What changes when a file does: times, size, inode; () where there is none."""
    try:
        return _told_by(path.stat())
    except OSError:
        return ()


def files(folder: Path, suffix: str) -> dict[str, Seen]:
    """The files in a folder whose names end so, by name, each with its `seen` and whether it is a link."""
    found: dict[str, Seen] = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(suffix):
                try:
                    stat = entry.stat()
                    found[entry.name] = (*_told_by(stat), entry.is_symlink())
                except OSError:  # gone since, or a link to nowhere
                    if entry.is_symlink():
                        found[entry.name] = ()
    return found


def _told_by(stat: os.stat_result) -> Seen:
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino


class Indexed(TicketInfo):
    """A ticket's info as the index has it; its `history` and `record` are read from the file once they are asked for.

    That raises UserError where the file went meanwhile.
    """

    _file: Path = PrivateAttr()

    def __getattr__(self, name: str) -> Any:
        if name not in LATER:
            return getattr(super(), "__getattr__")(name)  # noqa: B009 - pydantic hides it from type checkers
        info = read_header(self._file).info
        self.__dict__.update({each: getattr(info, each) for each in LATER})
        return self.__dict__[name]


class Row:
    """What the index says of a ticket's file."""

    def __init__(self, path: Path, plain: Mapping[str, Any]) -> None:
        self.path, self.seen, self.content, self._plain = path, tuple(plain["seen"]), str(plain["content"]), plain

    @cached_property
    def info(self) -> Indexed:
        """As in the file's header."""
        info = Indexed.model_validate(self._plain["info"])
        for name in LATER:
            info.__dict__.pop(name, None)
        info._file = self.path
        return info


def tickets(study: Path) -> Mapping[str, Row]:
    """What the index says of the files in `tickets/`, by name; {} without one."""
    found: Mapping[str, Row] = _tickets(study, seen(file(study, TICKETS)), _key())
    return found


@lru_cache(maxsize=8)
def _tickets(study: Path, now: Seen, key: bytes | None) -> Mapping[str, Row]:
    try:
        found = read(study, TICKETS)
        return {str(name): Row(study / "tickets" / name, plain) for name, plain in found.items()}
    except (KeyError, TypeError, AttributeError):
        return {}


def write_tickets(study: Path, rows: Mapping[str, tuple[Seen, str, TicketInfo]]) -> None:
    """Write the index of tickets: of each file's name what tells its change, the digest of its tensors, its info."""
    write(
        study,
        TICKETS,
        {
            name: {"seen": when, "content": content, "info": info.model_dump(mode="json", exclude=set(LATER))}
            for name, (when, content, info) in rows.items()
        },
    )


def file(study: Path, name: str) -> Path:
    """The file of an index."""
    return study / FOLDER / f"{name}.json"


def read(study: Path, name: str) -> dict[str, Any]:
    """What an index says; {} where there is none that this user's program sealed."""
    place, key = file(study, name), _key()
    if key is None or leads_out(place.parent, study) or leads_out(place, study):
        return {}
    try:
        with open(place, "rb") as handle:
            content = handle.read(MOST + 1)
        seal, text = content[:SEAL], content[SEAL:]
        if len(content) > MOST or not hmac.compare_digest(seal, _seal(key, text)):
            return {}
        plain = json.loads(text)
        return dict(plain["entries"]) if plain["version"] == VERSION else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def write(study: Path, name: str, entries: Mapping[str, Any]) -> None:
    """Write an index, where that can be: a study without one is the same."""
    with suppress(WriteError, OSError):
        key = _key() or _new_key()
        place = file(study, name)
        if leads_out(place.parent, study) or leads_out(place, study):
            return
        text = json.dumps({"version": VERSION, "entries": entries}, separators=(",", ":")).encode()
        content = _seal(key, text) + text
        if not place.exists() or place.read_bytes() != content:
            write_atomically(place, content)


def _seal(key: bytes, text: bytes) -> bytes:
    return hashlib.blake2b(text, key=key, digest_size=SEAL // 2).hexdigest().encode()


def _key() -> bytes | None:
    """The user's own key; None where there is none yet."""
    with suppress(OSError):
        key = (state_folder() / KEY).read_bytes()
        return key if len(key) == SEAL else None
    return None


def _new_key() -> bytes:
    place, key = state_folder() / KEY, secrets.token_bytes(SEAL)

    def fill(temporary: Path) -> None:
        os.chmod(temporary, 0o600)
        temporary.write_bytes(key)

    write_atomically(place, fill)
    os.chmod(place, 0o600)
    return key


def told(known: Mapping[str, Row], path: Path) -> Row | None:
    """What `tickets` says of a file; None where it does not know that as it is."""
    row = known.get(path.name)
    if row is None or row.seen != seen(path):
        return None
    with suppress(ValueError):
        return row if row.info else None
    return None
