"""Imports of a user's code from its files alone, and not from the bytecode that Python keeps of them in `__pycache__`.

An entry there counts as long as the size and the time in it are those of the source, and may hold any other code: who
sends a folder can send it along. What was allowed to run, or noted as what made a ticket, is the sources.
"""

import os
import sys
from collections.abc import Iterable
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from types import CodeType

from pruning.models.code_digest import SOURCE, is_beside

_folders: dict[Path, None] = {}


def import_from_source(folder: Path) -> None:
    """Have all imports from a folder and from below it, from now on and in this process, read the files themselves.

    Environments that lie in the folder are left as they are.
    """
    folder = folder.resolve()
    if folder in _folders:
        return
    _folders[folder] = None
    if _finder not in sys.path_hooks:
        sys.path_hooks.insert(0, _finder)
    for place in [place for place in list(sys.path_importer_cache) if _is_within(place, [folder])]:
        sys.path_importer_cache.pop(place, None)  # asks the hooks again


class _Loader(SourceFileLoader):
    """Compiles a source each time."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class _Finder(FileFinder):
    """Python's own, but for the loader of sources."""


def _finder(place: str) -> _Finder:
    if not _is_within(place, _folders):
        raise ImportError(place)  # which has Python ask the next
    return _Finder(
        place,
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (_Loader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )


def _is_within(place: str, folders: Iterable[Path]) -> bool:
    """Whether a folder is one of these or below it, by links too, whichever way they lead."""
    named = place or os.curdir
    paths = {os.path.abspath(named), os.path.realpath(named)} if os.path.isdir(named) else set()
    # most are not, and a process asks about thousands
    return any(is_beside(Path(path, SOURCE), each) for each in folders for path in paths if path.startswith(str(each)))
