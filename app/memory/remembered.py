"""What pages read and compute, kept while there is room: one room for all of it, counted in bytes.

Streamlit's caches count entries, of which one may be a number and the next all images of a hundred tickets.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np
import pandas as pd
import streamlit as st

from app.memory.recent import Recent

ROOM = 600_000_000
"""Bytes of all that is kept, about, the least recently used given up first."""

P = ParamSpec("P")
T = TypeVar("T")


def remembered(said: str = "") -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Keep what a function returns, for every session, under its name and arguments.

    Arguments whose names begin with an underscore do not count; the others must be hashable. What is returned is
    everybody's and not to be changed. An error is not kept.

    Args:
        said: what the page says while the function works; "" for nothing.
    """

    def decorate(make: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(make)
        name = f"{make.__module__}.{make.__qualname__}"

        @wraps(make)
        def recall(*arguments: P.args, **named: P.kwargs) -> T:
            bound = signature.bind(*arguments, **named)
            bound.apply_defaults()
            key = name, tuple(value for each, value in bound.arguments.items() if not each.startswith("_"))
            return computed(key, lambda: make(*arguments, **named), said)

        return recall

    return decorate


def computed(what: Hashable, make: Callable[[], T], said: str = "") -> T:
    """What `make` gives, kept under `what`: everything that decides it. Not to be changed; see `remembered`."""
    memory = _memory()
    found = memory.values.get(what)
    if found is None:
        with memory.working(what):  # who asks for the same meanwhile waits for it
            found = memory.values.get(what)
            if found is None:
                with st.spinner(said) if said else nullcontext():
                    found = (make(),)
                memory.values.put(what, found)
    return cast(T, found[0])


def size_of(value: object) -> int:
    """Bytes that a value takes in memory, about: arrays, frames, tensors, networks, and what holds them."""
    return _size(value, set())


class _Memory:
    """Values in one-tuples, as None is one too, and locks of those that are being made."""

    def __init__(self) -> None:
        self.values: Recent[tuple[Any]] = Recent(size_of, ROOM)
        self._locks: defaultdict[Hashable, threading.RLock] = defaultdict(threading.RLock)

    @contextmanager
    def working(self, key: Hashable) -> Iterator[None]:
        """Held while the value is made. The lock goes with it: who waits has it in hand, who comes finds the value."""
        with self._locks[key]:
            try:
                yield
            finally:
                self._locks.pop(key, None)


@st.cache_resource(show_spinner=False)
def _memory() -> _Memory:
    return _Memory()


def _size(value: object, seen: set[int]) -> int:
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        return int(np.sum(value.memory_usage(deep=True)))
    if hasattr(value, "parameters") and hasattr(value, "buffers"):  # a network
        return sum(each.nbytes for each in [*value.parameters(), *value.buffers()])
    if hasattr(value, "nbytes"):  # a tensor
        return int(value.nbytes)
    own = sys.getsizeof(value)
    if isinstance(value, Mapping):
        return own + sum(_size(part, seen) for item in value.items() for part in item)
    if isinstance(value, list | tuple | set | frozenset):
        return own + sum(_size(part, seen) for part in value)
    if hasattr(value, "__dict__") and not isinstance(value, type) and not callable(value):
        return own + sum(_size(part, seen) for part in vars(value).values())
    return own
