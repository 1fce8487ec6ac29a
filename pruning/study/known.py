"""The studies that can be named without their path: those that ship, those of the working folder, the user's own."""

import json
import os
from contextlib import suppress
from pathlib import Path

from pruning.errors import UserError
from pruning.files import LOCK, alone_in, write_atomically
from pruning.study.bundle import is_bundle, unpacked
from pruning.study.folder import TOML
from pruning.study.opened import opened_folder, origin, state_folder
from pruning.study.remote import is_url

PROJECT = Path(__file__).resolve().parents[2]
"""The folder that the packages lie in: a clone, or Python's own folder of what is installed."""

SHIPPED = "sample_checkpoints"
PATIENCE = 5.0
"""Seconds that are waited for another process which notes a study too."""
QUOTE = b'"'


def study_folders() -> list[Path]:
    """Folders with a `study.toml`, packed studies unpacked.

    They are the shipped ones, those in `studies/` of the working folder, those that PRUNING_STUDIES names, and those
    that `remember` was told of. A shipped one in the working folder is named from there. A packed study that cannot be
    read is its file, so that who opens it says why.
    """
    shipped = Path(SHIPPED)
    roots = [shipped if shipped.is_dir() else PROJECT / SHIPPED, Path("studies"), Path("studies/reproductions")]
    named = [Path(part) for part in os.environ.get("PRUNING_STUDIES", "").split(os.pathsep) if part]
    roots += [path for path in named if path.is_dir()]
    found = [folder for root in roots if root.is_dir() for folder in (root, *sorted(root.iterdir()))]
    unique: dict[Path, Path] = {}
    for place in (*found, *(path for path in named if path.is_file()), *remembered(), *_opened()):
        folder = place
        with suppress(UserError):
            folder = unpacked(place) if is_bundle(place) else place
        if is_bundle(folder) or (folder / TOML).is_file():
            unique.setdefault(folder.resolve(), folder)
    return list(unique.values())


def _opened() -> list[Path]:
    """The studies that were opened from URLs, and packed ones whose file is still there."""
    folders = (file.parent for file in sorted(opened_folder().glob(f"*/*/{TOML}")))
    return [folder for folder in folders if is_url(origin(folder)) or is_bundle(Path(origin(folder)))]


def is_shipped(folder: Path) -> bool:
    """Whether a study ships with the project, so that it stays as it is."""
    return folder.resolve().parent in (PROJECT / SHIPPED, Path(SHIPPED).resolve())


def remember(folder: Path) -> None:
    """Note a study of the user's own, so that it is known in any working folder.

    A state folder that cannot be written to, or that another holds, is no reason to fail: then the study is known by
    its path alone.
    """
    folder = folder.resolve()
    if origin(folder):
        return
    if folder.parent != PROJECT / SHIPPED and folder not in remembered():
        place = _place()
        with suppress(UserError), alone_in(place.parent, "in use", f".{place.name}{LOCK}", PATIENCE):
            write_atomically(place, b"".join(map(_line, [*remembered(), folder])))


def remembered() -> list[Path]:
    """The folders that `remember` was told of and that are still there."""
    try:
        lines = _place().read_bytes().split(b"\n")
    except OSError:
        return []
    folders = [folder for line in dict.fromkeys(lines) if (folder := _folder(line)) is not None]
    return [folder for folder in folders if folder.is_dir()]


def _line(folder: Path) -> bytes:
    """A folder as a line: as it is, or as a JSON text where its name has a break or begins like one."""
    name = os.fsencode(folder)
    plain = not (set(name) & set(b"\r\n") or name.startswith(QUOTE))
    return (name if plain else json.dumps(os.fsdecode(name)).encode()) + b"\n"


def _folder(line: bytes) -> Path | None:
    """The folder of a line; None where it says none."""
    with suppress(ValueError):
        name = json.loads(line) if line.startswith(QUOTE) else os.fsdecode(line)
        return Path(name) if name and "\0" not in name else None
    return None


def _place() -> Path:
    return state_folder() / "studies.txt"
