"""Worker processes: started without the caller's script, ended with their parent, stopped at once on an interrupt.

What was registered at run time (criteria, finders, measures, ...) is carried to them, by value where it was defined in
a notebook or a script. It crosses the wire only; nothing of it is ever put into a file.
"""

import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.context import BaseContext
from multiprocessing.queues import SimpleQueue
from types import ModuleType, TracebackType
from typing import ParamSpec, TypeVar, cast

import cloudpickle

from pruning import registry
from pruning.errors import UserError
from pruning.execution.base import Executor, InProcess, Worker, working_in
from pruning.execution.gpus import VISIBLE
from pruning.progress import throttled

P = ParamSpec("P")
T = TypeVar("T")

LEAVE_SECONDS = 5.0
"""How long a stopped worker is waited for."""

START: BaseContext = multiprocessing.get_context("spawn")
"""How workers come to be: as new processes, since forked copies of torch's thread pools hang."""

Told = tuple[int, float, str]


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def local_executor(jobs: int, gpus: Sequence[Sequence[str]] = ()) -> Executor:
    """Return an executor for so many tasks at once on this machine; this process alone when `jobs` is 1.

    Args:
        jobs: tasks at once.
        gpus: those that each worker sees, as `LocalProcesses` has it.
    """
    return LocalProcesses(jobs, gpus) if jobs > 1 else InProcess()


class LocalProcesses(Executor):
    """At most `jobs` worker processes on this machine. As a context, it stops them at once, however it ends.

    Functions and arguments may be defined in the caller's script or notebook; results are of classes that can be
    imported. When a worker dies, futures raise `concurrent.futures.process.BrokenProcessPool`.

    Args:
        jobs: worker processes at most.
        gpus: names of the GPUs that the first worker sees, those of the second, and so on; where there are none all see
            what this process sees.

    Raises:
        UserError: something that was registered cannot be sent to another process.
    """

    def __init__(self, jobs: int, gpus: Sequence[Sequence[str]] = ()) -> None:
        self.capacity = jobs
        self._queue: SimpleQueue[Told] = START.SimpleQueue()
        seen: SimpleQueue[str] = START.SimpleQueue()
        for each in gpus:
            seen.put(",".join(each))
        told = (self._queue, registered(), seen if gpus else None)
        self._pool = ProcessPoolExecutor(jobs, START, _begin, told)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Let a worker call the function."""
        call = cloudpickle.dumps((fn, args, kwargs))
        with _main_hidden(), _interrupts_held(), _ending_held():  # a worker may be started here
            return cast("Future[T]", self._pool.submit(_call, call))

    def poll(self) -> None:
        """Tell the listener what the workers have told since."""
        while not self._queue.empty():
            told = self._queue.get()
            if self.listener is not None:
                self.listener(*told)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the workers end when their work is done; see `concurrent.futures.Executor`."""
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def stop(self) -> None:
        """End the workers at once, whatever they are doing."""
        running = list((getattr(self._pool, "_processes", None) or {}).values())
        manager = getattr(self._pool, "_executor_manager_thread", None)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for worker in running:
            worker.terminate()
        for worker in running:
            worker.join(LEAVE_SECONDS)  # then the system has added its time to that of this process
        if manager is not None:
            manager.join(LEAVE_SECONDS)  # it closes what the interpreter, when it ends, would write to

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def registered() -> bytes:
    """What was registered in this process, pickled for another. Raises UserError where that cannot be."""
    try:
        return cast(bytes, cloudpickle.dumps(registry.additions()))
    except Exception as error:
        raise UserError(
            f"What was registered cannot be sent to worker processes ({error}); put it into a file that "
            f"{registry.PLUGINS} names, or use one process."
        ) from error


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep new workers from running the caller's script again.

    A notebook, or a script without a guard, would suffer from it; workers need the modules of their work alone.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back while a worker is started.

    A signal that is blocked stays so in the new process, which therefore never sees one, not even while it imports. The
    parent, which alone answers, gets it right afterwards.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _ending_held() -> Iterator[None]:
    """Hold back, while a worker is started, what this process does when it is told to terminate.

    It is not blocked, as the new process is to end by it at once.
    """
    answer = signal.getsignal(signal.SIGTERM)
    if not callable(answer) or threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: held.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, answer)
        if held:
            answer(held[0], None)


# What follows runs in a worker process.

_worker = Worker()
_problem: str = ""  # why what was registered in the parent is not there


def _begin(queue: "SimpleQueue[Told]", registered: bytes, gpus: "SimpleQueue[str] | None" = None) -> None:
    """Prepare a worker: it ignores Ctrl-C, does not outlive its parent, and knows what was registered there.

    It takes the next of `gpus` for its own, before anything asks what there is.
    """
    global _worker, _problem
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if gpus is not None:
        os.environ[VISIBLE] = gpus.get()
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    _tqdm_within_this_process()
    _worker = Worker(lambda number: throttled(lambda fraction, text: queue.put((number, fraction, text))))
    try:
        registry.plugins()  # what comes from them is known here by the name of its module
        registry.add_all(cloudpickle.loads(registered))
    except Exception as error:
        _problem = (
            f"What was registered cannot be had in a worker process ({error}); put it into a file that "
            f"{registry.PLUGINS} names, or use one process."
        )


def _tqdm_within_this_process() -> None:
    """Keep tqdm, whose bars UMAP and others make, from a lock between processes.

    That is a semaphore which a worker that is stopped leaves behind, and Python complains of at the end of the run.
    """
    with suppress(ImportError):
        from tqdm import tqdm

        tqdm.set_lock(threading.RLock())


def _call(call: bytes) -> object:
    if _problem:
        raise UserError(_problem)
    try:
        function, arguments, named = cloudpickle.loads(call)
        with working_in(_worker):
            return function(*arguments, **named)
    except Exception as error:
        if _can_be_sent(error):
            raise
        raise RuntimeError("".join(traceback.format_exception(error))) from None


def _can_be_sent(error: Exception) -> bool:
    try:
        cloudpickle.loads(cloudpickle.dumps(error))
    except Exception:
        return False
    return True
