"""What every executor is: the interface of `concurrent.futures.Executor`, and word of how far its calls are."""

from collections.abc import Callable, Hashable, Iterator
from concurrent import futures
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from pruning.progress import Progress, quiet
from pruning.registry import of_plugin

P = ParamSpec("P")
T = TypeVar("T")

Listener = Callable[[int, float, str], None]
"""Told the number of a call, the fraction of it that is done, and what is being done."""


class Cancelled(Exception):
    """A run was cancelled. What had finished was given out before."""


@dataclass(frozen=True)
class Parcel:
    """Something large that tasks use on another machine: sent there once, whatever the number of tasks.

    Attributes:
        key: equal for the same content.
        pack: makes it ready to be sent; best arrays of numpy, which all processes of a machine then share.
        unpack: called with that in each process there, before the first task that needs it.
    """

    key: Hashable
    pack: Callable[[], Any]
    unpack: Callable[[Any], object]


@dataclass(frozen=True)
class Needs:
    """What a task needs where it runs; of the call, never of what it computes.

    Executors of this machine take no notice of it but for GPUs: what they start is on this machine's files, and the
    number of their processes is chosen by who starts them.

    Attributes:
        threads: of the CPU, which are set before the task as its last digits may depend on them.
        gpus: how many, or what share of one, for each of its processes.
        memory: bytes that the scheduler is to reckon with, for each of its processes; 0 where nothing is known.
        processes: that work on it together, each with as many threads, GPUs and bytes.
        files: what it reads, as far as it is there when the task starts.
        parcels: what else it uses.
    """

    threads: int = 1
    gpus: float = 0.0
    memory: int = 0
    files: tuple[Path, ...] = ()
    parcels: tuple[Parcel, ...] = ()
    processes: int = 1


NOTHING = Needs()


class Worker:
    """What a task sees of the place where it runs: whom to tell how far it is, and what tasks before it left there."""

    def __init__(self, progress_of: Callable[[int], Progress] = lambda number: quiet) -> None:
        self.progress: Progress = quiet
        self._progress_of = progress_of
        self._kept: dict[str, tuple[Hashable, object]] = {}

    def kept(self, slot: str, key: Hashable, make: Callable[[], T]) -> T:
        """Return what this worker keeps in a slot for tasks to come.

        It is made when the slot is empty or holds what was made for another key, which is let go of first. All of it
        is gone with the executor, so a key need only tell apart what one run may ask for.
        """
        if slot not in self._kept or self._kept[slot][0] != key:
            self._kept.pop(slot, None)
            self._kept[slot] = (key, make())
        return cast(T, self._kept[slot][1])

    def follow(self, number: int) -> None:
        """Begin the call of that number."""
        self.progress = self._progress_of(number)


_here: ContextVar[Worker | None] = ContextVar("worker", default=None)


def here() -> Worker:
    """Return the worker that the caller runs in; a new one that tells nobody where no executor is at work."""
    return _here.get() or Worker()


@contextmanager
def working_in(worker: Worker) -> Iterator[None]:
    """Make a worker the one that `here` returns."""
    before = _here.set(worker)
    try:
        yield
    finally:
        _here.reset(before)


class Executor(futures.Executor):
    """A place where calls run: `submit` and `shutdown` as those of `concurrent.futures`.

    Attributes:
        capacity: how many calls run at once.
        needs: of a usual call.
        listener: told how far calls are; `run_tasks` sets it.
    """

    capacity: int = 1
    needs: Needs = NOTHING
    listener: Listener | None = None

    def poll(self) -> None:
        """Tell the listener what the calls have told since."""

    def submit_needing(self, needs: Needs, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Submit a call that needs something where it runs."""
        return self.submit(fn, *args, **kwargs)


class InProcess(Executor):
    """Runs each call in this process, at once, so that its future is done when `submit` returns."""

    def __init__(self) -> None:
        self._worker = Worker(self._progress_of)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call the function; what it raises is in the future, but for an interrupt, which goes on."""
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        try:
            with working_in(self._worker):
                future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let go of what the tasks left here."""
        self._worker = Worker(self._progress_of)

    def _progress_of(self, number: int) -> Progress:
        listener = self.listener
        return quiet if listener is None else lambda fraction, text: listener(number, fraction, text)


def perform(number: int, work: Callable[..., T], arguments: tuple[Any, ...]) -> T:
    """Do a task's work where it was sent: `work(worker, *arguments)`. Raises UserError where a plugin fails in it."""
    worker = here()
    worker.follow(number)
    with of_plugin(but=(Cancelled,)):  # here, as another process sees no more of a traceback than its text
        return work(worker, *arguments)
