"""Runs tasks, which may depend on each other, in this process or side by side in several.

`run_tasks` is the one scheduler. An executor, with the interface of `concurrent.futures.Executor`, says where the tasks
run: `InProcess`, `LocalProcesses`, Ray by `executor_on("ray")`, or another that follows `Executor`.
"""

from pruning.execution.base import Cancelled, Executor, InProcess, Needs, Parcel, Worker
from pruning.execution.choosing import PROCESSES, executor_on, gpus_of
from pruning.execution.processes import LocalProcesses, cores, local_executor
from pruning.execution.ray_cluster import is_ray
from pruning.execution.scheduler import Finished, Task, run_tasks

__all__ = [
    "PROCESSES",
    "Cancelled",
    "Executor",
    "Finished",
    "InProcess",
    "LocalProcesses",
    "Needs",
    "Parcel",
    "Task",
    "Worker",
    "cores",
    "executor_on",
    "gpus_of",
    "is_ray",
    "local_executor",
    "run_tasks",
]
