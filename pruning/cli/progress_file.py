"""How far a command is, in the file that PRUNING_PROGRESS names, for who watches it from another process."""

import json
import os
import time
from contextlib import suppress
from pathlib import Path

from pruning.progress import time_left

VARIABLE = "PRUNING_PROGRESS"
EVERY = 0.5
"""Seconds between two writings."""


class ProgressFile:
    """Writes {"fraction", "text", "left", "at"}: seconds still to go as far as is known, and when that was written."""

    def __init__(self) -> None:
        self._place = os.environ.get(VARIABLE)
        self._began = time.time()
        self._last = float("-inf")

    def tell(self, fraction: float, text: str, /) -> None:
        """Write it down, unless that was done a moment ago; a file that cannot be written stops no work."""
        now = time.time()
        if not self._place or (now - self._last < EVERY and fraction < 1):
            return
        self._last = now
        left = time_left(self._began, now, fraction)
        said = json.dumps({"fraction": fraction, "text": text, "left": left, "at": now})
        with suppress(OSError):
            fresh = Path(f"{self._place}.new")
            fresh.write_text(said, encoding="utf-8")
            fresh.replace(self._place)
