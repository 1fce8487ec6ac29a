"""Things by name: those that ship, each found in a file of its own, and those that a user adds.

A thing (a criterion, a finder, a measure, a corruption, ...) is an object with a `name`. A registry finds the ones that
ship by reading the modules of a package. An installed package adds its own by entry points, whose group is the name of
that package ("pruning.criteria") and which name a module or an object; a plugin, a Python file that `PRUNING_PLUGINS`
names, in the same way; and `register` adds one from a notebook. `additions` and `add_all` carry these to worker
processes, which find the others themselves.
"""

import importlib
import importlib.util
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, Protocol, TypeVar
from zlib import crc32

from pruning.errors import UserError, unknown
from pruning.files import here, user_path

PLUGINS = "PRUNING_PLUGINS"
"""The environment variable that names plugins: files of Python, separated as in PATH."""


class Named(Protocol):
    """What a registry holds."""

    @property
    def name(self) -> str:
        """The name it is known by."""


T = TypeVar("T", bound=Named)


class Registry(Mapping[str, T], Generic[T]):
    """The things of one kind by name, in the order in which they were found. Reading it never fails half-way.

    Args:
        kind: what one of them is called in a sentence, such as "criterion".
        type_: their class; every object of it in a module's namespace is taken.
        package: the package whose modules hold those that ship. They are read when the registry is first used, so that
            these modules may themselves import the registry.
        nested: whether the package's folders hold the modules, and not the package itself.
        module: the one module of each of these folders that is read; all of them when "".
    """

    def __init__(self, kind: str, type_: type[T], package: str, nested: bool = False, module: str = "") -> None:
        self.kind, self.type, self.package, self.nested, self.module = kind, type_, package, nested, module
        self._found: dict[str, T] | None = None
        self._by_folder: dict[str, dict[str, T]] = {}
        self._added: dict[str, T] = {thing.name: thing for thing in _CARRIED.get(kind, ())}
        _ALL.append(self)

    def register(self, thing: T) -> T:
        """Add a thing for this process and the workers that it starts; returns it, so that it can be a decorator.

        Raises:
            UserError: its name is no text, or one of that name ships with the project.
        """
        self._refuse_shipped(thing)
        self._added[thing.name] = thing
        return thing

    def unregister(self, name: str) -> None:
        """Forget a thing that was added; nothing happens when there is none of that name."""
        self._added.pop(name, None)

    def get_known(self, name: str) -> T:
        """Return the thing of that name.

        Raises:
            UserError: there is none; the sentence suggests the nearest name and lists all.
        """
        if name not in self:
            raise unknown(self.kind, name, self)
        return self[name]

    def __getitem__(self, name: str) -> T:
        shipped = self._shipped()
        return shipped[name] if name in shipped else self._own()[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._shipped()
        yield from self._own()

    def __len__(self) -> int:
        return len(self._shipped()) + len(self._own())

    def in_folder(self, folder: str) -> dict[str, T]:
        """Return what ships in a folder of a nested package, others staying unread, and what does not ship."""
        name = f"{self.package}.{folder}"
        return (self._of_folder(name) if name in modules_in(self.package) else {}) | self._own()

    def _shipped(self) -> dict[str, T]:
        if self._found is None:
            names = modules_in(self.package)
            parts = map(self._of_folder, names) if self.nested else [self._read(names)]
            self._found = {name: thing for part in parts for name, thing in part.items()}
        return self._found

    def _of_folder(self, package: str) -> dict[str, T]:
        if package not in self._by_folder:
            named = [f"{package}.{self.module}"] if self.module else None
            self._by_folder[package] = self._read(modules_in(package) if named is None else named)
        return self._by_folder[package]

    def _read(self, names: Iterable[str]) -> dict[str, T]:
        modules = [importlib.import_module(name) for name in names]
        return {thing.name: thing for module in modules for thing in self._in(vars(module).values())}

    def _own(self) -> dict[str, T]:
        """What does not ship: of installed packages, from plugins, and added by `register`."""
        found: dict[str, T] = {}
        for values in (*installed(self.package), *(list(vars(module).values()) for module in plugins())):
            for thing in self._in(values):
                if self._shipped().get(thing.name) is not thing:  # which a plugin may import
                    self._refuse_shipped(thing)
                    found[thing.name] = thing
        return found | self._added

    def _refuse_shipped(self, thing: T) -> None:
        if not isinstance(thing.name, str) or not thing.name.strip():
            raise UserError(f"A {self.kind} has a text as its name, and not {thing.name!r}.")
        if thing.name in self._shipped():
            raise UserError(f"There is a {self.kind} '{thing.name}' already; give this one another name.")

    def _in(self, values: Iterable[object]) -> list[T]:
        """The things among the values of a module's namespace, also those in a list or tuple."""
        found: list[T] = []
        for value in values:
            for thing in value if isinstance(value, (list, tuple)) else (value,):
                if isinstance(thing, self.type) and thing not in found:
                    found.append(thing)
        return found


_ALL: "list[Registry[Any]]" = []
_CARRIED: dict[str, list[Any]] = {}  # from the parent process, for registries that are made later
_LOADED: dict[Path, ModuleType] = {}
_FILES: set[Path] = set()  # that plugins were read from
_OFFERED: dict[tuple[str, tuple[str, ...]], list[list[object]]] = {}


def additions() -> dict[str, list[Named]]:
    """Return what `register` added to any registry, by the registry's kind, for `add_all` in another process.

    What plugins add is not among it, as another process reads them itself.
    """
    return {registry.kind: list(registry._added.values()) for registry in _ALL if registry._added}


def add_all(added: Mapping[str, list[Named]]) -> None:
    """Add what `additions` gave in the parent process, also to registries that are only made later."""
    _CARRIED.update((kind, list(things)) for kind, things in added.items())
    for registry in _ALL:
        registry._added |= {thing.name: thing for thing in added.get(registry.kind, ())}


def decorator(registry: Registry[T], given: Any, make: Callable[[str, Any], T]) -> Any:
    """Return what a `register_...` returns: a decorator, or what was given where that is all there is to know.

    Args:
        registry: where things are added.
        given: the first argument: a name; None; a thing, which is added as it is; or what is to be decorated, whose
            name then is that of the thing.
        make: gives the thing of a name and of what is decorated, which stays what it is.

    Raises:
        UserError: what is given is no name and has none.
    """
    if isinstance(given, registry.type):
        return registry.register(given)

    if not (given is None or isinstance(given, str) or hasattr(given, "__name__")):
        raise UserError(f"A {registry.kind} has a text as its name, and not {given!r}.")

    def add(decorated: Any) -> Any:
        registry.register(make(given if isinstance(given, str) else decorated.__name__, decorated))
        return decorated

    return add if given is None or isinstance(given, str) else add(given)


def modules_in(package: str) -> list[str]:
    """The names of what lies in a package, those of packages among them."""
    path = importlib.import_module(package).__path__
    return sorted(f"{package}.{module.name}" for module in pkgutil.iter_modules(path))


def installed(group: str) -> list[list[object]]:
    """Return what installed packages offer under a group of entry points: objects, or all that a module has.

    Raises:
        UserError: one of them cannot be loaded.
    """
    key = (group, tuple(sys.path))
    if key not in _OFFERED:
        _OFFERED[key] = []  # known before they are loaded, as what they import may read a registry
        try:
            for point in entry_points(group=group):
                thing = point.load()
                _OFFERED[key].append(list(vars(thing).values()) if isinstance(thing, ModuleType) else [thing])
        except Exception as error:
            del _OFFERED[key]
            package = point.dist.name if point.dist else point.module
            raise UserError(
                f"The package {package} offers {point.value} for {group}, which cannot be loaded "
                f"({type(error).__name__}: {error}); mend or uninstall it."
            ) from error
    return _OFFERED[key]


def plugins() -> list[ModuleType]:
    """Return the modules of the files that `PRUNING_PLUGINS` names, each read once.

    Raises:
        UserError: there is no such file, or it cannot be run.
    """
    found = []
    for part in filter(None, os.environ.get(PLUGINS, "").split(os.pathsep)):
        path = user_path(part).resolve()
        if path not in _LOADED:
            _load(path)
        found.append(_LOADED[path])
    return found


@contextmanager
def of_plugin(what: str = "Code", but: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Turn what a plugin's code raises into a sentence that says where; what arose elsewhere goes on as it is.

    Args:
        what: was asked of the plugin, such as "The criterion 'mine'".
        but: exceptions that are no mistakes, and go on too.

    Raises:
        UserError: the sentence.
    """
    try:
        yield
    except Exception as error:
        steps = [step for step in traceback.extract_tb(error.__traceback__) if Path(step.filename) in _FILES]
        if not steps or isinstance(error, (UserError, *but)):
            raise
        text = " ".join(str(error).split())[:200].rstrip(".")
        raise UserError(
            f"{what} of the plugin {steps[-1].filename} failed in line {steps[-1].lineno}: "
            f"{type(error).__name__}{': ' if text else ''}{text}."
        ) from error


def _load(path: Path) -> None:
    name, file = f"pruning_plugin_{path.stem}_{crc32(os.fsencode(path)):08x}", here(path)
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise UserError(f"{PLUGINS} names {path}, which is no Python file.")
    module = importlib.util.module_from_spec(spec)
    # known before it is run, as what it imports may read a registry
    sys.modules[spec.name] = _LOADED[path] = module
    _FILES.add(file)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name], _LOADED[path]
        raise UserError(f"The plugin {path} cannot be run: {type(error).__name__}: {error}.") from error
