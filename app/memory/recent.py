"""Values that are kept while there is room, counted in bytes; those that were not used for longest are given up."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Recent(Generic[V]):
    """Values by key, as many as there is room for, and always the last one.

    Attributes:
        bytes_of: how many bytes a value takes, about.
        room: bytes.
        found: key -> value and its bytes, the one used last at the end.
        size: bytes of all that is there.
        lock: to be held by who looks, computes what is not there, and puts it there.
    """

    def __init__(self, bytes_of: Callable[[V], int], room: int) -> None:
        self.bytes_of, self.room = bytes_of, room
        self.found: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()
        self.size = 0
        self.lock = threading.RLock()

    def get(self, key: Hashable) -> V | None:
        """What is kept under a key."""
        with self.lock:
            if key not in self.found:
                return None
            self.found.move_to_end(key)
            return self.found[key][0]

    def put(self, key: Hashable, value: V) -> None:
        """Keep a value, and give up what was not used for longest."""
        size = self.bytes_of(value)
        with self.lock:
            self.size += size - self.found.pop(key, (value, 0))[1]
            self.found[key] = value, size
            while self.size > self.room and len(self.found) > 1:
                self.size -= self.found.popitem(last=False)[1][1]
