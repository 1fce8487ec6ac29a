"""Runs tasks, which may depend on each other, in this process or side by side in several.

`run_tasks` is the one scheduler. An executor, with the interface of `concurrent.futures.Executor`, says where the tasks
run: `InProcess`, `LocalProcesses`, or another that follows `Executor`.
"""

from pruning.execution.base import Executor, InProcess, Worker
from pruning.execution.processes import LocalProcesses, cores, local_executor
from pruning.execution.scheduler import Cancelled, Finished, Task, run_tasks

__all__ = [
    "Cancelled",
    "Executor",
    "Finished",
    "InProcess",
    "LocalProcesses",
    "Task",
    "Worker",
    "cores",
    "local_executor",
    "run_tasks",
]
