"""One call that several processes of this machine do together, such as a training whose batches are shared out.

Each has a number, and what the first one returns is the call's value. They end together: where one fails or dies, or
the caller is interrupted, all are stopped at once.
"""

import multiprocessing.util
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import cloudpickle

from pruning.errors import UserError
from pruning.execution.base import here
from pruning.execution.processes import LEAVE_SECONDS, LocalProcesses
from pruning.progress import Progress, quiet

T = TypeVar("T")

POLL_SECONDS = 0.1


class OtherLost(UserError):
    """One of the processes does not answer the others."""


@dataclass(frozen=True)
class Member:
    """One of the processes.

    Attributes:
        number: from 0 on. count: how many there are.
        meeting: a file, in a folder of their own, by which they find one another.
        progress: told how far the call is; only that of the first is heard.
    """

    number: int
    count: int
    meeting: str
    progress: Progress = quiet


def together(count: int, function: Callable[..., T], *arguments: Any, progress: Progress = quiet) -> T:
    """Call ``function(member, ...)`` in `count` new processes at the same time, and return what the first returned.

    Raises:
        UserError: one of them raised it, or was killed.
        Exception: one of them raised it, which is a fault of the program.
    """
    content = cloudpickle.dumps((function, arguments))
    place = tempfile.TemporaryDirectory(prefix="pruning-together-")
    with _ended_in_order(), place as folder, LocalProcesses(count) as executor:
        executor.listener = lambda number, fraction, text: progress(fraction, text)
        members = [Member(number, count, str(Path(folder) / "meeting")) for number in range(count)]
        futures = [executor.submit(_take_part, member, content) for member in members]
        _see_to(futures, executor)
        return cast(T, cloudpickle.loads(futures[0].result()))


class _Ended(BaseException):
    """This process was asked to end."""


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Where this process is asked to end, as a worker is whose run is stopped, end what is open here before.

    A command sees to that by itself.
    """
    if threading.current_thread() is not threading.main_thread() or callable(signal.getsignal(signal.SIGTERM)):
        yield
        return

    def end(*_: object) -> None:
        raise _Ended

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except _Ended:
        cast(Any, multiprocessing.util)._exit_function()  # else the system keeps what the processes were joined by
        os._exit(128 + signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


def _see_to(futures: Sequence[Future[bytes]], executor: LocalProcesses) -> None:
    """Wait until all are over, or until one has failed."""
    running = set(futures)
    while running:
        over, running = wait(running, POLL_SECONDS, FIRST_COMPLETED)
        executor.poll()
        if any(each.exception() is not None for each in over):
            raise _reason(futures)


def _reason(futures: Sequence[Future[bytes]]) -> BaseException:
    """What to say where one has failed: that it was killed counts more than that others no longer hear of it."""
    found = _errors(futures)
    if all(isinstance(error, OtherLost) for error in found):
        wait(futures, LEAVE_SECONDS)  # the reason is soon to come
        found = _errors(futures)
    own = [error for error in found if not isinstance(error, OtherLost | BrokenExecutor)]
    return own[0] if own else lost(len(futures))


def _errors(futures: Sequence[Future[bytes]]) -> list[BaseException]:
    return [error for each in futures if each.done() and (error := each.exception()) is not None]


def lost(count: int) -> OtherLost:
    """The error of a call whose processes are no longer all there."""
    return OtherLost(
        f"One of the {count} processes that work on it together was killed, most likely for want of memory; run again "
        "where there is more of it."
    )


# What follows runs in one of the processes.


def _take_part(member: Member, content: bytes) -> bytes:
    function, arguments = cloudpickle.loads(content)
    worker = here()
    worker.follow(member.number)
    progress = worker.progress if member.number == 0 else quiet
    value = function(Member(member.number, member.count, member.meeting, progress), *arguments)
    return cast(bytes, cloudpickle.dumps(value if member.number == 0 else None))
