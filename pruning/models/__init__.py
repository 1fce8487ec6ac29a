"""Networks by name, and the parts of any network that pruning and analysis need.

A model's classifier (its last linear layer) and its prunable layers are found, not listed, so that a network of the
user's own works as well as one from here.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from pruning.errors import unknown
from pruning.models.parts import count_macs, features_and_logits, find_classifier, prunable, weight_uses
from pruning.models.resnet import ResNet
from pruning.models.small import ConvNet, LeNet5, LeNet300

__all__ = [
    "NAMES",
    "build_model",
    "count_macs",
    "features_and_logits",
    "find_classifier",
    "prunable",
    "weight_uses",
]

PREFIX = "torchvision/"
_BUILDERS: dict[str, Callable[[int, tuple[int, int, int]], nn.Module]] = {
    "lenet300": LeNet300,
    "lenet5": LeNet5,
    "conv2": partial(ConvNet, 2),
    "conv4": partial(ConvNet, 4),
    "conv6": partial(ConvNet, 6),
    "resnet20": partial(ResNet, 20),
    "resnet32": partial(ResNet, 32),
    "resnet44": partial(ResNet, 44),
    "resnet56": partial(ResNet, 56),
}
NAMES: tuple[str, ...] = tuple(_BUILDERS)
"""The project's own networks; `torchvision/NAME` comes on top."""


def build_model(name: str, num_classes: int, shape: tuple[int, int, int], seed: int) -> nn.Module:
    """A freshly initialised network on the CPU, in training mode.

    `name` is one of `NAMES` or `torchvision/NAME`; `shape` is that of one image, (channels, height, width). The same
    arguments give the same weights, bit for bit, and the global random state is left as it was.

    Raises UserError when the name is unknown or the images do not fit the network.
    """
    if not name.startswith(PREFIX) and name not in _BUILDERS:
        raise unknown("model", name, (*NAMES, f"{PREFIX}NAME"))
    # The CPU generator alone is seeded: torch.manual_seed would also reseed the accelerators, which are not forked.
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        if name.startswith(PREFIX):
            from pruning.models.zoo import build_torchvision  # torchvision takes seconds to import

            return build_torchvision(name.removeprefix(PREFIX), num_classes, shape)
        return _BUILDERS[name](num_classes, shape)
