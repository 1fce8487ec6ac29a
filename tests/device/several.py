"""Several GPUs: a training that two share is that of one but for rounding, and workers see one GPU each."""

import os
from collections.abc import Iterator

import torch

from pruning import find_ticket
from pruning.execution import Needs, executor_on
from pruning.execution.gpus import VISIBLE, visible
from tests.device.networks import LOSS, recipe
from tests.device.results import Result


def several(device: torch.device, quick: bool) -> Iterator[Result]:
    """One device against two, twice, with batch normalisation; and a worker a GPU. Nothing where there is one alone."""
    if device.type not in ("cuda", "cpu") or (device.type == "cuda" and torch.cuda.device_count() < 2):
        return
    made = recipe("dense", sparsity=0.0, model="resnet20")
    shared = made.but(training=made.training.but(devices=2))
    one, first, second = (find_ticket(each, device=device.type) for each in (made, shared, shared))
    unlike = sum(int((value != second.state[name]).sum()) for name, value in first.state.items())
    yield Result("several", "weights that differ between two trainings on two", float(unlike), 0.0)
    losses = [ticket.info.history[-1].loss for ticket in (one, first)]
    yield Result("several", "loss on two off that on one, as a share", abs(losses[1] / losses[0] - 1), LOSS)
    if device.type == "cuda":
        with executor_on("processes", 2, needs=Needs(gpus=1.0)) as executor:
            seen = [executor.submit(os.environ.get, VISIBLE).result() for _ in range(2)]
        odd = sum(name not in visible() for name in seen)
        yield Result("several", "workers that see no single GPU", float(odd), 0.0)
