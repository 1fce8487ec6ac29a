"""Tasks on a Ray cluster of this machine against one process, and what each costs beside its work."""

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import torch

from pruning.execution import Executor, InProcess, Task, Worker, executor_on, run_tasks
from tests.bench.rows import Figures, Row

TASKS, SECONDS = 60, 5.0
OVERHEAD = 30.0
"""Milliseconds that a task may cost beside its work."""
SIZE = 256
WAITS = 120.0
"""Seconds for which the first workers wait for the last."""


@dataclass(frozen=True)
class Did:
    """One task as its worker saw it: which that was, the clock before and after, and seconds of its core."""

    worker: int
    began: float
    ended: float
    cpu: float


def run(quick: bool) -> list[Row | Figures]:
    """How near to linear one and two workers come, and what an empty task costs."""
    count, seconds = (12, 1.0) if quick else (TASKS, SECONDS)
    return [*linear(count, seconds), _overhead(60 if quick else 1000)]


def linear(count: int, seconds: float) -> list[Row | Figures]:
    """So many tasks of so many seconds, by the clock; the note says what of the workers' time was work.

    By the clock this is what the machine has left; the share of the time in which workers are at work is not.
    """
    loops = _loops_of(seconds)
    tasks = [Task(number, f"task {number}", _multiply, (loops,)) for number in range(count)]
    with InProcess() as here:
        alone, _ = _timed(tasks, here)
    rows: list[Row | Figures] = []
    for workers in (1, 2):
        with executor_on("ray", workers) as executor:
            warm(executor, workers)
            taken, did = _timed(tasks, executor)
        busy = sum(each.ended - each.began for each in did) / (workers * taken)
        cores = sum(each.cpu for each in did) / sum(each.ended - each.began for each in did)
        note = f"workers at work for {100 * busy:.1f} % of it, on {100 * cores:.0f} % of a core; {_load()}"
        what = f"{count} tasks of {seconds:g} s on Ray, {workers} worker{'s' * (workers > 1)}, against one process"
        rows.append(Row(what, alone, taken, 0.9 * workers, note=note))
    return rows


def warm(executor: Executor, workers: int) -> None:
    """Have so many workers there, with torch in them: each waits until all are."""
    with tempfile.TemporaryDirectory() as place:
        list(run_tasks([Task(number, "first", _meet, (place, workers)) for number in range(workers)], executor))


def _meet(worker: Worker, place: str, workers: int) -> None:
    _multiply(worker, 1)
    (Path(place) / str(os.getpid())).touch()
    deadline = time.monotonic() + WAITS
    while len(os.listdir(place)) < workers and time.monotonic() < deadline:
        time.sleep(0.05)


def _multiply(worker: Worker, loops: int) -> Did:
    """Work for one core."""
    torch.set_num_threads(1)
    began, worked = time.time(), process_time()
    values = torch.eye(SIZE)
    for _ in range(loops):
        values = values @ values
    return Did(os.getpid(), began, time.time(), process_time() - worked)


def _loops_of(seconds: float) -> int:
    """How many products take so long on one core."""
    few = 500
    return max(1, round(few * seconds / _multiply(Worker(), few).cpu))


def _nothing(worker: Worker) -> None:
    """Do nothing."""


def _timed(tasks: Sequence[Task[Did]], executor: Executor) -> tuple[float, list[Did]]:
    began = perf_counter()
    did = [finished.result() for finished in run_tasks(tasks, executor)]
    return perf_counter() - began, did


def _load() -> str:
    return f"load {os.getloadavg()[0]:.0f}"


def _overhead(count: int) -> Figures:
    with executor_on("ray") as executor:
        warm(executor, executor.capacity)
        began, worked = perf_counter(), process_time()
        list(run_tasks([Task(number, "empty", _nothing) for number in range(count)], executor, ahead=4))
        each, driver = (
            (clock() - start) * 1e3 / count for clock, start in ((perf_counter, began), (process_time, worked))
        )
    return Figures(
        f"an empty task on Ray, of {count}",
        {"ms a task": each, "driver's ms": driver},
        {"ms a task": OVERHEAD, "driver's ms": OVERHEAD},
        _load(),
    )
