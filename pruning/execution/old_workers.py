"""The worker processes of `pool` and `analysis.engine.workers`, until they use `run_tasks`."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.queues import SimpleQueue
from types import ModuleType
from typing import Any

from pruning.errors import UserError

POLL_SECONDS = 0.1
"""How long to wait for a worker before looking at what the others tell."""


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


LEAVE = 5.0  # seconds that a stopped worker is waited for


class Workers:
    """Processes that work; get them from `workers`. What they `tell` is read with `news`."""

    def __init__(self, pool: ProcessPoolExecutor, queue: "SimpleQueue[Any]") -> None:
        self._pool, self._queue = pool, queue

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Let a worker call `work`, which is a function of a module, with arguments that can be pickled."""
        with _main_hidden():  # a worker may be started here
            return self._pool.submit(work, *arguments)

    def news(self) -> Iterator[Any]:
        """What the workers have told since."""
        while not self._queue.empty():
            yield self._queue.get()


@contextmanager
def workers(jobs: int, kept: str) -> Iterator[Workers]:
    """At most so many worker processes. However this ends, they are stopped at once.

    Raises UserError when one of them died: what is `kept` ("found", "measured") is kept.
    """
    context = multiprocessing.get_context("spawn")  # forked copies of torch's thread pools hang
    queue: SimpleQueue[Any] = context.SimpleQueue()
    pool = ProcessPoolExecutor(jobs, context, _begin, (queue,))
    try:
        yield Workers(pool, queue)
    except BrokenProcessPool:
        raise UserError(
            "A worker process was killed, most likely for want of memory; run again with fewer --jobs, "
            f"what was {kept} is kept."
        ) from None
    finally:
        running = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in running:
            worker.terminate()
        for worker in running:
            worker.join(LEAVE)  # then the system has added its time to that of this process


_queue: "SimpleQueue[Any] | None" = None  # of this worker process


def tell(news: Any) -> None:
    """Tell the parent, from a worker; elsewhere nothing happens."""
    if _queue is not None:
        _queue.put(news)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep new workers from running the caller's script again, which a notebook or a script without a guard suffers
    from; they need the modules of their work alone."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _begin(queue: "SimpleQueue[Any]") -> None:
    """Prepare a worker: the parent alone answers Ctrl-C, and a worker does not outlive it."""
    global _queue
    _queue = queue
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
