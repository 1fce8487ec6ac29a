"""A packed study: one file of its recipes, summaries and digests, without weights, for others to open beside theirs.

It is a zip file that `python -m analysis pack` writes: `study.toml`, the tickets without their tensors, result packs,
and `bundle.json` with a digest of each. Nothing in it is pickled or run. It comes from others, so it is read as such:
names of a fixed form alone, at most so many files and bytes, each held to its digest; it is unpacked beside its place
and moved there when all of it is right. Unpacked it is a study folder that is only read (`opened`).
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pruning.errors import UserError
from pruning.files import cannot_write
from pruning.study.opened import TOML, note_origin, opened_folder

ENDING = ".study.zip"
INDEX, FORMAT = "bundle.json", "packed-study-1"
FILES, BYTES, INDEX_BYTES = 100_000, 2_000_000_000, 50_000_000
"""Files, bytes of all, and bytes of the index that a packed study has at most."""
METHODS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
NAME = re.compile(r"study\.toml|tickets/[0-9a-f]{12}\.safetensors|results/[a-z_]+/\+\d{6,}-[0-9a-f]{12}\.parquet")

_known: dict[Path, tuple[tuple[int, int, int], Path]] = {}


def digest(content: bytes) -> str:
    """The digest of a file, as the index has it."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def is_bundle(path: Path) -> bool:
    """Whether a file is called like a packed study."""
    return path.name.endswith(ENDING) and path.is_file()


def unpacked(path: Path) -> Path:
    """The folder that holds a packed study.

    Raises:
        UserError: the file is damaged, too large, or no packed study.
        WriteError: the disk will not take it.
    """
    path = path.resolve()
    try:
        stat = path.stat()
        seen = stat.st_mtime_ns, stat.st_size, stat.st_ino
        known = _known.get(path)
        if known and known[0] == seen and known[1].is_relative_to(opened_folder()) and (known[1] / TOML).is_file():
            return known[1]
        with open(path, "rb") as file:
            whole = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    name = re.sub(r"[^\w.-]+", "-", path.name.removesuffix(ENDING)).strip("-.") or "study"
    folder = opened_folder() / whole / name
    if not (folder / TOML).is_file():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _unpack(path, folder)
            note_origin(folder, str(path))
        except OSError as error:
            raise cannot_write(folder, error) from error
    _known[path] = seen, folder
    return folder


def _unpack(path: Path, folder: Path) -> None:
    """Unpack all, or nothing."""
    aside = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=folder.parent))
    try:
        for name, content in _contents(path):
            target = aside / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        with suppress(OSError):  # another process was first
            aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The files in it, each held to its digest."""
    with _in_words(path), zipfile.ZipFile(path) as packed:
        for name, said in _index(packed).items():
            content = _read(packed, name, packed.getinfo(name).file_size)
            if digest(content) != said:
                raise ValueError(f"{name} is not as it was written")
            yield name, content


def _index(packed: zipfile.ZipFile) -> dict[str, str]:
    """The files and their digests, when all that the zip's own list says of them is allowed."""
    found = packed.infolist()
    names = [each.filename for each in found]
    if len(names) > FILES or sum(each.file_size for each in found) > BYTES:
        raise ValueError(f"it holds more than {FILES:,} files or {BYTES:,} bytes")
    if any(each.compress_type not in METHODS for each in found):
        raise ValueError("it is compressed as no packed study is")
    wrong = next((name for name in names if name != INDEX and not NAME.fullmatch(name)), None)
    if wrong is not None or len(set(names)) < len(names) or not {INDEX, TOML} <= set(names):
        raise ValueError(f"{wrong!r} is no part of one" if wrong else "its list of files is not one's")
    plain = json.loads(_read(packed, INDEX, INDEX_BYTES))
    if plain["format"] != FORMAT:
        raise ValueError("it is of another form, perhaps of a later version")
    if set(plain["files"]) != set(names) - {INDEX}:
        raise ValueError("its list of files is not one's")
    return {str(name): str(digest) for name, digest in plain["files"].items()}


def _read(packed: zipfile.ZipFile, name: str, most: int) -> bytes:
    """What is under a name, without ever holding more than it may be."""
    with packed.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"{name} is larger than it says")
    return content


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Whatever is wrong with the file, in a sentence."""
    try:
        yield
    except Exception as error:  # it comes from others, and what reads it raises much
        raise UserError(f"{path} is no packed study that can be read: {error}.") from None
