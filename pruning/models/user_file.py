"""A network of the user's own: `path/to/file.py:factory`, a Python file and what in it makes the network."""

import hashlib
import inspect
import os
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

from pruning.errors import UserError, nearest
from pruning.files import here
from pruning.models.blame import blamed
from pruning.models.code_digest import code_files, digest_of_code, digest_of_imports, is_beside
from pruning.models.from_source import import_from_source

CLASS_NAMES = ("num_classes", "n_classes", "nclasses", "num_class", "classes", "num_labels", "out_features")
SHAPE_NAMES = ("shape", "input_shape", "image_shape", "in_shape")


Ask = Callable[[Path, Callable[[], str]], None]
"""Is told of a file before it is run, with what gives its digest; raises UserError to forbid it."""

_asked: list[Ask] = []

ALLOWED = "PRUNING_ALLOWED_CODE"
"""Names a file of digests, a line each: then no other code is run, in this process and in those that it starts."""


def ask_first(ask: Ask | None) -> None:
    """Ask before a file is run in this process; None asks no more. A command that names a file is leave enough."""
    _asked[:] = [] if ask is None else [ask]


def is_user_file(name: str) -> bool:
    """Whether a model's name is that of a file: `FILE.py:FACTORY`, or one that was meant to be."""
    return name.endswith(".py") or ".py:" in name


def build_from_file(name: str, num_classes: int, shape: tuple[int, int, int]) -> nn.Module:
    """The network that the user's factory makes, on the CPU, in training mode.

    The file is run under a private name, its own folder importable meanwhile, nothing written beside it. The factory
    gets `num_classes` and `shape` (channels, height, width), as many of them as it takes: by these names if it has
    them, else by position. It draws from the global generators, which the caller seeds.

    Raises:
        UserError: no such file or factory, an exception in either, or something other than a network.
    """
    return call_factory(load_object(name, "model"), name, num_classes, shape)


def call_factory(factory: Callable[..., Any], name: str, num_classes: int, shape: tuple[int, int, int]) -> nn.Module:
    """The network that a factory makes, in training mode; see `build_from_file` for what it is given.

    Raises:
        UserError: an exception in it, or something other than a network.
    """
    arguments, named = _arguments(factory, name, num_classes, shape)
    with blamed(f"The factory '{name}' failed"):
        model = factory(*arguments, **named)
    if not isinstance(model, nn.Module):
        raise UserError(f"The factory '{name}' gives a {type(model).__name__}, not a torch.nn.Module.")
    return model.train()


def load_object(name: str, kind: str) -> Callable[..., Any]:
    """What a file of the user's has under a name: of `FILE.py:NAME`, where the file names a thing of that kind.

    Raises:
        UserError: no such file, nothing of that name in it that can be called, or an exception when it is run.
    """
    file, _, function = name.rpartition(":") if not name.endswith(".py") else (name, "", "")
    path = here(file)
    if not function.isidentifier():
        raise UserError(f"The {kind} '{name}' names no function; write '{file}:FUNCTION'.")
    return _factory(_load(path, kind), path, function)


def _load(path: Path, kind: str) -> ModuleType:
    try:
        source = path.read_bytes()
        for ask in _asked:
            ask(path.resolve(), lambda: digest_of_code(path))
        _refuse_others(path)
    except OSError as error:
        raise UserError(f"The {kind}'s file '{path}' cannot be read: {error.strerror or error}.") from None
    folder = path.resolve().parent
    module = ModuleType("_user_model_" + hashlib.sha256(bytes(path.resolve())).hexdigest()[:12])
    module.__file__ = str(path.resolve())
    with _importable(folder), blamed(f"The file '{path}' cannot be imported"):
        sys.modules[module.__name__] = module  # dataclasses look their module up
        exec(compile(source, str(path.resolve()), "exec"), module.__dict__)
    return module


