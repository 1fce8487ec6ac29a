"""How well a network does on a split of its data."""

from collections.abc import Iterator
from functools import partial

import torch
from torch import nn

from pruning.data import Dataset, Split
from pruning.tasks import Batch, Task, get_task
from pruning.training.inputs import Inputs
from pruning.training.precision import autocast
from pruning.training.seeds import generator

EVALUATION_BATCH = 1000  # images of up to 64 x 64; of larger ones as many as have so many pixels


def accuracy(
    model: nn.Module,
    data: Dataset,
    split: Split,
    device: torch.device,
    precision: str,
    macs: int,
    task: Task | None = None,
) -> float:
    """Fraction of a split that the network gets right, in evaluation mode, or the task's score."""
    return evaluate(model, Inputs(data, split, model, device, macs), precision, task)[0]


def evaluation_batch(shape: tuple[int, int, int]) -> int:
    """How many images of `shape` (C, H, W) are evaluated at once: by their size alone, never by the memory there is."""
    return max(1, min(EVALUATION_BATCH, EVALUATION_BATCH * 64 * 64 // (shape[1] * shape[2])))


def evaluate(model: nn.Module, inputs: Inputs, precision: str, task: Task | None = None) -> tuple[float, float]:
    """The task's score on a split, of classification the accuracy in [0, 1], and the mean loss, in evaluation mode.

    The loss of classification is the cross-entropy in nats.
    """
    was_training = model.training
    model.eval()
    with torch.inference_mode(), autocast(precision, inputs.device):
        draws = partial(generator, 0, "evaluation")
        found = (task or get_task(None)).evaluate(model, inputs.data, _batches(inputs), draws)
    model.train(was_training)
    return found


def _batches(inputs: Inputs) -> Iterator[Batch]:
    for rows in torch.arange(len(inputs.labels)).split(evaluation_batch(inputs.data.shape)):
        yield inputs.batch(rows)
