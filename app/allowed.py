"""Code of the user's own that was allowed to run, by what it says.

What was allowed is kept outside of any study, in the user's own state folder, as digests of the file and of the code
beside and below it, which it may import.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from pruning.errors import UserError
from pruning.files import LOCK, alone_in, write_atomically
from pruning.models.code_digest import digest_of_code
from pruning.models.user_file import is_user_file
from pruning.study.folder import TOML
from pruning.study.opened import state_folder

PATIENCE = 5.0
"""Seconds that are waited for another process which allows code too."""


class Untrusted(UserError):
    """A file of Python code that nobody has allowed to run."""

    def __init__(self, file: Path, digest: str, private: bool) -> None:
        super().__init__(
            f"{file} is code that the network or the task is made by, and does not run unless it is allowed to."
            if private
            else f"{file} is code that the network or the task is made by; it never runs where others can open this "
            "app."
        )
        self.file, self.digest = file, digest


def place() -> Path:
    """The file of digests, a line each."""
    return state_folder() / "trusted-code.txt"


def check(file: Path, digest: str, private: bool) -> None:
    """Raise `Untrusted` for code that was not allowed as it is, and for any where others can open this app."""
    if not private or digest not in _digests():
        raise Untrusted(file, digest, private)


def check_names(names: Iterable[str], private: bool) -> None:
    """The same for each file among names of networks and tasks, some of which may be `FILE.py:FACTORY`."""
    for name in filter(is_user_file, names):
        file = Path(name if name.endswith(".py") else name.rpartition(":")[0]).expanduser()
        if file.is_file():
            check(file.resolve(), digest_of_code(file), private)


def remember(digest: str) -> None:
    """Allow what has this digest.

    Raises:
        UserError: the user's state folder cannot be written, or another process holds it.
    """
    file = place()
    with alone_in(file.parent, f"Another process is changing {file}; try again.", f".{file.name}{LOCK}", PATIENCE):
        write_atomically(file, "".join(f"{each}\n" for each in dict.fromkeys([*_digests(), digest])))


def _digests() -> list[str]:
    try:
        return place().read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        return []


def code_of(study: Path) -> list[str]:
    """Whatever in a study file may name code: every text in it, but for those that only people read."""
    try:
        plain = tomllib.loads((study / TOML).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return []  # who opens it will say so
    return list(_texts({key: value for key, value in plain.items() if key not in ("title", "description")}))


def _texts(plain: object) -> Iterator[str]:
    if isinstance(plain, str):
        yield plain
    elif isinstance(plain, dict | list):
        for each in plain.values() if isinstance(plain, dict) else plain:
            yield from _texts(each)
