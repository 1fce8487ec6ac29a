"""Networks by name, and the parts of any network that pruning and analysis need.

A model's classifier (the linear map whose output is the logits) and its prunable layers are found, not listed, so that
a network of the user's own works as well as one from here. A new network is an `Architecture` in a file here, or in the
user's code with ``MODELS.register(...)``.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from pruning.errors import UserError, unknown
from pruning.models.base import Architecture
from pruning.models.blame import blamed
from pruning.models.classifier import NoClassifier, class_directions, features_and_logits, find_classifier, remember
from pruning.models.counting import count_macs
from pruning.models.folding import fold
from pruning.models.inspection import prunable
from pruning.models.outputs import settle_output
from pruning.models.timm_models import PREFIX as TIMM
from pruning.models.timm_models import build_timm
from pruning.models.torchvision_models import PREFIX, build_torchvision, check_torchvision_name
from pruning.models.user_file import build_from_file, is_user_file, seeded
from pruning.registry import Registry

__all__ = [
    "MODELS",
    "Architecture",
    "NoClassifier",
    "build_model",
    "check_name",
    "choices",
    "class_directions",
    "count_macs",
    "features_and_logits",
    "find_classifier",
    "prunable",
    "remember",
    "skeleton",
]

MODELS: Registry[Architecture] = Registry("model", Architecture, "pruning.models")
"""The networks that have a name.

`torchvision/NAME`, `timm/NAME` where timm is installed, and a file of the user's, `FILE.py:FUNCTION`, come on top.
"""


def choices() -> tuple[str, ...]:
    """What may be given as the name of a model, as a list for people."""
    return (*MODELS, f"{PREFIX}NAME", f"{TIMM}NAME", "path/to/file.py:factory")


def check_name(name: str) -> None:
    """Raise UserError, with the nearest name, where no network is known by a name; files are not looked at."""
    if name.startswith(PREFIX):
        check_torchvision_name(name.removeprefix(PREFIX))
    elif not (name.startswith(TIMM) or is_user_file(name) or name in MODELS):
        raise unknown("model", name, choices())


def build_model(
    name: str,
    num_classes: int,
    shape: tuple[int, int, int],
    seed: int,
    classifier: str | None = None,
    gives_logits: bool = True,
) -> nn.Module:
    """A freshly initialised network on the CPU, in training mode, its parametrised weights folded.

    One that classifies gives logits alone; see `models.outputs`.

    Args:
        name: one of `MODELS`, `torchvision/NAME`, `timm/NAME` or `path/to/file.py:factory` (see `models.user_file`).
        num_classes: number of logits.
        shape: that of one image, (channels, height, width).
        seed: the same arguments give the same weights, bit for bit; the global random states are left as they were.
        classifier: what the user calls its classifier, "none" where it has none; None to find it by running.
        gives_logits: whether its task is to classify; else what it gives is its task's concern.

    Raises:
        UserError: the name is unknown, the images do not fit the network, or the user's code is at fault.
    """
    with seeded(seed), torch.device("cpu"):
        model = _made(name, num_classes, shape)
        if gives_logits and is_users_own(name):
            settle_output(model, name, num_classes, shape)
    remember(model, shape, classifier)
    return model


def _made(name: str, num_classes: int, shape: tuple[int, int, int]) -> nn.Module:
    model = build_from_file(name, num_classes, shape) if is_user_file(name) else _built(name, num_classes, shape)
    fold(model)
    return model


def is_users_own(name: str) -> bool:
    """Whether a network is of the user's making, from a file or registered, so that another may have its name."""
    if is_user_file(name) or name not in MODELS:
        return is_user_file(name)
    build = MODELS[name].build
    return not (build.func if isinstance(build, partial) else build).__module__.startswith(f"{__name__}.")


def skeleton(name: str, num_classes: int, shape: tuple[int, int, int]) -> nn.Module:
    """The network of `build_model` without values, on the device "meta": names and shapes at almost no cost.

    A network from a file of the user's is built in full, as is one whose code does not know that device.

    Raises:
        UserError: as `build_model`.
    """
    if is_user_file(name):
        return _whole(name, num_classes, shape)
    # torchvision computes the widths of its RegNets with tensors, which needs a device that has values.
    device = "cpu" if name.startswith(f"{PREFIX}regnet") else "meta"
    try:
        with torch.device(device), _Unfilled():
            return _built(name, num_classes, shape, check=False)
    except UserError:
        return _whole(name, num_classes, shape)


def _whole(name: str, num_classes: int, shape: tuple[int, int, int]) -> nn.Module:
    with seeded(0), torch.device("cpu"):
        return _made(name, num_classes, shape)


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
        return build_torchvision(name.removeprefix(PREFIX), num_classes, shape, check)
    if name.startswith(TIMM):
        return build_timm(name.removeprefix(TIMM), num_classes, shape, check)
    check_name(name)
    with blamed(f"The model '{name}' cannot be built"):
        return MODELS[name].build(num_classes, shape)
