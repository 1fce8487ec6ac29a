"""Residual networks with pre-activation (He et al. 2016b, arXiv 1603.05027), among them the wide ones."""

from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from pruning.models.base import Architecture
from pruning.models.cifar_resnet import WIDTHS
from pruning.models.resnet import initialise


class WideResNet(nn.Module):
    """WRN-depth-widen of Zagoruyko & Komodakis 2016 (arXiv 1605.07146), without dropout, for images of any size.

    `depth` = 6n + 4: three stages of n blocks with 16, 32 and 64 times `widen` channels, batch norm and ReLU, global
    pooling. Parameters are named as in the usual public code (`block1.layer.0.convShortcut`, `fc`).
    """

    def __init__(self, depth: int, widen: int, num_classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        blocks = (depth - 4) // 6
        self.conv1 = nn.Conv2d(shape[0], 16, 3, padding=1, bias=False)
        self.block1 = _WideStage(16, 16 * widen, blocks, 1)
        self.block2 = _WideStage(16 * widen, 32 * widen, blocks, 2)
        self.block3 = _WideStage(32 * widen, 64 * widen, blocks, 2)
        self.bn1 = nn.BatchNorm2d(64 * widen)
        self.fc = nn.Linear(64 * widen, num_classes)
        initialise(self, self.fc)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        logits: Tensor = self.fc(F.relu(self.bn1(x)).mean(dim=(2, 3)))
        return logits


class PreActResNet(nn.Module):
    """ResNet-18 with pre-activation and a 3x3 stem of stride 1, for images of any size.

    With `last_norm` the last stage is normalised and rectified before the pooling, as in the paper; much public code
    for CIFAR leaves that out.
    """

    def __init__(self, last_norm: bool, num_classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(shape[0], 64, 3, padding=1, bias=False)
        channels = 64
        for stage, width in enumerate(WIDTHS, start=1):
            first = PreActBlock(channels, width, 1 if stage == 1 else 2)
            self.add_module(f"layer{stage}", nn.Sequential(first, PreActBlock(width, width, 1)))
            channels = width
        self.bn = nn.BatchNorm2d(channels) if last_norm else None
        self.linear = nn.Linear(channels, num_classes)
        initialise(self, self.linear)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        x = self.conv1(x)
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
        if self.bn is not None:
            x = F.relu(self.bn(x))
        logits: Tensor = self.linear(x.mean(dim=(2, 3)))
        return logits


class _TwoConvolutions(nn.Module):
    """Batch norm, ReLU and 3x3 convolution, twice; the first has the stride."""

    def __init__(self, fan_in: int, fan_out: int, stride: int) -> None:
        super().__init__()
        self.bn1 = nn.BatchNorm2d(fan_in)
        self.conv1 = nn.Conv2d(fan_in, fan_out, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(fan_out)
        self.conv2 = nn.Conv2d(fan_out, fan_out, 3, padding=1, bias=False)

    def beside(self, x: Tensor, shortcut: nn.Module | None) -> Tensor:
        """The two, and beside them the input, or a projection of the activated input."""
        active = F.relu(self.bn1(x))
        inner: Tensor = self.conv2(F.relu(self.bn2(self.conv1(active))))
        return inner + (x if shortcut is None else shortcut(active))


class PreActBlock(_TwoConvolutions):
    """Two convolutions, and a 1x1 convolution of the activated input where the size changes."""

    def __init__(self, fan_in: int, fan_out: int, stride: int) -> None:
        super().__init__(fan_in, fan_out, stride)
        changes = stride != 1 or fan_in != fan_out
        self.shortcut = nn.Sequential(nn.Conv2d(fan_in, fan_out, 1, stride=stride, bias=False)) if changes else None

    def forward(self, x: Tensor) -> Tensor:
        """Maps [N, fan_in, H, W] to [N, fan_out, ceil(H / stride), ceil(W / stride)]."""
        return self.beside(x, self.shortcut)


class _WideBlock(_TwoConvolutions):
    """The same block under the names of the wide networks."""

    def __init__(self, fan_in: int, fan_out: int, stride: int) -> None:
        super().__init__(fan_in, fan_out, stride)
        # The public code projects where the number of channels changes, which every change of size comes with.
        self.convShortcut = nn.Conv2d(fan_in, fan_out, 1, stride=stride, bias=False) if fan_in != fan_out else None

    def forward(self, x: Tensor) -> Tensor:
        return self.beside(x, self.convShortcut)


class _WideStage(nn.Module):
    def __init__(self, fan_in: int, fan_out: int, blocks: int, stride: int) -> None:
        super().__init__()
        rest = [_WideBlock(fan_out, fan_out, 1) for _ in range(blocks - 1)]
        self.layer = nn.Sequential(_WideBlock(fan_in, fan_out, stride), *rest)

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.layer(x)
        return maps


_WIDE = ((16, 4), (16, 8), (22, 2), (28, 2), (28, 4), (28, 10), (34, 10), (40, 2), (40, 4))
MODELS = [
    Architecture("preact_resnet18", partial(PreActResNet, True)),
    Architecture("preact_resnet18_plain", partial(PreActResNet, False)),
    *(Architecture(f"wrn{depth}_{widen}", partial(WideResNet, depth, widen)) for depth, widen in _WIDE),
]
