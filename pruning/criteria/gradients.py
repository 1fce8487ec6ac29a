"""Gradients of the loss by the weights, taken on a copy so that the network itself is left alone."""

import copy
from collections.abc import Iterator, Mapping
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from pruning.criteria.batches import Batch, Batches, count_images, without_single
from pruning.tasks import Task, get_task
from pruning.training.seeds import generator


def differentiable_copy(model: nn.Module, batch_statistics: bool = False) -> nn.Module:
    """A copy in evaluation mode (no dropout, so no chance) whose parameters all take gradients.

    With `batch_statistics` its batch norms normalise by the batch at hand, as in training: before any training the
    running statistics say nothing about the data.
    """
    twin = copy.deepcopy(model).eval()
    for parameter in twin.parameters():
        parameter.requires_grad_(parameter.is_floating_point() or parameter.is_complex())  # counts and steps have none
    for module in twin.modules():
        if batch_statistics and isinstance(module, _BatchNorm):
            module.train()
    return twin


def losses(model: nn.Module, batches: Batches, temperature: float = 1.0, task: Task | None = None) -> Iterator[Tensor]:
    """Each batch's share of the task's mean loss over all images, the logits divided by `temperature`.

    The shares are made one by one, so that only one batch's graph lives at a time.
    """
    total = count_images(batches)
    for place, batch in enumerate(without_single(batches)):
        draws = partial(generator, place)  # the same at every look, so that all derivatives are of one function
        yield (task or get_task(None)).summed_loss(model, batch, draws, temperature) / total


def loss_gradient(
    model: nn.Module,
    weights: Mapping[str, Tensor],
    batches: Batches,
    temperature: float = 1.0,
    task: Task | None = None,
) -> dict[str, Tensor]:
    """The gradient of the task's mean loss over all batches by each of `weights`, zero for one without effect."""
    total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
    for loss in losses(model, batches, temperature, task):
        add_gradient(total, loss, weights)
    return total


def single_images(batches: Batches) -> Iterator[Batch]:
    """Each image by itself, with its label."""
    for images, labels in batches:
        yield from zip(images.split(1), labels.split(1), strict=True)


def image_gradients(
    model: nn.Module, weights: Mapping[str, Tensor], batches: Batches, task: Task | None = None
) -> Iterator[dict[str, Tensor]]:
    """The gradient of each image's own loss by each of `weights`; one image's are in memory at a time."""
    for place, batch in enumerate(single_images(batches)):
        total = {name: torch.zeros_like(weight) for name, weight in weights.items()}
        add_gradient(total, (task or get_task(None)).summed_loss(model, batch, partial(generator, place)), weights)
        yield total


def add_squares(
    total: Mapping[str, Tensor], value: Tensor, weights: Mapping[str, Tensor], retain: bool = False
) -> None:
    """Add the squared gradient of the scalar `value` by `weights` to `total`, in place; `retain` keeps the graph."""
    gradients = torch.autograd.grad(value, list(weights.values()), allow_unused=True, retain_graph=retain)
    for sum_, gradient in zip(total.values(), gradients, strict=True):
        if gradient is not None:
            sum_.addcmul_(gradient, gradient)


def add_gradient(total: Mapping[str, Tensor], value: Tensor, weights: Mapping[str, Tensor]) -> None:
    """Add the gradient of the scalar `value` by `weights` to `total`, in place."""
    gradients = torch.autograd.grad(value, list(weights.values()), allow_unused=True)
    with torch.no_grad():
        for sum_, gradient in zip(total.values(), gradients, strict=True):
            if gradient is not None:
                sum_.add_(gradient)
