"""Tasks on a Ray cluster of this machine against one process, and what each costs beside its work."""

from collections.abc import Sequence
from time import perf_counter, process_time

import torch

from pruning.execution import Executor, InProcess, Task, Worker, executor_on, run_tasks
from tests.bench.rows import Figures, Row

TASKS, SECONDS = 60, 5.0
OVERHEAD = 30.0
"""Milliseconds that a task may cost beside its work."""
SIZE = 256


def run(quick: bool) -> list[Row | Figures]:
    """How near to linear one and two workers come, and what an empty task costs."""
    count, seconds = (4, 0.5) if quick else (TASKS, SECONDS)
    loops = _loops_of(seconds)
    tasks = [Task(number, f"task {number}", _multiply, (loops,)) for number in range(count)]
    with InProcess() as here:
        alone = _seconds(tasks, here)
    rows: list[Row | Figures] = []
    for workers in (1, 2):
        with executor_on("ray", workers) as executor:
            _seconds([Task(number, "first", _multiply, (1,)) for number in range(2 * workers)], executor)
            taken = _seconds(tasks, executor)
        what = f"{count} tasks of {seconds:g} s on Ray, {workers} worker{'s' * (workers > 1)}, against one process"
        rows.append(Row(what, alone, taken, 0.9 * workers))
    return [*rows, _overhead(60 if quick else 1000)]


def _multiply(worker: Worker, loops: int) -> float:
    """Work for one core."""
    torch.set_num_threads(1)
    values = torch.eye(SIZE)
    for _ in range(loops):
        values = values @ values
    return float(values.sum())


def _loops_of(seconds: float) -> int:
    """How many products take so long on one core."""
    few = 200
    began = process_time()
    _multiply(Worker(), few)
    return max(1, round(few * seconds / (process_time() - began)))


def _nothing(worker: Worker) -> None:
    """Do nothing."""


def _seconds(tasks: Sequence[Task[float]], executor: Executor) -> float:
    began = perf_counter()
    for finished in run_tasks(tasks, executor):
        finished.result()
    return perf_counter() - began


def _overhead(count: int) -> Figures:
    with executor_on("ray") as executor:
        list(run_tasks([Task(number, "first", _nothing) for number in range(4)], executor))
        began, worked = perf_counter(), process_time()
        list(run_tasks([Task(number, "empty", _nothing) for number in range(count)], executor, ahead=4))
        each, driver = (
            (clock() - start) * 1e3 / count for clock, start in ((perf_counter, began), (process_time, worked))
        )
    return Figures(
        f"an empty task on Ray, of {count}",
        {"ms a task": each, "driver's ms": driver},
        {"ms a task": OVERHEAD, "driver's ms": OVERHEAD},
    )
