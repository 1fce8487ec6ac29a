"""Studies that come from elsewhere and are only read: where they are opened, and that nothing is written there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pruning.errors import UserError
from pruning.files import write_atomically

TOML = "study.toml"
ORIGIN = "origin.txt"


def cache_folder() -> Path:
    """The user's own folder for what can be made again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pruning"


def state_folder() -> Path:
    """The user's own folder for what is kept outside of any study."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "pruning"


def opened_folder() -> Path:
    """The folder below which studies from elsewhere are opened, each in a folder of a folder of its own."""
    return cache_folder() / "opened"


def public(text: str) -> str:
    """A URL, or text with some, without what is nobody else's: names and passwords, and what follows ? or #."""
    return re.sub(r"(\w://[^\s?#]*)[?#]\S*", r"\1", re.sub(r"(?<=\w://)[^/\s]*@", "", text))


def note_origin(folder: Path, text: str) -> None:
    """Note where the study in a folder came from, for sentences: nothing is fetched from what is noted."""
    write_atomically(folder.parent / ORIGIN, public(text))


def origin(folder: Path) -> str:
    """Where a study came from that is only read here; '' for one of the user's own."""
    opened, place = (Path(os.path.realpath(path)) for path in (opened_folder(), folder))
    if not place.is_relative_to(opened) or place == opened:
        return ""
    try:
        return public((opened / place.relative_to(opened).parts[0] / ORIGIN).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return str(place)


def only_read(folder: Path) -> str:
    """The sentence for a study that is only read here; '' for one of the user's own."""
    whence = origin(folder)
    if not whence:
        return ""
    return f"{whence} is only read here: it is found and measured where it lies, or as a copy in a folder of your own."


def refuse_writing(folder: Path) -> None:
    """Raise UserError for a study that came from elsewhere, as nothing is written into it."""
    whence = origin(folder)
    if whence:
        raise UserError(
            f"The study {whence} is only read here; copy {folder} into a folder of your own, such as "
            f"studies/{folder.name}, and name that."
        )
