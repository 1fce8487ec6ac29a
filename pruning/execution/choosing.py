"""Which executor: the processes of this machine, or a Ray cluster."""

from collections.abc import Sequence
from pathlib import Path

from pruning.execution.base import NOTHING, Executor, Needs
from pruning.execution.gpus import share, visible
from pruning.execution.processes import local_executor
from pruning.execution.ray_cluster import Machines, connect, is_ray

PROCESSES = "processes"


def executor_on(on: str = PROCESSES, jobs: int = 0, folders: Sequence[Path] = (), needs: Needs = NOTHING) -> Executor:
    """Return the executor of a place.

    Args:
        on: ``processes`` of this machine; ``ray``, a cluster of this machine alone; ``ray://HOST:10001``, a cluster by
            its client; ``ray:HOST:PORT``, the cluster that this machine is part of.
        jobs: tasks at once; on Ray 0 for as many as it has room for.
        folders: in which tasks read and write.
        needs: of a usual task. Where these are GPUs, workers of this machine get them one after another.

    Raises:
        UserError: there is no such place, or Ray is not installed or does not answer.
    """
    if not is_ray(on):
        jobs, gpus = jobs or 1, visible() if needs.gpus else ()
        return local_executor(jobs, [share(place, gpus, needs.processes) for place in range(jobs)] if gpus else ())
    from pruning.execution.ray_executor import RayExecutor  # which imports Ray

    return RayExecutor(on, folders, jobs, needs)


def gpus_of(on: str, asked: float | None, device: str) -> float:
    """What share of a GPU a process of a task gets: what is asked; else one, where there are and the device may be one.

    On this machine none where the device is another one or one by its number, as `cuda:1`: that is for all tasks.

    Raises:
        UserError: Ray is asked for and does not answer.
    """
    if not is_ray(on):
        return (1.0 if asked is None else asked) if device in ("auto", "cuda") and visible() else 0.0
    if asked is not None:
        return asked
    if device != "auto":
        return 0.0 if device == "cpu" else 1.0
    return 1.0 if any(gpus for _, gpus, _ in Machines.of(connect(on)).each) else 0.0
