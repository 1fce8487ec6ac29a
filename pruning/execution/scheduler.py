"""The one scheduler: tasks that may depend on each other, on any executor, with their results as they come.

tasks = [Task("dense", "the dense network", find, (recipe,)), Task("snip", "SNIP", find, (other,), after=("dense",))]
with local_executor(jobs) as executor:
    for finished in run_tasks(tasks, executor):
        record(finished.task, finished.result())
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from threading import Event
from typing import Any, Concatenate, Generic, TypeVar, cast

from pruning.errors import UserError, WriteError, few
from pruning.execution.base import NOTHING, Cancelled, Executor, Needs, Worker, perform
from pruning.progress import Progress, quiet

POLL_SECONDS = 0.1
"""How long to wait for a task before looking at how far the others are."""

R = TypeVar("R")


@dataclass(frozen=True)
class Task(Generic[R]):
    """One piece of work.

    Attributes:
        key: what it is known by, once in a run.
        name: what it is called in a sentence.
        work: called as ``work(worker, *arguments)`` where the task runs; see `Worker`. It raises UserError when the
            task fails and the others are not concerned, and WriteError when none could go on.
        arguments: plain data, best small: they are sent to the process in which the task runs.
        after: the keys of tasks that must have succeeded first; these come earlier.
        cost: what it costs in proportion to the others, for who adds up how far a run is.
        needs: what it needs on another machine.
    """

    key: Hashable
    name: str
    work: Callable[Concatenate[Worker, ...], R]
    arguments: tuple[Any, ...] = ()
    after: tuple[Hashable, ...] = ()
    cost: float = 1.0
    needs: Needs = NOTHING


@dataclass(frozen=True)
class Finished(Generic[R]):
    """A task that is over; `error` says why when it failed, or when one that it depends on did."""

    task: Task[R]
    value: R | None = None
    error: UserError | None = None

    def result(self) -> R:
        """Return what the task's work returned. Raises UserError, which names the task, when it failed."""
        if self.error is not None:
            raise UserError(f"{self.task.name}: {self.error}")
        return cast(R, self.value)


def run_tasks(
    tasks: Iterable[Task[R]],
    executor: Executor,
    follow: Callable[[Task[R]], Progress] = lambda task: quiet,
    *,
    ahead: int = 1,
    kept: str = "done",
    cancel: Event | None = None,
) -> Iterator[Finished[R]]:
    """Run tasks, and yield each when it is over, in the order in which they end.

    A task starts when those that it depends on have succeeded. When it fails with a UserError, those that depend on it
    fail, and the others go on.

    Args:
        tasks: are taken from it as they are needed, so it may be a generator of many; parents come before children.
        executor: where they run. The caller closes it, which stops what still runs when this is left early.
        follow: called when a task starts; what it returns is told how far that task is, and 1 when it is over.
        ahead: how many tasks the executor is given for each that it runs at once. More than one keep its workers busy
            while the caller looks at a result.
        kept: what has become of the tasks that finished ("found"), for the sentence about a worker that died.
        cancel: when it is set, what has finished is yielded, nothing else is begun, and Cancelled is raised.

    Raises:
        UserError: a worker died; the sentence names the tasks that were in work.
        WriteError: a task could not write its result.
        Cancelled: `cancel` was set.
        Exception: a task raised it, which is a fault of the program; a note names the task.
    """
    run = _Run(iter(tasks), executor, follow, ahead, cancel or Event())
    executor.listener = run.told
    try:
        while run.fill():
            yield from run.over()
            run.check_cancelled()
    except BrokenExecutor:
        yield from run.done_before_the_end()
        raise UserError(
            f"A worker process was killed, most likely for want of memory, while at work on {run.in_work()}; "
            f"run again with fewer --jobs, what was {kept} is kept."
        ) from None
    finally:
        executor.listener = None
        for future in run.running:
            future.cancel()