def files_of(names: Iterable[str]) -> tuple[Path, ...]:
    """The code behind names of models and tasks: files of the user's, and the code that these may import.

    Raises:
        UserError: one of them is not allowed to run, and so not to be sent where it would.
    """
    found: dict[Path, None] = {}
    for path in _files(names):
        if path.is_file():
            _refuse_others(path)
            found.update(dict.fromkeys([path.absolute(), *code_files(path)]))
    return tuple(found)


def digest_of_imports_of(names: Iterable[str]) -> str:
    """A digest of the user's files behind names of models and tasks, with what they import; "" where none is a file.

    Raises OSError where one of them is not there.
    """
    return " ".join(dict.fromkeys(map(digest_of_imports, _files(names))))


def _files(names: Iterable[str]) -> Iterator[Path]:
    """The files that names of models and tasks are of, as far as they are of files."""
    for name in filter(is_user_file, names):
        yield here(name if name.endswith(".py") else name.rpartition(":")[0])


def _refuse_others(path: Path) -> None:
    """Raise UserError for a file that is not among those that `ALLOWED` names, where it names any."""
    place = os.environ.get(ALLOWED)
    if place is None:
        return
    try:
        known = Path(place).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError):
        known = []
    if digest_of_code(path) not in known:
        raise UserError(
            f"{path} is code that nobody has allowed to run as it is now; allow it in the app, or use the command line."
        )


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """`import` finds what lies in the folder; afterwards those modules are forgotten, so that no two folders mix."""
    before, writes = set(sys.modules), sys.dont_write_bytecode
    import_from_source(folder)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = writes
        for name in set(sys.modules) - before:
            ours = any(is_beside(place, folder) for place in _places(sys.modules[name]))
            if ours and not name.startswith("_user_model_"):
                del sys.modules[name]
        sys.path.remove(str(folder))


def _places(module: ModuleType) -> list[Path]:
    """Where a module lies: its file, or the folders of a package without an `__init__.py`."""
    file = getattr(module, "__file__", None)
    folders = getattr(getattr(module, "__spec__", None), "submodule_search_locations", None) or ()
    return [Path(file)] if file else [Path(folder) / "__init__.py" for folder in folders]


def _factory(module: ModuleType, path: Path, name: str) -> Callable[..., Any]:
    found: Callable[..., Any] | None = getattr(module, name, None)
    if not callable(found):
        own = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        guess = nearest(name, own)
        hint = f"did you mean '{guess}'?" if guess else f"it has {', '.join(own[:8]) or 'none'}."
        raise UserError(f"The file '{path}' has no function '{name}'; {hint}")
    return found


def _arguments(
    factory: Callable[..., Any], name: str, num_classes: int, shape: tuple[int, int, int]
) -> tuple[list[Any], dict[str, Any]]:
    """What of (num_classes, shape) the factory takes: by name, and the rest for what it needs and names otherwise."""
    try:
        parameters = list(inspect.signature(factory).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    rest: list[Any] = []
    named: dict[str, Any] = {}
    for names, value in ((CLASS_NAMES, num_classes), (SHAPE_NAMES, shape)):
        known = [p.name for p in parameters if p.name in names and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        if known:
            named[known[0]] = value
        else:
            rest.append(value)
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = [p for p in parameters if p.default is p.empty and p.name not in named and p.kind != p.VAR_POSITIONAL]
    needed = [p for p in needed if p.kind != p.VAR_KEYWORD]
    if len(needed) > len(rest) or any(p.kind not in plain for p in needed):
        raise UserError(
            f"The factory '{name}' needs the argument '{needed[-1].name}'; "
            "it is called with num_classes and shape, so give the others defaults."
        )
    positional = [p for p in needed if p.kind == p.POSITIONAL_ONLY]
    arguments = rest[: len(positional)]
    named |= dict(zip((p.name for p in needed[len(positional) :]), rest[len(positional) :], strict=False))
    return arguments, named


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Every generator that a factory may draw from starts at `seed`, and is afterwards where it was.

    Of torch's the CPU's alone: torch.manual_seed would also reseed the accelerators, which are not forked.
    """
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - the user's code may draw from it
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            random.seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002
