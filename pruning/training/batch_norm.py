"""The statistics of batch normalisation, measured anew for a network whose weights have changed.

Running averages lag behind the weights; after pruning, and after a short fine-tuning, they describe another network.
"""

import math
from dataclasses import replace

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from pruning.data import Dataset, normalise
from pruning.models import count_macs
from pruning.tasks import Task
from pruning.training.evaluation import accuracy
from pruning.training.loop import Trained
from pruning.training.precision import as_input, autocast, prepare, settled
from pruning.training.seeds import generator

IMAGES, BATCH = 2000, 250


def recalibrate(model: nn.Module, data: Dataset, seed: int, device: torch.device, precision: str = "float32") -> bool:
    """Set running means and variances to those over 2,000 training images (fewer where there are fewer), in place.

    The average over batches of 250 drawn by the seed, without augmentation; everything but batch normalisation is in
    evaluation mode meanwhile. Gives whether there was anything to do.
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm) and module.track_running_stats]
    if not norms:
        return False
    macs = count_macs(model, data.shape)
    modes = {module: module.training for module in model.modules()}
    momenta = {module: module.momentum for module in norms}
    order = torch.randperm(len(data.train.labels), generator=generator(seed, "recalibrate"))[:IMAGES]
    with settled(macs), torch.no_grad(), autocast(precision, device):
        model = prepare(model.eval(), device, macs)
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain average of all batches
            norm.train()
        for rows in order.split(BATCH):
            if len(rows) > 1:  # one image has no variance
                model(as_input(normalise(data.train.images[rows], data.mean, data.std), device, macs))
    for norm, momentum in momenta.items():
        norm.momentum = momentum
    for module, mode in modes.items():
        module.training = mode
    model.cpu().to(memory_format=torch.contiguous_format)
    return True


def recalibrated(
    model: nn.Module, trained: Trained, data: Dataset, seed: int, device: torch.device, task: Task | None = None
) -> Trained:
    """Recalibrate a fine-tuned network; what is given back has the accuracy that it then has."""
    if not recalibrate(model, data, seed, device, trained.precision):
        return trained
    macs = count_macs(model, data.shape)
    with settled(macs):
        right = accuracy(prepare(model, device, macs), data, data.test, device, trained.precision, macs, task)
    model.cpu().to(memory_format=torch.contiguous_format)
    history = list(trained.history)
    if history and not math.isnan(history[-1].test_accuracy):
        history[-1] = history[-1].model_copy(update={"test_accuracy": right})
    return replace(trained, history=history, accuracy=right)
