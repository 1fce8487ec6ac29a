"""MobileNetV2 (Sandler et al. 2018, arXiv 1801.04381) for small images."""

import torch.nn.functional as F
from torch import Tensor, nn

from pruning.models.base import Architecture
from pruning.models.resnet import initialise, projected

# expansion, channels, blocks, stride of the first: table 2 of the paper, with stride 1 in the stage of 24 channels.
_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 1),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class MobileNetV2(nn.Module):
    """MobileNetV2 with a stem of stride 1, as the usual public code for CIFAR has it.

    Other than in the paper every block without stride has a shortcut, projected where the number of channels changes,
    and the first block expands too (by 1). Images of any size fit.
    """

    def __init__(self, num_classes: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(shape[0], 32, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        layers, channels = [], 32
        for expansion, width, blocks, stride in _STAGES:
            for block in range(blocks):
                layers.append(InvertedBlock(channels, width, expansion, stride if block == 0 else 1))
                channels = width
        self.layers = nn.Sequential(*layers)
        self.conv2 = nn.Conv2d(channels, 1280, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(1280)
        self.linear = nn.Linear(1280, num_classes)
        initialise(self, self.linear)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        x = self.layers(F.relu(self.bn1(self.conv1(x))))
        logits: Tensor = self.linear(F.relu(self.bn2(self.conv2(x))).mean(dim=(2, 3)))
        return logits


class InvertedBlock(nn.Module):
    """1x1 convolution that widens, 3x3 convolution channel by channel, 1x1 convolution that narrows."""

    def __init__(self, fan_in: int, fan_out: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = expansion * fan_in
        self.conv1 = nn.Conv2d(fan_in, wide, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(wide)
        self.conv2 = nn.Conv2d(wide, wide, 3, stride=stride, padding=1, groups=wide, bias=False)
        self.bn2 = nn.BatchNorm2d(wide)
        self.conv3 = nn.Conv2d(wide, fan_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(fan_out)
        self.stride = stride
        self.shortcut = projected(fan_in, fan_out, stride) if stride == 1 else None

    def forward(self, x: Tensor) -> Tensor:
        """Maps [N, fan_in, H, W] to [N, fan_out, ceil(H / stride), ceil(W / stride)]."""
        inner = F.relu(self.bn1(self.conv1(x)))
        inner = F.relu(self.bn2(self.conv2(inner)))
        narrow: Tensor = self.bn3(self.conv3(inner))
        if self.stride > 1:
            return narrow
        return narrow + (x if self.shortcut is None else self.shortcut(x))


MODELS = [Architecture("mobilenetv2", MobileNetV2)]
