"""Networks by name, and the parts of any network that pruning and analysis need.

A model's classifier (its last linear layer) and its prunable layers are found, not listed, so that a network of the
user's own works as well as one from here.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from pruning.errors import unknown
from pruning.models.cifar_resnet import CifarResNet
from pruning.models.inspection import count_macs, features_and_logits, find_classifier, prunable
from pruning.models.mobilenet import MobileNetV2
from pruning.models.preact import PreActResNet, WideResNet
from pruning.models.resnet import ResNet
from pruning.models.small import ConvNet, LeNet5, LeNet300
from pruning.models.user_file import build_own, is_own
from pruning.models.vgg import VGG

__all__ = ["NAMES", "build_model", "count_macs", "features_and_logits", "find_classifier", "prunable", "skeleton"]

PREFIX = "torchvision/"
_WIDE = ((16, 4), (16, 8), (22, 2), (28, 2), (28, 4), (28, 10), (34, 10), (40, 2), (40, 4))
_BUILDERS: dict[str, Callable[[int, tuple[int, int, int]], nn.Module]] = {
    "lenet300": LeNet300,
    "lenet5": LeNet5,
    "conv2": partial(ConvNet, 2),
    "conv4": partial(ConvNet, 4),
    "conv6": partial(ConvNet, 6),
    **{f"resnet{depth}": partial(ResNet, depth) for depth in (20, 32, 44, 56, 110, 1202)},
    **{f"resnet{depth}b": partial(ResNet, depth, projection=True) for depth in (20, 32, 44, 56)},
    **{f"cifar_resnet{depth}": partial(CifarResNet, depth) for depth in (18, 34, 50)},
    "preact_resnet18": partial(PreActResNet, True),
    "preact_resnet18_plain": partial(PreActResNet, False),
    **{f"wrn{depth}_{widen}": partial(WideResNet, depth, widen) for depth, widen in _WIDE},
    **{f"vgg{depth}": partial(VGG, depth) for depth in (11, 13, 16, 19)},
    **{f"vgg{depth}_512": partial(VGG, depth, hidden=512) for depth in (11, 13, 16, 19)},
    "mobilenetv2": MobileNetV2,
}
NAMES: tuple[str, ...] = tuple(_BUILDERS)
"""The project's own networks; `torchvision/NAME` and a file of the user's, `path/to/file.py:factory`, come on top."""


def build_model(name: str, num_classes: int, shape: tuple[int, int, int], seed: int) -> nn.Module:
    """A freshly initialised network on the CPU, in training mode.

    `name` is one of `NAMES`, `torchvision/NAME` or `path/to/file.py:factory` (see `models.user_file`); `shape` is
    that of one image, (channels, height, width). The same arguments give the same weights, bit for bit, and the global
    random state is left as it was.

    Raises UserError when the name is unknown, the images do not fit the network, or the user's file is at fault.
    """
    if is_own(name):
        return build_own(name, num_classes, shape, seed)
    # The CPU generator alone is seeded: torch.manual_seed would also reseed the accelerators, which are not forked.
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        return _built(name, num_classes, shape)


def skeleton(name: str, num_classes: int, shape: tuple[int, int, int]) -> nn.Module:
    """The network of `build_model` without values, on the device "meta": names and shapes at almost no cost.

    A network of the user's own is built in full, since its code need not know that device. Raises as `build_model`.
    """
    if is_own(name):
        return build_own(name, num_classes, shape, 0)
    # torchvision computes the widths of its RegNets with tensors, which needs a device that has values.
    with torch.device("cpu" if name.startswith(f"{PREFIX}regnet") else "meta"), _Unfilled():
        return _built(name, num_classes, shape, check=False)


class _Unfilled(TorchFunctionMode):
    """Skips the drawing of initial values: tensors without values have none, and torch is slow at not drawing them."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kept = kwargs or {}
        if func in _FILLS:
            return args[0] if args else kept["tensor"]
        return func(*args, **kept)


_FILLS = frozenset({torch.Tensor.normal_, torch.Tensor.uniform_, torch.Tensor.fill_, torch.Tensor.zero_}) | {
    nn.init.normal_,
    nn.init.uniform_,
    nn.init.trunc_normal_,
    nn.init.kaiming_uniform_,
    nn.init.kaiming_normal_,
}


def _built(name: str, num_classes: int, shape: tuple[int, int, int], check: bool = True) -> nn.Module:
    if name.startswith(PREFIX):
        from pruning.models.torchvision_models import build_torchvision  # torchvision takes seconds to import

        return build_torchvision(name.removeprefix(PREFIX), num_classes, shape, check)
    if name not in _BUILDERS:
        raise unknown("model", name, (*NAMES, f"{PREFIX}NAME", "path/to/file.py:factory"))
    return _BUILDERS[name](num_classes, shape)
