"""How well a network does on a split of its data."""

from collections.abc import Iterable, Iterator
from functools import partial

import torch
from torch import nn

from pruning.data import Dataset, Split, normalise
from pruning.tasks import Batch, Task, get_task
from pruning.training.inputs import Inputs
from pruning.training.precision import as_input, autocast
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
    return evaluate(model, data, split, device, precision, macs, task)[0]


def evaluation_batch(shape: tuple[int, int, int]) -> int:
    """How many images of `shape` (C, H, W) are evaluated at once: by their size alone, never by the memory there is."""
    return max(1, min(EVALUATION_BATCH, EVALUATION_BATCH * 64 * 64 // (shape[1] * shape[2])))


def evaluate(
    model: nn.Module,
    data: Dataset,
    split: Split,
    device: torch.device,
    precision: str,
    macs: int,
    task: Task | None = None,
) -> tuple[float, float]:
    """The task's score on a split, of classification the accuracy in [0, 1], and the mean loss, in evaluation mode.

    The loss of classification is the cross-entropy in nats.
    """
    return _scored(model, data, batches_of(data, split, device, macs), device, precision, task)


def evaluate_again(model: nn.Module, inputs: Inputs, precision: str, task: Task) -> tuple[float, float]:
    """`evaluate` on inputs that stay at hand, for a split that is looked at many times."""
    parts = torch.arange(len(inputs.labels)).split(evaluation_batch(inputs.data.shape))
    return _scored(model, inputs.data, map(inputs.batch, parts), inputs.device, precision, task)


def _scored(
    model: nn.Module,
    data: Dataset,
    batches: Iterable[Batch],
    device: torch.device,
    precision: str,
    task: Task | None,
) -> tuple[float, float]:
    was_training = model.training
    model.eval()
    with torch.inference_mode(), autocast(precision, device):
        found = (task or get_task(None)).evaluate(model, data, batches, partial(generator, 0, "evaluation"))
    model.train(was_training)
    return found


def batches_of(data: Dataset, split: Split, device: torch.device, macs: int) -> Iterator[Batch]:
    """The images of a split as a network's input, with their labels, on the device."""
    size = evaluation_batch(data.shape)
    for begin in range(0, len(split.labels), size):
        images = normalise(split.images[begin : begin + size], data.mean, data.std)
        yield as_input(images, device, macs), split.labels[begin : begin + size].to(device)
