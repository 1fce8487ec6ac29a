"""What of the files that tasks read goes along with a call."""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from pruning.execution.travelling import Sent, digest_of, is_in

KEPT = 1_000_000_000
"""Bytes of files that the object store keeps for tasks to come."""


class SentFiles:
    """The files that a run sends, each put into the object store once while it stays as it is.

    Attributes:
        sending: whether contents go along; until a worker says that it does not see a file, none does.
    """

    def __init__(self, folders: Sequence[str], put: Callable[[Any], Any]) -> None:
        self.sending = False
        self._folders, self._put = folders, put
        self._there: OrderedDict[tuple[str, int, int], tuple[str, Any]] = OrderedDict()
        self._digests: dict[tuple[str, int, int], str] = {}

    def of(self, paths: Iterable[Path]) -> tuple[tuple[Sent, ...], tuple[Any, ...]]:
        """The files among the paths that are there, and references to their contents where they are sent."""
        files, contents = [], []
        for path in dict.fromkeys(map(os.path.abspath, paths)):
            try:
                status = os.stat(path)
            except OSError:
                continue
            key = path, status.st_mtime_ns, status.st_size
            below = any(is_in(path, folder) for folder in self._folders)
            if self.sending:
                digest, reference = self._content(key)
                contents.append(reference)
            else:
                digest = "" if below else self._digest(key)
            files.append(Sent(path, status.st_size, digest))
        return tuple(files), tuple(contents)

    def _digest(self, key: tuple[str, int, int]) -> str:
        if key not in self._digests:
            self._digests[key] = digest_of(Path(key[0]).read_bytes())
        return self._digests[key]

    def _content(self, key: tuple[str, int, int]) -> tuple[str, Any]:
        if key not in self._there:
            content = Path(key[0]).read_bytes()
            self._there[key] = digest_of(content), self._put(content)
            while len(self._there) > 1 and sum(size for _, _, size in self._there) > KEPT:
                self._there.popitem(last=False)  # calls on their way hold what they need
        self._there.move_to_end(key)
        return self._there[key]
