"""The residual networks for 32x32 images of He et al. 2016 (arXiv 1512.03385, section 4.2), option A or B shortcuts."""

from functools import partial

import torch.nn.functional as F
from torch import Tensor, nn

from pruning.models.base import Architecture


class ResNet(nn.Module):
    """A ResNet of `depth` = 6n + 2 layers: three stages of n blocks with 16, 32 and 64 channels, then global pooling.

    He's initialisation; parameters named as in the usual public code (`conv1`, `bn1`, `layer1.0.conv1`, `linear`).
    Images of any size fit, since the last stage is averaged over. With `projection` the shortcuts that change the size
    are 1x1 convolutions with batch norm (option B), otherwise they have no parameters (option A).
    """

    def __init__(self, depth: int, num_classes: int, shape: tuple[int, int, int], projection: bool = False) -> None:
        super().__init__()
        blocks = (depth - 2) // 6
        self.conv1 = nn.Conv2d(shape[0], 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = _stage(16, 16, blocks, 1, projection)
        self.layer2 = _stage(16, 32, blocks, 2, projection)
        self.layer3 = _stage(32, 64, blocks, 2, projection)
        self.linear = nn.Linear(64, num_classes)
        initialise(self, self.linear)

    def forward(self, x: Tensor) -> Tensor:
        """Images [N, C, H, W] to logits [N, K]."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        logits: Tensor = self.linear(x.mean(dim=(2, 3)))
        return logits


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut.

    Where the size changes, the shortcut is a 1x1 convolution with batch norm if `projection` (option B), else without
    parameters (option A: subsampled, new channels zero).
    """

    def __init__(self, fan_in: int, fan_out: int, stride: int, projection: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(fan_in, fan_out, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(fan_out)
        self.conv2 = nn.Conv2d(fan_out, fan_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(fan_out)
        self.stride = stride
        self.new_channels = fan_out - fan_in
        self.shortcut = projected(fan_in, fan_out, stride) if projection else None

    def forward(self, x: Tensor) -> Tensor:
        """Maps [N, fan_in, H, W] to [N, fan_out, ceil(H / stride), ceil(W / stride)]."""
        inner = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(inner)) + self._shortcut(x))

    def _shortcut(self, x: Tensor) -> Tensor:
        if self.shortcut is not None:
            maps: Tensor = self.shortcut(x)
            return maps
        if self.stride == 1 and self.new_channels == 0:
            return x
        before = self.new_channels // 2
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, before, self.new_channels - before))


def projected(fan_in: int, fan_out: int, stride: int) -> nn.Sequential | None:
    """A shortcut of option B: a 1x1 convolution with batch norm where the size changes, otherwise None."""
    if stride == 1 and fan_in == fan_out:
        return None
    return nn.Sequential(nn.Conv2d(fan_in, fan_out, 1, stride=stride, bias=False), nn.BatchNorm2d(fan_out))


def _stage(fan_in: int, fan_out: int, blocks: int, stride: int, projection: bool) -> nn.Sequential:
    rest = [Block(fan_out, fan_out, 1, projection) for _ in range(blocks - 1)]
    return nn.Sequential(Block(fan_in, fan_out, stride, projection), *rest)


def initialise(model: nn.Module, classifier: nn.Linear) -> None:
    """He's initialisation of every convolution and of the classifier, whose bias starts at zero."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    nn.init.kaiming_normal_(classifier.weight, nonlinearity="linear")
    nn.init.zeros_(classifier.bias)


MODELS = [
    *(Architecture(f"resnet{depth}", partial(ResNet, depth)) for depth in (20, 32, 44, 56, 110, 1202)),
    *(Architecture(f"resnet{depth}b", partial(ResNet, depth, projection=True)) for depth in (20, 32, 44, 56)),
]
