"""Whether the compiled loops are on disk, so that nobody has to wait for them to be compiled."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from numba.core.dispatcher import Dispatcher

from pruning.registry import modules_in


def lacking() -> list[str]:
    """The loops that nothing is stored of, for this machine and their files as they are now."""
    return [loop.__name__ for loop in _loops() if not _stored(loop)]


def _loops() -> Iterator[Any]:
    """What Numba compiles and keeps, of every file here."""
    for name in modules_in(__name__.rpartition(".")[0]):
        if not name.endswith("__main__"):
            own = [each for each in vars(import_module(name)).values() if isinstance(each, Dispatcher)]
            yield from (each for each in own if each.stats.cache_path)


def _stored(loop: Any) -> bool:
    try:
        return bool(loop._cache._cache_file._load_index())
    except AttributeError:  # it is Numba's own, and may be called otherwise one day
        return True
