"""ResNet-18, 34 and 50 of He et al. 2016 with a stem for small images."""

from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from pruning.models.base import Architecture
from pruning.models.resnet import Block, initialise, projected

_BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}
WIDTHS = (64, 128, 256, 512)


class CifarResNet(nn.Module):
    """ResNet-18, 34 or 50 (arXiv 1512.03385, table 1) whose first layer is a 3x3 convolution of stride 1, not pooled.

    Four stages of 64, 128, 256, 512 channels, `widen` times as many, projection shortcuts, global pooling; parameters
    are named as in the usual public code for CIFAR (`layer2.0.shortcut.0`, `linear`). Images of any size fit.
    """

    def __init__(self, depth: int, num_classes: int, shape: tuple[int, int, int], widen: int = 1) -> None:
        super().__init__()
        channels = 64 * widen
        self.conv1 = nn.Conv2d(shape[0], channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        widths = [widen * width for width in WIDTHS]
        for stage, (width, blocks) in enumerate(zip(widths, _BLOCKS[depth], strict=True), start=1):
            layers: list[nn.Module] = []
            for block in range(blocks):
                stride = 2 if stage > 1 and block == 0 else 1
                layers.append(_block(depth, channels, width, stride))
                channels = width * (4 if depth >= 50 else 1)
            self.add_module(f"layer{stage}", nn.Sequential(*layers))
        self.linear = nn.Linear(channels, num_classes)
        initialise(self, self.linear)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        x = F.relu(self.bn1(self.conv1(x)))
        for stage in range(1, 5):
            x = self.get_submodule(f"layer{stage}")(x)
        logits: Tensor = self.linear(x.mean(dim=(2, 3)))
        return logits


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolution beside a shortcut; gives four times `width` channels. The 3x3 one has the stride."""

    def __init__(self, fan_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(fan_in, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.shortcut = projected(fan_in, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Maps [N, fan_in, H, W] to [N, 4 width, ceil(H / stride), ceil(W / stride)]."""
        inner = F.relu(self.bn1(self.conv1(x)))
        inner = F.relu(self.bn2(self.conv2(inner)))
        beside = x if self.shortcut is None else self.shortcut(x)
        return F.relu(self.bn3(self.conv3(inner)) + beside)


def _block(depth: int, fan_in: int, width: int, stride: int) -> nn.Module:
    return Bottleneck(fan_in, width, stride) if depth >= 50 else Block(fan_in, width, stride, projection=True)


MODELS = [
    *(Architecture(f"cifar_resnet{depth}", partial(CifarResNet, depth)) for depth in _BLOCKS),
    # What CARDs are made of (Diffenderfer et al. 2021).
    Architecture("cifar_resnet18_2", partial(CifarResNet, 18, widen=2)),
]
