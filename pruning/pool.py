"""Tickets found side by side in several processes, each as soon as its parents are there."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.queues import SimpleQueue
from types import ModuleType
from typing import Any

from pruning.errors import UserError
from pruning.find import parents_of
from pruning.recipe import Recipe
from pruning.runner import Event, Options, Tell, find_and_save, lacks_parent
from pruning.study import Study

POLL_SECONDS = 0.1
TELL_STEP = 0.01  # a worker tells of progress when it has gone on by this fraction

_news: "SimpleQueue[Any] | None" = None  # of this worker process


def in_processes(study: Study, steps: list[Recipe], options: Options, jobs: int, tell: Tell) -> None:
    """Find the steps (parents first) in `jobs` processes. On an interrupt the workers are stopped at once.

    Raises:
        UserError: a worker died, for want of memory most likely; or a ticket could not be written.
    """
    context = multiprocessing.get_context("spawn")  # forked copies of torch's thread pools hang
    news: SimpleQueue[Any] = context.SimpleQueue()
    pool = ProcessPoolExecutor(jobs, context, _begin, (news,))
    try:
        _work_off(pool, study, list(steps), options, jobs, news, tell)
    except BrokenProcessPool:
        raise UserError(
            "A worker process was killed, most likely for want of memory; run again with fewer --jobs, "
            "what was found is kept."
        ) from None
    finally:
        workers = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.terminate()


def _work_off(
    pool: ProcessPoolExecutor,
    study: Study,
    waiting: list[Recipe],
    options: Options,
    jobs: int,
    news: "SimpleQueue[Any]",
    tell: Tell,
) -> None:
    open_ids = {recipe.id for recipe in waiting}
    failed: set[str] = set()
    running: dict[Future[Event], Recipe] = {}
    while waiting or running:
        for recipe in [one for one in waiting if all(parent.id not in open_ids for parent in parents_of(one))]:
            if len(running) == jobs:
                break
            waiting.remove(recipe)
            event = lacks_parent(recipe, failed)
            if event is not None:
                failed.add(recipe.id)
                open_ids.discard(recipe.id)
                tell(event)
                continue
            tell(Event(recipe, 0.0, "started"))
            with _main_hidden():  # a worker may be started here
                running[pool.submit(_in_worker, study, recipe, options)] = recipe
        finished = wait(running, POLL_SECONDS, FIRST_COMPLETED).done
        while not news.empty():
            tell(news.get())
        for future in finished:
            event = future.result()
            open_ids.discard(running.pop(future).id)
            if event.problem is not None:
                failed.add(event.recipe.id)
            tell(event)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Keep new workers from running the caller's script again, which a notebook or a script without a guard suffers
    from; they need this module alone."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _begin(news: "SimpleQueue[Any]") -> None:
    """Prepare a worker: the parent alone answers Ctrl-C, and a worker does not outlive it."""
    global _news
    _news = news
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _in_worker(study: Study, recipe: Recipe, options: Options) -> Event:
    told = 0.0

    def tell(event: Event) -> None:
        nonlocal told
        if _news is not None and event.fraction - told >= TELL_STEP:
            told = event.fraction
            _news.put(event)

    return find_and_save(study, recipe, options, tell)
