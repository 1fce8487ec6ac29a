"""Where the clients of a round learn: one after another in this process, or side by side on an executor.

    with local_executor(4) as executor, clients_on(executor):
        find_ticket(Recipe(finder="federated", ...))

The ticket is the same, bit for bit.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

from pruning.execution import Executor, InProcess, Task, Worker, run_tasks
from pruning.federated.local import Job, Update, learn
from pruning.training.precision import on_threads, threads_asked

_executor: ContextVar[Executor | None] = ContextVar("clients", default=None)


@contextmanager
def clients_on(executor: Executor) -> Iterator[None]:
    """Let clients learn on an executor meanwhile."""
    before = _executor.set(executor)
    try:
        yield
    finally:
        _executor.reset(before)


def let_learn(jobs: Mapping[int, Job], done: Callable[[int], None]) -> Mapping[int, Update]:
    """Let clients learn.

    Args:
        jobs: what each needs, by the client's number.
        done: told how many have learnt.

    Returns:
        What each sends, in the order of the jobs.

    Raises:
        UserError: a client's loss is not finite, or the process in which it learnt died.
    """
    executor, threads = _executor.get() or InProcess(), threads_asked()
    needs = replace(executor.needs, threads=threads or executor.needs.threads)
    tasks = [Task(client, f"client {client + 1}", _learn, (job, threads), needs=needs) for client, job in jobs.items()]
    sent: dict[Hashable, Update] = {}
    for finished in run_tasks(tasks, executor, kept="found before"):
        sent[finished.task.key] = finished.result()
        done(len(sent))
    return {client: sent[client] for client in jobs}


def _learn(worker: Worker, job: Job, threads: int) -> Update:
    with on_threads(threads):
        return learn(job)
