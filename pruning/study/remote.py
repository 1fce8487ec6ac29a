"""A study that lies elsewhere: at an `fsspec` URL (s3://, gs://, http://, memory://, file://), read and never written.

It is mirrored into a folder of this machine and opened from there as any other study is. So all that reads a study
(DuckDB, safetensors, the app's caches) reads files as ever, every file is held to its own digest as ever, a page costs
the same, and what was fetched once is there without the network. What is fetched is what a study is made of, by name
and ending, and no code: a network of the owner's own stays with them. A file is fetched again when its size, time or
tag is another; each comes whole or not at all.

Nothing is written there: who would find or measure does it where the study lies, or in a copy. A lock file on a store
without locks would be kept by a process that dies, and two runs that never saw each other's would mix their results.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from filelock import FileLock, Timeout

from pruning.errors import UserError
from pruning.files import LOCK, remove_leftovers, write_atomically
from pruning.study.opened import TOML, note_origin, opened_folder, public

RESTS = 60.0
"""Seconds in which one process does not look again whether anything changed."""
PATIENCE = 300.0
"""Seconds to wait for another process that mirrors the same study."""
MOST = 500_000
"""Files of a study, at most."""
_URL = re.compile(r"[a-z][a-z0-9+.-]+://.+", re.IGNORECASE)
_PART = re.compile(
    r"(study\.toml|log\.jsonl|tickets/[^/]+\.safetensors|results/[^/]+/[^/]+\.parquet|selections/[^/]+\.(json|toml)"
    r"|recorded/[^/]+(/[^/]+)?\.safetensors)"
)
_PLAIN = re.compile(r"[\w+][\w.+-]*(/[\w+][\w.+-]*)*")
_STATE = "mirrored.json"
_NEEDS = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "http": "aiohttp", "https": "aiohttp", "abfs": "adlfs"}

_looked: dict[Path, float] = {}


def is_url(place: str | Path) -> bool:
    """Whether a place is a URL; `Path` has made one of two slashes, which is understood too."""
    return _URL.fullmatch(_url(place)) is not None


def _url(place: str | Path) -> str:
    text = str(place)
    if text.startswith("file:/") and not text.startswith("file://"):
        return f"file://{text.removeprefix('file:')}"
    text = text if "://" in text else re.sub(r"^([A-Za-z][A-Za-z0-9+.-]+):/(?!/)", r"\1://", text)
    return re.sub(r"^[A-Za-z0-9+.-]+(?=://)", lambda scheme: scheme[0].lower(), text)


def mirrored(place: str | Path) -> Path:
    """The folder of this machine that holds a study at a URL, brought up to date.

    Raises:
        UserError: there is no study, it cannot be reached, or what reads such URLs is not installed.
        WriteError: the disk will not take it.
    """
    url = re.sub(f"/({TOML})?/*$", "", _url(place))
    name = re.sub(r"[^\w.-]+", "-", public(url).rpartition("/")[2]).strip("-.") or "study"
    folder = opened_folder() / hashlib.blake2b(url.encode(), digest_size=8).hexdigest() / name
    if time.monotonic() - _looked.get(folder, -RESTS) < RESTS and (folder / TOML).is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder.parent / LOCK, timeout=PATIENCE):
            remove_leftovers(folder.parent)
            with _in_words(url, folder):
                _bring(url, folder)
    except Timeout:
        raise UserError(f"Another process is still fetching {public(url)}; wait for it or stop it first.") from None
    _looked[folder] = time.monotonic()
    return folder


def _bring(url: str, folder: Path) -> None:
    """Fetch what is new or changed, and remove what is no longer there; the state is noted as it goes."""
    from fsspec.core import url_to_fs

    system, root = url_to_fs(url)
    there = dict(_there(system, root.rstrip("/")))
    if TOML not in there:
        system.cat_file(f"{root.rstrip('/')}/{TOML}")  # says why, where it cannot be had
        raise ValueError("whoever serves it does not list the files of its folder")
    state_file = folder.parent / _STATE
    note_origin(folder, url)
    known = _state(state_file)
    for name in [name for name in known if name not in there]:
        (folder / name).unlink(missing_ok=True)
        del known[name]
    changed = [name for name, (_, tag) in there.items() if known.get(name) != tag or not (folder / name).is_file()]
    began = time.monotonic()
    try:
        for name in sorted(changed, key=lambda each: each == TOML):  # last, so that a study is there when it is whole
            path = there[name][0]
            write_atomically(folder / name, partial(_fetch, system, path))
            known[name] = there[name][1]
            if time.monotonic() - began > 5:
                write_atomically(state_file, json.dumps(known))
                began = time.monotonic()
    finally:
        if changed or not state_file.exists():
            write_atomically(state_file, json.dumps(known))


class _Broke(Exception):
    """What a store raised while a file was fetched, which is no fault of the disk."""


def _fetch(system: Any, path: str, target: Path) -> None:
    try:
        system.get_file(path, str(target))
    except Exception as error:  # of any library that a store is read by
        raise _Broke(_short(error)) from error


def _there(system: Any, root: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """Name within the study -> where it is, and what tells whether it changed."""
    system.invalidate_cache()
    for number, (path, found) in enumerate(system.find(root, detail=True).items()):
        if number >= MOST:
            raise UserError(f"There are more than {MOST:,} files at {public(root)}, which is no study.")
        name = _name(path, root)
        if _PLAIN.fullmatch(name) and _PART.fullmatch(name):
            yield name, (path, _tag(system, path, found))


def _name(path: str, root: str) -> str:
    """A file's name within the study; what lists files over HTTP quotes some letters, as the + of packs.

    It is looked at as it is written here, so that no quoted dots or slashes lead out of the study.
    """
    name = str(path).removeprefix(root).lstrip("/")
    return unquote(name) if str(path).startswith("http") else name


def _tag(system: Any, path: str, found: Mapping[str, Any]) -> str:
    """Size and whichever of tag and time of change the store tells; of a web server, what it says of each file."""
    keys = (
        "ETag",
        "etag",
        "mtime",
        "Last-Modified",
        "LastModified",
        "last_modified",
        "updated",
        "created",
        "md5Hash",
        "ino",
    )
    said = [str(found[key]) for key in keys if found.get(key) is not None]
    if not said and str(path).startswith("http"):
        found = system.info(path)
        said = [str(found[key]) for key in keys if found.get(key) is not None]
    return " ".join([str(found.get("size")), *said])


def _state(file: Path) -> dict[str, str]:
    try:
        plain = json.loads(file.read_text(encoding="utf-8"))
        return {str(name): str(tag) for name, tag in plain.items()}
    except (OSError, ValueError, AttributeError):
        return {}


@contextmanager
def _in_words(url: str, folder: Path) -> Iterator[None]:
    """Whatever a store, or what reads it, may raise, in a sentence."""
    scheme, url = url.partition("://")[0], public(url)
    there = f" What was fetched before is in {folder}." if (folder / TOML).is_file() else ""
    try:
        yield
    except (UserError, KeyboardInterrupt):
        raise
    except FileNotFoundError:
        raise UserError(f"There is no study at {url}: no {TOML} can be read there.{there}") from None
    except ImportError as error:
        package = _NEEDS.get(scheme, str(error.name or scheme))
        raise UserError(f"To read {url}, install {package}: pip install {package}.") from None
    except ValueError as error:
        raise UserError(f"{url} cannot be read: {_short(error)}.{there}") from None
    except Exception as error:  # of any library that a store is read by
        raise UserError(f"{url} cannot be reached or read: {_short(error)}.{there}") from None


def _short(error: Exception) -> str:
    text = public(" ".join(str(error).split())) or type(error).__name__
    return text[:200].rstrip(".")