class _Run(Generic[R]):
    """The state of one call of `run_tasks`."""

    def __init__(
        self,
        source: Iterator[Task[R]],
        executor: Executor,
        follow: Callable[[Task[R]], Progress],
        ahead: int,
        cancel: Event,
    ) -> None:
        self.source, self.executor, self.follow, self.ahead, self.cancel = source, executor, follow, ahead, cancel
        self.waiting: list[Task[R]] = []
        self.running: dict[Future[R], int] = {}
        self.started: dict[int, tuple[Task[R], Progress]] = {}
        self.unfinished: set[Hashable] = set()
        self.failed: dict[Hashable, Task[R]] = {}
        self.lost: list[Finished[R]] = []
        self.number = 0

    def fill(self) -> bool:
        """Give the executor what it can take; whether there is something to wait for."""
        most = self.ahead * self.executor.capacity  # which may change when machines come and go
        while len(self.running) < most:
            task = self._next()
            if task is None or self._start(task).done():  # one that ran here is given out before the next
                break
        return bool(self.running or self.lost)

    def _next(self) -> Task[R] | None:
        """A task that can start: one that waited, or else a new one."""
        for task in self.waiting:
            if self.unfinished.isdisjoint(task.after):
                self.waiting.remove(task)
                if not self._fails_with_its_parents(task):
                    return task
                return self._next()
        for task in self.source:
            self.unfinished.add(task.key)
            if not self.unfinished.isdisjoint(task.after):
                self.waiting.append(task)
            elif not self._fails_with_its_parents(task):
                return task
        return None

    def _fails_with_its_parents(self, task: Task[R]) -> bool:
        parent = next((self.failed[key] for key in task.after if key in self.failed), None)
        if parent is not None:
            self.unfinished.discard(task.key)
            self.failed[task.key] = task
            self.lost.append(Finished(task, error=UserError(f"{parent.name}, which it starts from, failed.")))
        return parent is not None

    def _start(self, task: Task[R]) -> Future[R]:
        self.number += 1
        progress = self.follow(task)
        self.started[self.number] = (task, progress)
        progress(0.0, "started")
        future = self.executor.submit_needing(task.needs, perform, self.number, task.work, task.arguments)
        self.running[future] = self.number
        return future

    def told(self, number: int, fraction: float, text: str) -> None:
        """Pass on how far a task is; a task in this process is stopped here when the run was cancelled."""
        self.check_cancelled()
        if number in self.started:
            self.started[number][1](fraction, text)

    def check_cancelled(self) -> None:
        if self.cancel.is_set():
            raise Cancelled

    def over(self) -> Iterator[Finished[R]]:
        """Wait a moment, and yield what is over; what broke comes last."""
        if self.running and not self.lost:
            wait(self.running, POLL_SECONDS, FIRST_COMPLETED)
        with suppress(Cancelled):
            self.executor.poll()
        yield from self._take_lost()
        done = [future for future in self.running if future.done()]
        for future in sorted(done, key=lambda future: isinstance(future.exception(), BrokenExecutor)):
            yield self._finish(future)
            yield from self._take_lost()

    def done_before_the_end(self) -> Iterator[Finished[R]]:
        for future in [future for future in self.running if future.done() and future.exception() is None]:
            yield self._finish(future)

    def _take_lost(self) -> Iterator[Finished[R]]:
        while self.lost:
            yield self.lost.pop(0)

    def _finish(self, future: Future[R]) -> Finished[R]:
        task, progress = self.started[self.running[future]]
        error = future.exception()
        if error is not None and (isinstance(error, WriteError) or not isinstance(error, UserError)):
            if not isinstance(error, (UserError, BrokenExecutor, Cancelled)):
                error.add_note(f"This happened in the task '{task.name}'.")
            raise error
        del self.started[self.running.pop(future)]
        self.unfinished.discard(task.key)
        if error is not None:
            self.failed[task.key] = task
            progress(1.0, "failed")
            return Finished(task, error=error)
        progress(1.0, "done")
        return Finished(task, future.result())

    def in_work(self) -> str:
        """The names of the tasks that were running or about to."""
        return few([self.started[number][0].name for number in self.running.values()][: self.executor.capacity])
