"""What a task notes of a network while it is trained."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import nn

from pruning.tasks import Task
from pruning.training.history import Epoch, Record
from pruning.training.until import Until

APART = 1.15  # by which factor an iteration at which the network is looked at lies beyond the one before, at least
ITERATION = "observed/iteration"


class Observer:
    """Keeps what `Task.observe` gives at the first iteration, at the last one, and at points ever farther apart."""

    def __init__(self, task: Task, model: nn.Module, start: int) -> None:
        self.task, self.model = task, model
        self.noted: list[int] = []
        self.columns: Record = {}
        self.look(start, True)

    def look(self, iteration: int, now: bool = False) -> None:
        """Note the network after so many iterations, where it is time or `now`."""
        if (self.noted and iteration < APART * self.noted[-1] and not now) or iteration in self.noted[-1:]:
            return
        was_training = self.model.training
        effective: Callable[[], nn.Module] | None = getattr(self.model, "effective_network", None)  # where scores train
        with torch.no_grad():
            seen = self.model.eval() if effective is None else effective().eval()
            for column, values in self.task.observe(seen).items():
                self.columns.setdefault(column, []).extend(values)
        self.model.train(was_training)
        self.noted.append(iteration)

    def record(self) -> Record:
        """The columns, and the iterations; {} where the task notes nothing."""
        return {ITERATION: [float(each) for each in self.noted], **self.columns} if self.columns else {}


def milestones(task: Task, history: Sequence[Epoch], per_epoch: int) -> Record:
    """The iteration of the point of the curve at which each of the task's milestones was first passed, NaN for never.

    The resolution is the distance to the point before it, at most.
    """
    if not task.milestones or not history:
        return {}
    found = {}
    for name, condition in task.milestones.items():
        point = Until.read(condition).first(history)
        found[f"milestones/{name}"] = [math.nan if point is None else float(round(point.epoch * per_epoch))]
    ends = [0, *(round(point.epoch * per_epoch) for point in history)]
    apart = max(after - before for before, after in pairwise(ends))
    return found | {"milestones/resolution": [float(apart)]}
