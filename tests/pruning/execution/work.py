"""What the tasks of these tests do; worker processes import it."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from pruning.errors import UserError, WriteError
from pruning.execution import Worker


def add(worker: Worker, *numbers: int) -> int:
    """Add numbers."""
    return sum(numbers)


def wait_for(worker: Worker, file: str) -> str:
    """Wait until a file is there."""
    deadline = time.monotonic() + 60
    while not Path(file).exists() and time.monotonic() < deadline:
        worker.progress(0.5, "waiting")
        time.sleep(0.01)
    return file


def touch(worker: Worker, file: str) -> str:
    """Make a file."""
    Path(file).touch()
    return file


def tell(worker: Worker, steps: int) -> int:
    """Tell of progress."""
    for step in range(steps):
        worker.progress(step / steps, f"step {step}")
        time.sleep(0.06)
    return steps


def fail(worker: Worker, sentence: str) -> None:
    """Fail as the user can mend."""
    raise UserError(sentence)


def cannot_write(worker: Worker) -> None:
    """Fail as a full disk does."""
    raise WriteError("Cannot write x: the disk is full; nothing was changed.")


def break_down(worker: Worker) -> None:
    """Fail as a fault of the program does."""
    raise ZeroDivisionError("by hand")


class Odd(Exception):
    """An error that cannot be sent to another process."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")
        self.lock = threading.Lock()


def break_oddly(worker: Worker) -> None:
    """Fail with an error that cannot be sent."""
    raise Odd(1, 2)


def die(worker: Worker) -> None:
    """End the process, as the system does when there is no memory left."""
    os._exit(9)


def die_beside(worker: Worker, file: str) -> None:
    """End the process once another is at work, which makes the file."""
    wait_for(worker, file)
    os._exit(9)


def count_made(worker: Worker, key: str) -> tuple[int, str, int]:
    """Return the process, what it keeps, and how many it has made so far."""
    made = worker.kept("made", "once", lambda: [0])

    def make() -> str:
        made[0] += 1
        return f"for {key}"

    return os.getpid(), worker.kept("group", key, make), made[0]


def threads(worker: Worker) -> int:
    """Return how many threads torch has here."""
    import torch

    return torch.get_num_threads()


_unpacked: list[int] = []


def pack() -> "np.ndarray[Any, Any]":
    """Make what is large."""
    return np.arange(1000)


def unpack(numbers: "np.ndarray[Any, Any]") -> None:
    """Keep its sum."""
    _unpacked.append(int(numbers.sum()))


def unpacked(worker: Worker) -> tuple[int, int]:
    """Return the sum that was kept last, and how many were."""
    return _unpacked[-1], len(_unpacked)


def leave_a_word(worker: Worker, file: str) -> None:
    """Wait for ever, and say so in a file when it is stopped."""
    Path(file).write_text("waiting")
    try:
        for _ in range(6000):
            worker.progress(0.5, "waiting")
            time.sleep(0.01)
    finally:
        Path(file).write_text("stopped")


def die_once(worker: Worker, file: str) -> str:
    """End the process the first time."""
    if not Path(file).exists():
        Path(file).touch()
        os._exit(9)
    return "alive"
