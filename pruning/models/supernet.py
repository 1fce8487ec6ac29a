"""A supernet: cells of parallel branches, of which a search keeps what it can use (SuperTickets, You et al. 2022).

Each branch is an inverted bottleneck (Sandler et al. 2018): a 1x1 convolution that widens, a convolution of 3x3, 5x5 or
7x7 channel by channel, a 1x1 convolution that narrows. The batch norm behind the middle one is the branch's gate: a
channel whose gate is zero says nothing, so that the branch can be narrowed channel by channel, down to none. The
branches and a skip are added up.
"""

from functools import partial
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

from pruning.models.base import Architecture
from pruning.models.resnet import initialise

KERNELS = (3, 5, 7)
SMALLEST = 8
"""Pixels of a side below which images are halved no further."""


class Branch(nn.Module):
    """An inverted bottleneck of `wide` channels."""

    def __init__(self, fan_in: int, fan_out: int, wide: int, kernel: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.expand = nn.Conv2d(fan_in, wide, 1, bias=False)
        self.norm = nn.BatchNorm2d(wide)
        self.depthwise = nn.Conv2d(wide, wide, kernel, padding=kernel // 2, groups=wide, bias=False)
        self.gate = nn.BatchNorm2d(wide)
        self.project = nn.Conv2d(wide, fan_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Maps [N, fan_in, H, W] to [N, fan_out, H, W]."""
        inner = F.relu(self.norm(self.expand(x)))
        contribution: Tensor = self.project(F.relu(self.gate(self.depthwise(inner))))
        return contribution

    def cut(self, left: Tensor) -> dict[str, Tensor]:
        """Masks without the channels that are gone, by the branch's own parameters, bool of their shapes.

        Args:
            left: bool [wide], True where a channel stays.
        """
        rows = dict.fromkeys(("norm.weight", "norm.bias", "gate.weight", "gate.bias"), left)
        for name in ("expand.weight", "depthwise.weight"):
            rows[name] = left.view(-1, 1, 1, 1).expand(self.get_parameter(name).shape).clone()
        rows["project.weight"] = left.view(1, -1, 1, 1).expand(self.project.weight.shape).clone()
        return rows


class Cell(nn.Module):
    """Parallel branches and a skip, added up and normalised."""

    def __init__(self, fan_in: int, fan_out: int, wide: int) -> None:
        super().__init__()
        for kernel in KERNELS:
            self.add_module(f"k{kernel}", Branch(fan_in, fan_out, wide, kernel))
        self.skip = nn.Conv2d(fan_in, fan_out, 1, bias=False) if fan_in != fan_out else nn.Identity()
        self.norm = nn.BatchNorm2d(fan_out)

    def forward(self, x: Tensor) -> Tensor:
        """Maps [N, fan_in, H, W] to [N, fan_out, H, W]."""
        total = self.skip(x)
        for kernel in KERNELS:
            total = total + self.get_submodule(f"k{kernel}")(x)
        return F.relu(self.norm(total))


class Supernet(nn.Module):
    """A stem of 3x3, cells of rising width with the image halved in between, the mean of each map, a linear layer."""

    def __init__(self, widths: tuple[int, ...], expansion: int, num_classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        side, channels = min(shape[1:]), widths[0]
        self.stem = nn.Conv2d(shape[0], channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        stages: list[nn.Module] = []
        for place, width in enumerate(widths):
            halved = place > 0 and side >= SMALLEST
            side = side // 2 if halved else side
            cell = Cell(channels, width, expansion * channels)
            stages.append(nn.Sequential(nn.AvgPool2d(2), cell) if halved else nn.Sequential(nn.Identity(), cell))
            channels = width
        self.stages = nn.Sequential(*stages)
        self.linear = nn.Linear(channels, num_classes)
        initialise(self, self.linear)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        maps = self.stages(F.relu(self.norm(self.stem(x))))
        logits: Tensor = self.linear(maps.mean(dim=(2, 3)))
        return logits


class Place(NamedTuple):
    """Where a branch stands: the number of its cell and the side of its kernel, from the names of `branches`."""

    cell: int
    kernel: int

    @classmethod
    def of(cls, name: str) -> "Place":
        """Read ``stages.0.1.k3``."""
        parts = name.split(".")
        return cls(int(parts[1]), int(parts[-1].removeprefix("k")))


def branches(model: nn.Module) -> dict[str, Branch]:
    """The network's branches by name, such as ``stages.0.1.k3``; {} for a network that has none."""
    return {name: module for name, module in model.named_modules() if isinstance(module, Branch)}


MODELS = [
    Architecture("supernet", partial(Supernet, (16, 32, 64), 2)),
    Architecture("supernet_small", partial(Supernet, (8, 16), 2)),
]
