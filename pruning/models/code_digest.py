"""A digest of a user's code: of a file and of the code beside and below it, which it may import, compiled code too.

Every network that is built asks for it. So what was read is kept for the process, and read again once the system's
record of a file or folder has changed: the time of its last change too, which no program can set back.
"""

import ast
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import TypeVar

SETTLED_NS = 2_000_000_000
"""What changed less than so long ago is not kept: clocks of file systems tick in up to two seconds."""
UNREADABLE = "unreadable"
SOURCE = ".py"
SUFFIXES = tuple(sorted(all_suffixes(), key=len, reverse=True))
"""Of the files that `import` finds: sources, bytecode, extension modules. The longest first, as one ends in another."""

_T = TypeVar("_T")
_Known = dict[str, tuple[tuple[int, ...], _T]]
_files: _Known[str] = {}
_folders: _Known[Sequence[str]] = {}


def digest_of_code(file: Path) -> str:
    """64 hex digits of a file, its place, and the code beside and below it, as far as it may import it.

    Raises OSError where the file is not there.
    """
    file = file.resolve()
    digest = hashlib.sha256(os.fsencode(file) + b"\n")
    found = dict(_modules(str(file.parent))) | {str(file): file.stat()}
    for path in sorted(found, key=lambda path: path.split(os.sep)):
        digest.update(os.fsencode(path) + f"\n{_once(path, found[path], _files, _digest, UNREADABLE)}\n".encode())
    return digest.hexdigest()


def digest_of_imports(file: Path) -> str:
    """16 hex digits of a file and of the code beside it that it imports, wherever the folder of both lies.

    What it does not name, such as a script of the user's beside it, leaves the digest as it is; so does what is
    imported by a name that is worked out. Raises OSError where the file is not there.
    """
    file = file.resolve()
    digest, waiting, seen = hashlib.sha256(), [file], {file}
    while waiting:
        code = waiting.pop()
        content = code.read_bytes()
        digest.update(os.fsencode(code.relative_to(file.parent)) + b"\n" + hashlib.sha256(content).digest())
        found = dict.fromkeys(path for name in _imported(content) for path in _beside(file.parent, name))
        waiting += [path for path in found if path not in seen]
        seen.update(found)
    return digest.hexdigest()[:16]


def _imported(content: bytes) -> list[str]:
    """The modules that code imports, each by the first part of its name; none where it is not Python."""
    try:
        steps = list(ast.walk(ast.parse(content)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names = [alias.name for step in steps if isinstance(step, ast.Import) for alias in step.names]
    names += [step.module for step in steps if isinstance(step, ast.ImportFrom) and step.module and not step.level]
    return sorted({name.partition(".")[0] for name in names})


def _beside(folder: Path, name: str) -> list[Path]:
    """The files of a module in a folder; of a package, all that is below it."""
    own = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    inside = sorted(Path(path) for path, _ in _modules(str(folder / name)))
    return [path for path in own if path.is_file()] + inside


def code_files(file: Path) -> list[Path]:
    """The code beside and below a file, as far as it may import it."""
    return [Path(path) for path, _ in _modules(str(file.resolve().parent))]


def is_beside(file: Path, folder: Path) -> bool:
    """Whether a file is code of the user's folder, and not of an environment that lies in it, nor hidden."""
    return folder in file.parents and not any(map(_is_apart, file.relative_to(folder).parts[:-1]))


def _is_apart(name: str) -> bool:
    """Whether a folder's name is one that no `import` finds: a hidden one, or that of an environment's packages."""
    return name.startswith(".") or "-packages" in name


def _is_module(name: str) -> bool:
    """Whether a file's name is one that `import` may find: any source, and compiled code of a module's name.

    What Python keeps of sources, `__pycache__/NAME.cpython-313.pyc`, is none: user code is never read from there.
    """
    suffix = next((each for each in SUFFIXES if name.endswith(each)), None)
    return suffix is not None and (suffix == SOURCE or "." not in name.removesuffix(suffix))


def _modules(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Those in a folder and below it, linked ones too; each folder once, so that links in a circle come to an end."""
    waiting, seen = [folder], set()
    while waiting:
        place = waiting.pop()
        try:
            status = os.stat(place)
        except OSError:  # a link to nothing
            continue
        if not stat.S_ISDIR(status.st_mode):
            if _is_module(os.path.basename(place)):
                yield place, status
        elif (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            inside: Sequence[str] = _once(place, status, _folders, _worth, [])
            waiting += inside


def _worth(folder: str) -> Sequence[str]:
    """The paths in a folder that matter: files of code, folders that may hold some, links to what may become either."""
    with os.scandir(folder) as entries:
        return sorted(
            each.path
            for each in entries
            if _is_module(each.name) or ((each.is_dir() or each.is_symlink()) and not _is_apart(each.name))
        )


def _digest(file: str) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _once(path: str, status: os.stat_result, known: _Known[_T], make: Callable[[str], _T], without: _T) -> _T:
    """What is made of a file or folder, as long as the system's record of it stays; `without` where none can be read.

    What cannot be read cannot be imported either.
    """
    record = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    if path in known and known[path][0] == record:
        return known[path][1]
    try:
        made = make(path)
    except OSError:
        return without
    if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > SETTLED_NS:
        known[path] = record, made
    return made
